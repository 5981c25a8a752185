"""Assignments: the periods in which this kit serves one person, known only by an opaque id. Pure.

An assignment collects in its spans of time, which lie one after the other: at first one; one more each time it is
extended after its end. The end of a span is the first moment that no longer counts. Days are calendar days of the home:
fourteen days later is the same time of day by its clocks, whatever happened to them in between.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from gateway.errors import RefusedError
from gateway.privacy import in_identifier

ID_PATTERN = r"asg-[A-Za-z0-9]{6,40}"
Purpose = Literal["follow-up", "assessment-14-days", "hospital-at-home", "rehabilitation", "training"]
PURPOSES: tuple[str, ...] = get_args(Purpose)
# What may become of it at its end; the first two go on, the last two are for good.
Outcome = Literal["extend", "convert", "transfer", "end"]

# Nothing but words with capitals, as a name is written in one; and a person's number with a letter or two around it.
_WORDS = re.compile(r"(?:[A-Z][a-z]{2,})+")
_NATIONAL = re.compile(r"[A-Za-z]{0,2}\d{6}[A-Za-z]?\d{5}[A-Za-z]{0,2}")
# How long before its end it is told that it will end.
_NOTICE_DAYS = 3
LONGEST_DAYS = 400


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` until before `end` (aware UTC); `end` None: until somebody ends it."""

    start: datetime
    end: datetime | None

    def holds(self, instant: datetime) -> bool:
        """Whether an instant lies in it."""
        return self.start <= instant and (self.end is None or instant < self.end)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One of them.

    `outcome`: what became of it when it was over for good, None as long as that is open. `told`: how many of the
    notices of its present end were given (0, 1: it will end, 2: it has ended).
    """

    id: str
    purpose: str
    spans: tuple[Span, ...]
    outcome: Literal["transfer", "end"] | None = None
    paused_until: date | None = None
    told: int = 0

    @property
    def start(self) -> datetime:
        """When it began."""
        return self.spans[0].start

    @property
    def end(self) -> datetime | None:
        """When it ends or ended; None: not limited."""
        return self.spans[-1].end

    def collects(self, instant: datetime) -> bool:
        """Whether it collects at an instant."""
        return any(span.holds(instant) for span in self.spans)

    def collects_all(self, first: datetime, last: datetime) -> bool:
        """Whether it collects without a break from one instant to another."""
        return any(span.holds(first) and span.holds(last) for span in self.spans)


def checked_id(text: str) -> str:
    """The id, if it is one and points to nobody; RefusedError otherwise."""
    if re.fullmatch(ID_PATTERN, text) is None:
        raise RefusedError("assignment-id")
    drawn = text.removeprefix("asg-")
    if in_identifier(text) or in_identifier(drawn) or _NATIONAL.fullmatch(drawn) or _WORDS.fullmatch(drawn):
        raise RefusedError("assignment-id-personal")
    return text


def current(assignments: Sequence[Assignment], at: datetime) -> Assignment | None:
    """The assignment that collects at an instant."""
    return next((one for one in assignments if one.collects(at)), None)


def unfinished(assignments: Sequence[Assignment]) -> Assignment | None:
    """The one whose outcome is open, whether its end is past or not; there is at most one."""
    return next((one for one in assignments if one.outcome is None), None)


def state(one: Assignment, now: datetime | None) -> str:
    """`upcoming`, `active`, `paused`, `outcome-missing` or `ended`; `unknown` while the hub does not know the time."""
    if one.outcome is not None:
        return "ended"
    if now is None:
        return "unknown"
    if now < one.start:
        return "upcoming"
    if not one.collects(now):
        return "outcome-missing"
    return "active" if one.paused_until is None else "paused"


# --- Days ---------------------------------------------------------------------------------------------------------


def days_after(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same time of day so many calendar days later, in UTC.

    A time that comes twice is meant the first time; one that never comes is so much after the gap as it is after its
    beginning.
    """
    local = instant.astimezone(zone).replace(tzinfo=None) + timedelta(days=days)
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The moment a calendar day is over, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


# --- What may be done with one --------------------------------------------------------------------------------------


def create(known: Sequence[Assignment], new_id: str, purpose: str, start: datetime, end: datetime | None) -> Assignment:
    """A new one; RefusedError if the id was used before, or another is not finished."""
    if any(one.id.lower() == new_id.lower() for one in known):
        raise RefusedError("assignment-id-used", new_id)
    open_one = unfinished(known)
    if open_one is not None:
        raise RefusedError("assignment-open", open_one.id)
    last = max((one.end for one in known if one.end is not None), default=None)
    if last is not None and start < last:
        raise RefusedError("assignment-overlaps")
    return Assignment(checked_id(new_id), purpose, (_span(start, end),))


def extend(one: Assignment, end: datetime | None, now: datetime) -> Assignment:
    """It goes on until `end`. After its end a new span begins now: what came in between stays outside."""
    _require_open(one)
    spans = one.spans
    if one.end is not None and one.end <= now:
        return replace(one, spans=(*spans, _span(now, end)), told=0)
    if end is not None and end <= now:
        raise RefusedError("assignment-end-past")
    return replace(one, spans=(*spans[:-1], _span(spans[-1].start, end)), told=0)


def finish(one: Assignment, outcome: Literal["transfer", "end"], now: datetime) -> Assignment:
    """It is over: at its end, or now if that is earlier."""
    _require_open(one)
    last = one.spans[-1]
    if last.start >= now:
        # It had not begun: a span of no length collects nothing.
        return replace(one, spans=(*one.spans[:-1], Span(last.start, last.start)), outcome=outcome, paused_until=None)
    end = now if last.end is None else min(last.end, now)
    return replace(one, spans=(*one.spans[:-1], Span(last.start, end)), outcome=outcome, paused_until=None)


def pause(one: Assignment, until: date, today: date) -> Assignment:
    """Nothing is expected until that day; what is measured all the same counts."""
    _require_open(one)
    if until <= today:
        raise RefusedError("assignment-pause-past")
    return replace(one, paused_until=until)


def resume(one: Assignment) -> Assignment:
    """Readings are expected again."""
    _require_open(one)
    return replace(one, paused_until=None)


def due(one: Assignment, now: datetime, zone: ZoneInfo) -> int:
    """How many notices of its end should have been given by now: 1 three days before, 2 at the end."""
    if one.end is None or one.outcome is not None:
        return 0
    if now >= one.end:
        return 2
    return 1 if now >= days_after(one.end, -_NOTICE_DAYS, zone) else 0


def _span(start: datetime, end: datetime | None) -> Span:
    if end is not None and end <= start:
        raise RefusedError("assignment-end-past")
    return Span(start, end)


def _require_open(one: Assignment) -> None:
    if one.outcome is not None:
        raise RefusedError("assignment-ended", one.id)
