"""Outbox to publish: in order, through a bounded window, released only when confirmed.

Two lanes, each in the order of the sequence: what was waiting when the connection was made, and what was stored since,
which goes first. A third holds what was asked for again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, Protocol

from gateway.ack import Ack, Range, runs, within
from gateway.backoff import SILENT_RECEIVER, UPLINK, CatchUp
from gateway.env import Env
from gateway.errors import UnsendableError
from gateway.offers import SecondOffers
from gateway.voids import RELEASED, Answers
from gateway.waiting import woken

# How long a broker's word may wait to be written down: a receiver's ack usually follows and makes it needless.
_SETTLE_S = 2.0
_SETTLE_AT = 200
# A backlog fills a full window by this part of it at a time: a turn for each answer would cost more than the rest.
_LOT = 4
_NO_END = 2**62
# A receiver that asks faster than the window empties gets all that waits, from the oldest.
_MOST_ASKED = 20


class Waiting(Protocol):
    """A message that waits."""

    @property
    def seq(self) -> int:
        """Its place in the sequence."""
        ...

    @property
    def kind(self) -> str:
        """The last word of its topic."""
        ...

    @property
    def payload(self) -> str:
        """Its JSON text."""
        ...


class OutboxView(Protocol):
    """The outbox as the forwarder sees it."""

    last_seq: int

    def waiting(self, after: int, upto: int, limit: int) -> Sequence[Waiting]:
        """Messages no broker has, with after < seq <= upto, in order."""
        ...

    def oldest(self) -> int | None:
        """The lowest place that nobody has confirmed."""
        ...

    def mark_at_broker(self, seqs: Sequence[int]) -> None:
        """A broker has taken these."""
        ...

    def release(self, ranges: Sequence[Range]) -> int:
        """These are confirmed; gives how many were still here."""
        ...

    def send_again(self, ranges: Sequence[Range]) -> list[Range]:
        """Counts these as not sent; gives the stretches that are no longer here."""
        ...

    def set_aside(self, seq: int, reason: str, void: str) -> None:
        """This message can never be delivered; `void` takes its place."""
        ...

    def refused(self) -> Sequence[tuple[str, str, int]]:
        """Kind, reason and number of what is set aside."""
        ...

    def offer_again(self, kind: str, reason: str, limit: int) -> Sequence[int]:
        """The oldest that are set aside for this reason wait once more, at new places; gives these."""
        ...

    def give_up(self, ranges: Sequence[Range], reason: str) -> None:
        """The receiver is told that these, which are no longer here, will not come."""
        ...


@dataclass(slots=True, eq=False)
class _Lane:
    """A stretch of the sequence on its way out: what comes next lies in (after, upto]; `ahead` is read already."""

    after: int
    upto: int
    ahead: deque[Waiting] = field(default_factory=deque)


class Forwarder:
    """Moves readings from the outbox to the uplink. All methods run on the event loop."""

    def __init__(
        self,
        outbox: OutboxView,
        publish: Callable[[str, bytes], asyncio.Future[None]],
        env: Env,
        *,
        void: Callable[[int, int, str], str],
        confirm: Literal["receiver", "broker"],
        window: int,
        told: Callable[[str, int], None],
        catch_up: CatchUp | None = None,
    ) -> None:
        """`publish(kind, payload)` resolves when the broker has it; `void(first, last, reason)` renders a void;
        `told(what, how_many)` counts `released`, `sent`, `refused`, `offered` (again); `catch_up`: at which pace what
        waited goes out.
        """
        self._outbox, self._publish, self._env, self._void = outbox, publish, env, void
        self._confirm, self._window, self._told = confirm, window, told
        self._catch_up = catch_up or CatchUp(0)
        self._wake = asyncio.Event()
        self._connected, self._lost_at = False, env.monotonic()
        self._new = self._old = _Lane(0, 0)
        self._asked: list[_Lane] = []
        self._answers = Answers()
        self._old_empty = False
        self._in_flight: set[int] = set()
        self._taken: dict[int, None] = {}
        self._taken_at = 0.0
        self._refused: list[tuple[int, str, str]] = []
        self._acks: deque[Ack] = deque()
        self._silences = 0
        self._remind_at = 0.0
        self._remind_upto = 0
        self._failures = 0
        self._pause_ends: float | None = None
        self._remind_later()
        self._offers = self._known_offers()

    def connected(self) -> None:
        """The uplink is up: what waits now is one lane, what comes from now on another."""
        self._in_flight = set()
        self._connected, self._failures = True, 0
        now = self._env.monotonic()
        self._catch_up.begin(now, now - self._lost_at, self._env.jitter())
        self._begin(self._outbox.last_seq)
        self._wake.set()

    def disconnected(self) -> None:
        """The uplink is gone; what was on the way and not taken is sent again after the next connection."""
        self._lost_at = self._env.monotonic() if self._connected else self._lost_at
        self._connected, self._pause_ends = False, None
        self._wake.set()

    def stored(self) -> None:
        """Something new is in the outbox, or something old may be sent now."""
        self._old_empty = False
        self._wake.set()

    def changed(self) -> None:
        """What waits is not what it was: it is gone through from the beginning."""
        # What a broker took at a place that is void by now was another message.
        self._taken = {seq: None for seq in self._taken if not self._is_void(seq)}
        self._offers = self._known_offers()
        self._begin(self._old.upto)
        self._wake.set()

    def acknowledge(self, ack: Ack) -> None:
        """The receiver has spoken."""
        self._acks.append(ack)
        self._wake.set()

    async def run(self) -> None:
        """Runs until cancelled; what the broker has taken is written down first.

        A GatewayError of the store ends it; run again, it goes on where it was.
        """
        self._wake.set()
        try:
            while True:
                await woken(self._wake, self._env, max(0.0, self._deadline() - self._env.monotonic()))
                self._hear()
                self._remind()
                self._settle()
                self._offer()
                self._fill()
        finally:
            self._settle(at_once=True)

    def _deadline(self) -> float:
        deadlines = [self._remind_at]
        if self._taken:
            deadlines.append(self._taken_at + _SETTLE_S)
        if self._pause_ends is not None:
            deadlines.append(self._pause_ends)
        now = self._env.monotonic()
        if self._connected and (offer_at := self._offers.next_at()) is not None:
            deadlines.append(offer_at)
        if self._connected and not self._old_empty and (held_s := self._catch_up.wait_s(now)) is not None:
            deadlines.append(now + held_s)
        return min(deadlines)

    def _is_void(self, seq: int) -> bool:
        return any(row.kind == "void" for row in self._outbox.waiting(seq - 1, seq, 1))

    def _begin(self, upto: int) -> None:
        self._new, self._asked, self._old = _Lane(upto, _NO_END), [], _Lane(0, upto)
        self._pause_ends, self._old_empty = None, False

    def _hear(self) -> None:
        while self._acks:
            ack = self._acks[0]
            if ack.confirmed:
                self._told("released", self._outbox.release(ack.confirmed))
                self._forget(ack.confirmed)
                self._offers.confirmed(ack.confirmed, self._env.monotonic())
            if ack.resend and (missing := self._again(ack.resend)):
                self._outbox.give_up(missing, RELEASED)
                self._answers.owe(missing)
            self._acks.popleft()
            if self._silences and not self._overdue():
                self._silences = 0
                self._remind_later()

    def _remind(self) -> None:
        """What the receiver has not confirmed since the last time is sent once more, ever more seldom."""
        if self._env.monotonic() < self._remind_at:
            return
        if self._connected and self._confirm == "receiver" and self._overdue():
            # What is not here any more is confirmed, and nobody asked for it: it is not answered.
            self._again([(1, self._remind_upto)])
            self._silences += 1
        self._remind_later()

    def _overdue(self) -> bool:
        oldest = self._outbox.oldest()
        return oldest is not None and oldest <= self._remind_upto

    def _remind_later(self) -> None:
        self._remind_upto = self._outbox.last_seq
        self._remind_at = self._env.monotonic() + SILENT_RECEIVER.wait_s(self._silences + 1, self._env.jitter())

    def _forget(self, ranges: Sequence[Range]) -> None:
        self._taken = {seq: None for seq in self._taken if not within(seq, ranges)}
        for lane in (self._new, *self._asked, self._old):
            lane.ahead = deque(row for row in lane.ahead if not within(row.seq, ranges))

    def _again(self, ranges: Sequence[Range]) -> list[Range]:
        """Puts what is still here on its way once more; gives the stretches that are not."""
        self._settle(at_once=True)
        missing = self._outbox.send_again(ranges)
        first, last = min(r[0] for r in ranges), max(r[1] for r in ranges)
        # What is still to come of the backlog comes in its turn, at its pace.
        lanes = (_Lane(first - 1, min(last, self._old.after)), _Lane(max(first - 1, self._old.upto), last))
        self._asked += [lane for lane in lanes if lane.after < lane.upto]
        self._old_empty = False
        if len(self._asked) > _MOST_ASKED:
            self._asked = [_Lane(0, self._new.after)]
        return missing

    def _answer(self) -> None:
        for first, last in self._answers.due(self._window):
            sent = self._publish("void", self._void(first, last, RELEASED).encode())
            sent.add_done_callback(partial(self._answered, (first, last), self._in_flight))

    def _answered(self, stretch: Range, connection: set[int], sent: asyncio.Future[None]) -> None:
        error = _error(sent)
        if error is None or isinstance(error, UnsendableError):
            self._answers.told(stretch)
        else:
            self._answers.lost(stretch)
            self._choked(connection)
        self._wake.set()

    def _settle(self, *, at_once: bool = False) -> None:
        while self._refused:
            seq, kind, reason = self._refused[0]
            self._outbox.set_aside(seq, reason, self._void(seq, seq, reason))
            self._told("refused", 1)
            self._offers.refused(kind, reason, seq, self._env.monotonic(), self._env.jitter())
            self._asked.append(_Lane(seq - 1, seq))
            self._refused.pop(0)
        if self._taken and (at_once or self._due()):
            if self._confirm == "broker":
                self._told("released", self._outbox.release(runs(self._taken)))
            else:
                self._outbox.mark_at_broker(list(self._taken))
            self._taken = {}

    def _known_offers(self) -> SecondOffers:
        aside = [(kind, reason) for kind, reason, _count in self._outbox.refused()]
        return SecondOffers(aside, self._env.monotonic(), self._env.jitter())

    def _offer(self) -> None:
        """What was refused is offered again when its time has come."""
        while self._connected and (offer := self._offers.due(self._env.monotonic())) is not None:
            seqs = self._outbox.offer_again(*offer)
            self._offers.offered(offer, seqs, self._env.monotonic())
            self._told("offered", len(seqs))

    def _due(self) -> bool:
        late = self._env.monotonic() - self._taken_at >= _SETTLE_S
        return late or self._confirm == "broker" or not self._connected or len(self._taken) >= _SETTLE_AT

    def _fill(self) -> None:
        if not self._connected or self._pausing():
            return
        self._answer()
        for lane in (self._new, *self._asked):
            if not self._fill_from(lane):
                return
            self._asked = [asked for asked in self._asked if asked is not lane]
        # A backlog that a silent receiver leaves at the broker is not gone through at every message.
        if not self._old_empty and self._fill_from(self._old):
            self._old_empty = True
            self._catch_up.finished()

    def _fill_from(self, lane: _Lane) -> bool:
        """Whether the lane is empty: False when the window was full before, or the pace lets no more go."""
        while self._free(lane) > 0:
            row = self._next(lane)
            if row is None:
                return True
            if row.seq not in self._in_flight and row.seq not in self._taken:
                self._send(row)
                if lane is self._old:
                    self._catch_up.took()
        self._read_ahead(lane)  # now, while the broker answers
        return False

    def _next(self, lane: _Lane) -> Waiting | None:
        self._read_ahead(lane)
        if not lane.ahead:
            return None
        row = lane.ahead.popleft()
        lane.after = row.seq
        return row

    def _read_ahead(self, lane: _Lane) -> None:
        # A window's worth at once, not one by one as places in the window come free.
        if not lane.ahead and lane.after < min(lane.upto, self._outbox.last_seq):
            lane.ahead.extend(self._outbox.waiting(lane.after, lane.upto, self._window))

    def _free(self, lane: _Lane) -> int:
        free = self._window - len(self._in_flight)
        return self._catch_up.allowance(self._env.monotonic(), free) if lane is self._old else free

    def _send(self, row: Waiting) -> None:
        self._in_flight.add(row.seq)
        sent = self._publish(row.kind, row.payload.encode())
        sent.add_done_callback(partial(self._done, row, self._in_flight))

    def _done(self, row: Waiting, in_flight: set[int], sent: asyncio.Future[None]) -> None:
        in_flight.discard(row.seq)
        error = _error(sent)
        if error is None:
            self._take(row.seq)
            self._offers.taken(row.kind, row.seq, self._env.monotonic())
        elif isinstance(error, UnsendableError):
            self._refuse(row, error.reason)
        else:
            self._choked(in_flight)
        if error is not None or self._pressing() or len(in_flight) <= self._window - self._window // _LOT:
            self._wake.set()

    def _choked(self, connection: set[int]) -> None:
        """The uplink is overfull: after a pause everything that waits is gone through from the beginning."""
        if self._connected and connection is self._in_flight and self._pause_ends is None:
            self._failures += 1
            self._pause_ends = self._env.monotonic() + UPLINK.wait_s(self._failures, self._env.jitter())

    def _pressing(self) -> bool:
        """Whether something waits that goes before the backlog."""
        return bool(self._asked or self._new.ahead) or self._new.after < self._outbox.last_seq

    def _refuse(self, row: Waiting, reason: str) -> None:
        if row.kind == "void":
            self._take(row.seq)  # it can be said no other way
        else:
            self._refused.append((row.seq, row.kind, reason))

    def _take(self, seq: int) -> None:
        if not self._taken:
            self._taken_at = self._env.monotonic()
        self._taken[seq] = None
        self._failures = 0
        self._told("sent", 1)

    def _pausing(self) -> bool:
        if self._pause_ends is not None and self._env.monotonic() >= self._pause_ends:
            self._begin(self._old.upto)
        return self._pause_ends is not None


def _error(sent: asyncio.Future[None]) -> BaseException | None:
    return asyncio.CancelledError() if sent.cancelled() else sent.exception()
