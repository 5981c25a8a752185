"""What a device had in its memory when it was given to a new person: the baseline, a state machine of its own. Pure.

A device that is given to an assignment may still remember the person before. Its whole memory, as it is handed over at
the first contact afterwards, is the baseline: it is held back, and known from then on by record numbers, by the ids of
its readings, and, for records that carry neither number nor time, by their prints. Only what a device has not told at a
whole first contact can be of the new person.

The device's clock is watched from contact to contact: records may be dated by it only while it runs on evenly, or is
right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

# A contact with a cable never ends: a memory that was told is followed by silence.
_QUIET_S = 60.0
# Prints of one device; a memory of undated records is small.
_MOST_PRINTS = 1000
# How exact a clock that counts as right is, and how far one may run ahead or behind from contact to contact.
_RIGHT = timedelta(minutes=5)
_JITTER = timedelta(minutes=2)
_DRIFT_PER_DAY = timedelta(seconds=20)

ClockState = Literal["right", "steady", "changed", "unverified"]


@dataclass(frozen=True, slots=True)
class ClockMark:
    """What a device's clock (naive) showed at an instant (aware)."""

    device: datetime
    hub: datetime


@dataclass(frozen=True, slots=True)
class Baseline:
    """Of one device under one assignment. `at`: the contact at which it was taken (aware; None: not yet, or the hub did
    not know the time); `number`: the highest record number of that memory; `prints`: its undated records; `clock`: what
    the device's clock showed at the last contact."""

    done: bool = False
    at: datetime | None = None
    number: int | None = None
    prints: frozenset[str] = frozenset()
    clock: ClockMark | None = None

    def knows(self, number: int | None, print_: str | None) -> bool:
        """Whether a record was in the memory, as far as its number or its print tells."""
        if number is not None and self.number is not None and number <= self.number:
            return True
        return print_ is not None and print_ in self.prints


def nothing_to_remember(at: datetime | None) -> Baseline:
    """Of a device that has no memory."""
    return Baseline(done=True, at=at)


@dataclass(slots=True)
class FirstContact:
    """A contact at which the memory is told; moments are monotonic seconds."""

    whole: bool
    heard_at: float | None = None
    number: int | None = None
    prints: set[str] = field(default_factory=set)

    def quiet(self, at: float) -> bool:
        """Whether the memory has been told: something was heard, and then nothing for long."""
        return self.heard_at is not None and at - self.heard_at >= _QUIET_S

    def tells(self, number: int | None, print_: str | None) -> None:
        """A record of the memory."""
        if number is not None:
            self.number = number if self.number is None else max(self.number, number)
        if print_ is not None and len(self.prints) < _MOST_PRINTS:
            self.prints.add(print_)


def taken(before: Baseline, contact: FirstContact, cursor: int | None, at: datetime | None) -> Baseline:
    """The baseline after that contact; `cursor` is the highest record number ever kept of the device."""
    numbers = [number for number in (before.number, contact.number, cursor) if number is not None]
    return replace(
        before, done=True, at=at, number=max(numbers, default=None), prints=before.prints | frozenset(contact.prints)
    )


def cut_short(before: Baseline, contact: FirstContact) -> Baseline:
    """What a contact that ended too early adds: the baseline stays to be taken, but what was told is known."""
    numbers = [number for number in (before.number, contact.number) if number is not None]
    return replace(before, number=max(numbers, default=None), prints=before.prints | frozenset(contact.prints))


def clock_state(mark: ClockMark | None, now: ClockMark | None, zone: ZoneInfo) -> ClockState:
    """How far the device's clock is to be trusted for records of its memory.

    `mark` is of the last contact, `now` of this one; None where it was not read, or the hub did not know the time.
    """
    if now is None:
        return "unverified"
    if abs(now.hub.astimezone(zone).replace(tzinfo=None) - now.device) <= _RIGHT:
        return "right"
    if mark is None:
        return "changed"
    elapsed = now.hub - mark.hub
    allowed = _JITTER + _DRIFT_PER_DAY * (abs(elapsed) / timedelta(days=1))
    return "steady" if abs((now.device - mark.device) - elapsed) <= allowed else "changed"


# --- As it is kept ------------------------------------------------------------------------------------------------


def as_table(one: Baseline) -> dict[str, object]:
    """As a JSON table."""
    return {
        "done": one.done,
        "at": one.at.isoformat() if one.at else None,
        "number": one.number,
        "prints": sorted(one.prints),
        "clock": [one.clock.device.isoformat(), one.clock.hub.isoformat()] if one.clock else None,
    }


def from_table(table: Mapping[str, object]) -> Baseline:
    """What `as_table` gave; ValueError or LookupError for anything else."""
    at, number, prints, clock = (table[name] for name in ("at", "number", "prints", "clock"))
    if not isinstance(prints, list) or not isinstance(number, int | None):
        raise ValueError("not a baseline")
    marked = [datetime.fromisoformat(str(text)) for text in clock] if isinstance(clock, list) else None
    return Baseline(
        done=table["done"] is True,
        at=None if at is None else datetime.fromisoformat(str(at)),
        number=number,
        prints=frozenset(str(p) for p in prints),
        clock=ClockMark(marked[0], marked[1]) if marked else None,
    )
