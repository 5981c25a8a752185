"""Outbox to publish: in order, through a bounded window, released only when confirmed.

Two lanes, each in the order of the sequence: what was waiting when the connection was made, and what was stored since,
which goes first. A third holds what was asked for again.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, Protocol

from gateway.ack import Ack, Range
from gateway.backoff import SILENT_RECEIVER
from gateway.env import Env
from gateway.errors import TransientError, UnsendableError
from gateway.waiting import woken

# How long a broker's word may wait to be written down: a receiver's ack usually follows and makes it needless.
_SETTLE_S = 2.0
_SETTLE_AT = 50
_NO_END = 2**62


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


class _Lane:
    """A stretch of the sequence on its way out."""

    def __init__(self, outbox: OutboxView, after: int, upto: int, chunk: int) -> None:
        self._outbox, self._after, self._upto, self._chunk = outbox, after, upto, chunk
        self._rows: deque[Waiting] = deque()

    def next(self) -> Waiting | None:
        if not self._rows:
            self._rows.extend(self._outbox.waiting(self._after, self._upto, self._chunk))
        if not self._rows:
            return None
        self._after = self._rows[0].seq
        return self._rows.popleft()


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
    ) -> None:
        """`publish(kind, payload)` resolves when the broker has it; `void(first, last, reason)` renders a void;
        `told(what, how_many)` counts `released`, `sent`, `refused`.
        """
        self._outbox, self._publish, self._env, self._void = outbox, publish, env, void
        self._confirm, self._window, self._told = confirm, window, told
        self._wake = asyncio.Event()
        self._connected = False
        self._lanes: list[_Lane] = []
        self._in_flight: set[int] = set()
        self._taken: list[int] = []
        self._taken_at = 0.0
        self._refused: list[tuple[int, str]] = []
        self._acks: deque[Ack] = deque()
        self._silences = 0

    def connected(self) -> None:
        """The uplink is up: what waits now is one lane, what comes from now on another."""
        self._in_flight = set()
        last = self._outbox.last_seq
        self._lanes = [self._lane(last, _NO_END), self._lane(0, last)]
        self._connected = True
        self._wake.set()

    def disconnected(self) -> None:
        """The uplink is gone; what was on the way and not taken is sent again after the next connection."""
        self._connected = False
        self._wake.set()

    def stored(self) -> None:
        """Something new is in the outbox."""
        self._wake.set()

    def acknowledge(self, ack: Ack) -> None:
        """The receiver has spoken."""
        self._silences = 0
        self._acks.append(ack)
        self._wake.set()

    async def run(self) -> None:
        """Runs until cancelled; what the broker has taken is written down first."""
        reminder = asyncio.create_task(self._remind())
        self._wake.set()
        try:
            while True:
                await self._woken()
                self._hear()
                self._settle()
                self._fill()
        finally:
            reminder.cancel()
            self._settle(at_once=True)

    async def _woken(self) -> None:
        if self._taken:
            await woken(self._wake, self._env, max(0.0, self._taken_at + _SETTLE_S - self._env.monotonic()))
        else:
            await self._wake.wait()
            self._wake.clear()

    def _hear(self) -> None:
        while self._acks:
            ack = self._acks[0]
            if ack.confirmed:
                self._told("released", self._outbox.release(ack.confirmed))
                self._forget(ack.confirmed)
            if ack.resend:
                self._again(ack.resend)
            self._acks.popleft()

    def _forget(self, ranges: Sequence[Range]) -> None:
        self._taken = [s for s in self._taken if not any(first <= s <= last for first, last in ranges)]

    def _again(self, ranges: Sequence[Range]) -> None:
        self._settle(at_once=True)
        missing = self._outbox.send_again(ranges)
        if self._connected:
            for first, last in missing:
                answer = self._publish("void", self._void(first, last, "released").encode())
                # An answer that is lost is asked for again.
                answer.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._lanes.insert(1, self._lane_of(ranges))

    def _lane_of(self, ranges: Sequence[Range]) -> _Lane:
        return self._lane(min(r[0] for r in ranges) - 1, max(r[1] for r in ranges))

    def _lane(self, after: int, upto: int) -> _Lane:
        return _Lane(self._outbox, after, upto, self._window)

    def _settle(self, *, at_once: bool = False) -> None:
        for seq, reason in self._refused:
            self._outbox.set_aside(seq, reason, self._void(seq, seq, reason))
            self._told("refused", 1)
            if self._connected:
                self._lanes.append(self._lane(seq - 1, seq))
        self._refused = []
        if self._taken and (at_once or self._due()):
            if self._confirm == "broker":
                self._told("released", self._outbox.release([(s, s) for s in self._taken]))
            else:
                self._outbox.mark_at_broker(self._taken)
            self._taken = []

    def _due(self) -> bool:
        late = self._env.monotonic() - self._taken_at >= _SETTLE_S
        return late or self._confirm == "broker" or not self._connected or len(self._taken) >= _SETTLE_AT

    def _fill(self) -> None:
        while self._connected and len(self._in_flight) < self._window:
            row = self._next()
            if row is None:
                return
            self._in_flight.add(row.seq)
            sent = self._publish(row.kind, row.payload.encode())
            sent.add_done_callback(partial(self._done, row, self._in_flight))

    def _next(self) -> Waiting | None:
        for lane in list(self._lanes):
            row = lane.next()
            while row is not None and (row.seq in self._in_flight or row.seq in self._taken):
                row = lane.next()
            if row is not None:
                return row
            if lane is not self._lanes[0]:
                self._lanes.remove(lane)
        return None

    def _done(self, row: Waiting, in_flight: set[int], sent: asyncio.Future[None]) -> None:
        in_flight.discard(row.seq)
        error = None if sent.cancelled() else sent.exception()
        if sent.cancelled() or isinstance(error, TransientError):
            return
        if isinstance(error, UnsendableError) and row.kind != "void":
            self._refused.append((row.seq, error.reason))
        else:
            self._take(row.seq)
        self._wake.set()

    def _take(self, seq: int) -> None:
        if not self._taken:
            self._taken_at = self._env.monotonic()
        self._taken.append(seq)
        self._told("sent", 1)

    async def _remind(self) -> None:
        """A receiver that stays silent is sent what the broker has once more, ever more seldom."""
        while True:
            self._silences += 1
            counted = self._silences
            await self._env.sleep(SILENT_RECEIVER.wait_s(counted, self._env.jitter()))
            if self._connected and self._confirm == "receiver" and self._silences == counted and self._outbox.last_seq:
                self._again([(1, self._outbox.last_seq)])
                self._wake.set()


def render_void(hub: str, epoch: str, first: int, last: int, reason: str) -> str:
    """JSON text of `dho.void/1`: these places will not be delivered."""
    table = {"schema": "dho.void/1", "hub": hub, "epoch": epoch, "from": first, "to": last, "reason": reason}
    return json.dumps(table, separators=(",", ":"))
