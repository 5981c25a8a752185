"""One device: frame -> measurement -> reading -> keep.

Implements the transport's `Contact`. Everything is durable when a call returns, but for frames of a stream, of which
only the summary is kept. A fault here never reaches the transport.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from drivers.api import Act, Bad, DecodeError, Driver, Frame, Outcome, SerialDriver
from drivers.session import Session
from gateway.backoff import STORE
from gateway.counters import Counters
from gateway.env import Env, known_time, wall_clock
from gateway.errors import GatewayError
from gateway.keeping import Draft, Kept, KeptFrame
from gateway.making import Origin, Place, evidence, make_reading, undated
from gateway.owning import Owner, SoleOwner
from gateway.privacy import person_free
from gateway.timebase import ClockFix, Moment

_T = TypeVar("_T")

# How long readings wait for the device's clock to be read before they are dated without it.
_CLOCK_WAIT_S = 3.0
_TICK_S = 0.5
# Ticks go on this long after the last frame; longer than any driver's window.
_TICKING_S = 60.0
# Readings written in one transaction, so that the log does not grow beyond what the medium has room for.
_AT_ONCE = 200
# Readings held in memory while the medium refuses: at 50 a day, half a year of one device.
_HELD_AT_MOST = 10_000
# Refused bytes written to the medium per hour and device; all are counted.
_REFUSED_PER_HOUR = 20
# What is known of a device that outlives the daemon; the rest would only wear the card.
_LASTING = frozenset((
    "manufacturer", "model", "firmware", "hardware", "software", "serial", "battery", "early_sender", "cleared",
))  # fmt: skip


class Memory(Protocol):
    """The store as the collector sees it. Calls raise GatewayError when the medium refuses."""

    def keep(self, drafts: Sequence[Draft]) -> list[Kept]:
        """Keeps readings, durable on return."""
        ...

    def add_frames(self, frames: Sequence[KeptFrame]) -> list[int]:
        """Keeps frames of an act that is not complete; gives their numbers."""
        ...

    def refuse_frame(self, frame: KeptFrame, reason: str) -> None:
        """Keeps bytes that could not be decoded."""
        ...

    def drop_frames(self, numbers: Sequence[int]) -> None:
        """Forgets frames that belong to no act."""
        ...

    def waiting_frames(self, device: str) -> list[KeptFrame]:
        """Frames an earlier run left."""
        ...

    def cursor(self, device: str) -> int | None:
        """Highest record number kept of a device."""
        ...

    def save_twin(self, device: str, twin: Mapping[str, object]) -> None:
        """Keeps what is known of a device."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Whom it tells: `kept` of readings on disk, `note` of events for the log, `changed` of a new twin."""

    kept: Callable[[str, Sequence[Kept]], None]
    note: Callable[[str, Mapping[str, object]], None]
    changed: Callable[[], None]


class Collector:
    """Turns what one device says into readings."""

    def __init__(
        self,
        ref: str,
        session: Session,
        memory: Memory,
        env: Env,
        place: Place,
        hooks: Hooks,
        *,
        users: Collection[int] | None = None,
        owner: Owner | None = None,
        twin: Mapping[str, object] | None = None,
    ) -> None:
        """`users` are the device's slots that belong to the person followed, where no `owner` knows better; `twin` is
        what is known from before."""
        self.ref, self._session, self._memory, self._env = ref, session, memory, env
        self._place, self._hooks, self._users = place, hooks, users
        self._owner: Owner = owner or SoleOwner(users)
        self.twin: dict[str, object] = dict(twin or {})
        self._saved_twin = dict(self.twin)
        self.counters = Counters()
        self.connected = False
        self._contact_error: GatewayError | None = None
        self._medium_error: GatewayError | None = None
        self._medium_failures = 0
        self._retry_at = 0.0
        self._has_clock = _tells_clock(session.driver)
        self._fix: ClockFix | None = None
        self._clock_deadline: float | None = None
        self._on_disk: dict[Frame, KeptFrame] = {}
        self._parked: list[Act] = []
        self._unkept: list[Draft] = []
        self._overflow = False
        self._last_frame = float("-inf")
        self._refused_at: list[float] = []
        self._wake = asyncio.Event()

    @property
    def error(self) -> GatewayError | None:
        """What is wrong now: the medium refuses readings, or else how the last contact ended."""
        return self._medium_error or self._contact_error

    @property
    def unkept(self) -> Sequence[Draft]:
        """Readings that the medium has not taken yet."""
        return tuple(self._unkept)

    def opened(self) -> None:
        """Contact is made."""
        self.connected, self._contact_error, self._fix = True, None, None
        self._clock_deadline = self._env.monotonic() + _CLOCK_WAIT_S if self._has_clock else None
        self._wake.set()
        self._owner.opened()
        self._seen()
        self._hooks.note("device.opened", {"device": self.ref})
        self._hooks.changed()

    def frame(self, channel: str, data: bytes) -> None:
        """Bytes came; what they complete is on disk on return."""
        self._last_frame = self._env.monotonic()
        self._wake.set()
        self._owner.heard(self._last_frame)
        self.counters.add("frames")
        self._take(self._session.feed(channel, data, self._last_frame))

    def facts(self, facts: Mapping[str, object]) -> None:
        """The device told of itself; what points to a person is not kept. That it was told to wait is saved at once."""
        told = person_free(facts)
        if any(self.twin.get(name) != value for name, value in told.items()):
            self.twin.update(told)
            self._hooks.changed()
        if "cleared" in told:
            self._save_twin()

    def clock(self, device_time: datetime | None) -> None:
        """The device's clock was read just now, or cannot be."""
        if device_time is not None:
            self._fix = ClockFix(device_time, self._env.monotonic())
            self._owner.clock(self._fix)
            if (now := known_time(self._env)) is not None:
                skew = self._place_time(now) - device_time
                self.facts({"clock_skew_s": round(skew.total_seconds())})
        self._clock_deadline = None
        self._finish_parked()

    def closed(self, error: GatewayError | None) -> None:
        """Contact is over."""
        self.connected, self._contact_error, self._clock_deadline = False, error, None
        self._finish_parked()
        self._take(self._session.end(self._env.monotonic()))
        self._last_try()
        self._forget_held()
        self._owner.closed(whole=error is None)
        self._save_twin()
        if error is not None:
            self.counters.add(f"error.{error.reason}")
        self._hooks.note(
            "device.closed",
            {"device": self.ref, "reason": error.reason if error else "ended", "detail": str(error or "")},
        )
        self._hooks.changed()

    def cursor(self) -> int | None:
        """The highest record number kept."""
        return self._memory.cursor(self.ref)

    def resume(self) -> None:
        """Goes on with frames that an earlier run had kept of acts that were not complete."""
        for kept in self._asked(partial(self._memory.waiting_frames, self.ref)) or ():
            frame = Frame(kept.channel, kept.data, kept.moment.monotonic)
            self._on_disk[frame] = kept
            self._take(self._session.replay(frame))
        self._take(self._session.end(self._env.monotonic()))
        self._forget_held()

    async def run(self) -> None:
        """Lets time pass for the driver, and tries again to keep what the medium refused; until cancelled.

        Sleeps while the device is silent and nothing waits.
        """
        while True:
            if not self._has_work():
                self._wake.clear()
                await self._wake.wait()
            await self._env.sleep(_TICK_S)
            now = self._env.monotonic()
            if now - self._last_frame <= _TICKING_S:
                self._take(self._session.tick(now))
            if self._clock_deadline is not None and now >= self._clock_deadline:
                self._clock_deadline = None
                self._finish_parked()
            if self._unkept and now >= self._retry_at:
                self._keep([])

    def _has_work(self) -> bool:
        ticking = self._env.monotonic() - self._last_frame <= _TICKING_S
        return ticking or self._clock_deadline is not None or bool(self._unkept)

    def _take(self, outcomes: Sequence[Outcome]) -> None:
        acts = []
        for outcome in outcomes:
            if isinstance(outcome, Bad):
                self._refuse(outcome)
            elif outcome.measurement.failed is not None:
                self._failed(outcome)
            else:
                acts.append(outcome)
        self._journal(acts if self._clock_deadline is not None else [])
        if self._clock_deadline is not None:
            self._parked += acts
        elif acts:
            self._finish(acts)

    def _journal(self, parked: Sequence[Act]) -> None:
        """Writes down frames that belong to no finished reading yet."""
        frames = [f for act in parked for f in act.frames]
        if self._session.journal:
            frames += self._session.held()
        new = [f for f in frames if f not in self._on_disk]
        if not new:
            return
        kept = [self._kept_frame(f) for f in new]
        numbers = self._asked(partial(self._memory.add_frames, kept)) or ()
        for frame, record, number in zip(new, kept, numbers, strict=False):
            self._on_disk[frame] = replace(record, number=number)

    def _save_twin(self) -> None:
        lasting = {name: value for name, value in self.twin.items() if name in _LASTING}
        if lasting == self._saved_twin:
            return
        self._asked(partial(self._memory.save_twin, self.ref, lasting))
        if self._medium_error is None:
            self._saved_twin = lasting

    def _finish_parked(self) -> None:
        acts, self._parked = self._parked, []
        if acts:
            self._finish(acts)

    def _finish(self, acts: Sequence[Act]) -> None:
        drafts = [draft for act in acts if (draft := self._draft(act)) is not None]
        if drafts:
            self._keep(drafts)

    def _keep(self, drafts: Sequence[Draft]) -> None:
        self._wake.set()
        room = _HELD_AT_MOST - len(self._unkept)
        self._unkept += drafts[:room]
        self._overflowed(len(drafts) - room)
        # While the medium refuses, `run` asks it again: at each new reading it would cost more, the longer it lasts.
        waits = self._medium_error is not None and self._env.monotonic() < self._retry_at
        while self._unkept and not waits:
            waits = not self._keep_some(self._unkept[:_AT_ONCE])

    def _keep_some(self, drafts: Sequence[Draft]) -> bool:
        """Whether the medium took them, the first of those that wait."""
        kept = self._asked(partial(self._memory.keep, drafts))
        if kept is None:
            return False
        self._unkept = self._unkept[len(drafts) :]
        for draft, result in zip(drafts, kept, strict=True):
            self._count(result)
            if not result.duplicate and draft.reading.received_at is not None:
                self.twin["last_reading_at"] = draft.reading.received_at.isoformat(timespec="seconds")
        self._hooks.kept(self.ref, kept)
        self._hooks.changed()
        return True

    def _overflowed(self, how_many: int) -> None:
        """More readings than can be held while the medium refuses: counted, and said once."""
        if how_many <= 0:
            return
        self.counters.add("overflowed", how_many)
        if not self._overflow:
            self._overflow = True
            self._hooks.note("reading.lost", {"device": self.ref, "reason": "memory-full", "held": _HELD_AT_MOST})
            self._hooks.changed()

    def _last_try(self) -> None:
        # The daemon may be about to end, and then nobody asks again.
        self._retry_at = self._env.monotonic()
        self._keep([])

    def _count(self, result: Kept) -> None:
        self.counters.add("duplicates" if result.duplicate else "stored" if result.seq is not None else "held")

    def _asked(self, call: Callable[[], _T]) -> _T | None:
        """What the store answers; None when the medium refuses, which is told once, and once when it is over."""
        try:
            answer = call()
        except GatewayError as error:
            self._medium_refused(error)
            return None
        if self._medium_error is not None:
            self._medium_error, self._medium_failures, self._overflow = None, 0, False
            self._hooks.note("store.accepted", {"device": self.ref})
            self._hooks.changed()
        return answer

    def _medium_refused(self, error: GatewayError) -> None:
        self.counters.add(f"error.{error.reason}")
        self._medium_failures += 1
        self._retry_at = self._env.monotonic() + STORE.wait_s(self._medium_failures, self._env.jitter())
        if self._medium_error is None or self._medium_error.reason != error.reason:
            self._hooks.note("store.refused", {"device": self.ref, "reason": error.reason, "detail": error.detail})
            self._hooks.changed()
        self._medium_error = error

    def _refuse(self, bad: Bad) -> None:
        self.counters.add("refused")
        now = self._env.monotonic()
        self._refused_at = [t for t in self._refused_at if now - t < 3600]
        if len(self._refused_at) >= _REFUSED_PER_HOUR:
            return
        self._refused_at.append(now)
        self._hooks.note(
            "frame.refused",
            {"device": self.ref, "reason": bad.error.reason, "offset": bad.error.offset, "bytes": len(bad.frame.data)},
        )
        kept = self._on_disk.get(bad.frame) or self._kept_frame(bad.frame)
        self._asked(partial(self._memory.refuse_frame, kept, bad.error.reason))

    def _failed(self, act: Act) -> None:
        self.counters.add("failed")
        self._hooks.note("measurement.failed", {"device": self.ref, "reason": act.measurement.failed})

    def _forget_held(self) -> None:
        """Frames on disk whose act will never be complete."""
        left = [k.number for k in self._on_disk.values()]
        self._on_disk = {}
        if left:
            self.counters.add("incomplete", len(left))
            self._asked(partial(self._memory.drop_frames, left))

    def _draft(self, act: Act) -> Draft | None:
        """None for a measurement that cannot be said in the contract's words; its frames are kept as refused."""
        first = self._on_disk.get(act.frames[0]) or self._kept_frame(act.frames[0])
        origin = Origin(self.ref, self.twin, self._users)
        verdict = self._owner.judge(evidence(act.measurement, first, self._fix, origin, self._place))
        try:
            reading = make_reading(act.measurement, first, self._fix, origin, self._place, verdict)
        except ValueError:
            for frame in act.frames:
                self._refuse(Bad(DecodeError("not-a-reading", 0, "beyond the contract's words"), frame))
            return None
        waiting = [self._on_disk.pop(f).number for f in act.frames if f in self._on_disk]
        return Draft(
            reading=reading,
            frames=[(f.channel, f.data.hex()) for f in act.frames],
            waiting=waiting,
            cursor=act.measurement.record,
            undated=undated(act.measurement, first, self._fix),
            reason=verdict.reason,
        )

    def _kept_frame(self, frame: Frame) -> KeptFrame:
        age = timedelta(seconds=max(0.0, self._env.monotonic() - frame.at))
        now, state = wall_clock(self._env)
        moment = Moment(now - age, frame.at, state)
        return KeptFrame(self.ref, frame.channel, frame.data, moment, self._env.boot_id)

    def _place_time(self, utc: datetime) -> datetime:
        return utc.astimezone(self._place.zone).replace(tzinfo=None)

    def _seen(self) -> None:
        if (now := known_time(self._env)) is not None:
            self.twin["last_seen"] = now.astimezone(self._place.zone).isoformat(timespec="seconds")


def _tells_clock(driver: Driver) -> bool:
    return driver.tells_clock if isinstance(driver, SerialDriver) else bool(driver.clocks)
