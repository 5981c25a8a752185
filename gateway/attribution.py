"""Whose reading this is. Pure; never guessed from a value.

Three questions, and every one must be answered: who (the device's user slot, the household), from when (the memory the
device had when it was given, its clock), and in which period (the assignment's, by the reading's own honest time and by
the moment it came). What speaks for another person makes it `foreign`, what leaves a doubt makes it `uncertain`.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from gateway.assignments import Assignment, current, unfinished
from gateway.baseline import Baseline, ClockState
from gateway.timebase import RECEIPT_UNCERTAINTY

Status = Literal["assigned", "uncertain", "foreign"]
Doubt = tuple[Literal["uncertain", "foreign"], str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`assigned` is sent; `uncertain` and `foreign` are held back and counted, for a `reason`.

    `assignment` is the one it is held to belong to, or may belong to.
    """

    status: Status
    method: Literal["sole-user", "user-index", "visit", "none"]
    reason: str = ""
    assignment: str | None = None
    acquisition: Literal["automatic", "visit"] = "automatic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a reading and the contact it came at tell of whose it is. Instants are aware.

    `record` is the device's number of it, `print` its keyed name where it has neither number nor time of its own;
    `said` what the device said of its origin (True: from memory), `stored` what the hub made of it. `measured_at` and
    `uncertainty_s` are its honest time, by the device's clock if `device_time`; `received_at` None: the hub does not
    know the time, `earliest` and `latest` bound it, as far as they are known. `hub_doubt_s` is how far the hub's clock
    may be off at the receipt, `clock` how far the device's is to be trusted at this contact.
    """

    user: int | None = None
    record: int | None = None
    print: str | None = None
    said: bool | None = None
    stored: bool = False
    measured_at: datetime | None = None
    uncertainty_s: Decimal | None = None
    received_at: datetime | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    hub_doubt_s: Decimal = Decimal(0)
    device_time: bool = False
    clock: ClockState = "unverified"


@dataclass(frozen=True, slots=True)
class Tenure:
    """The time in which a device serves an assignment: from `since` until before `until` (None: still).

    `users` are its slots that belong to the person, None: as the configuration says.
    """

    assignment: str
    since: datetime
    until: datetime | None
    users: tuple[int, ...] | None
    baseline: Baseline

    def covers(self, instant: datetime | None) -> bool:
        """Whether it serves at an instant; at an unknown one, whether it serves still."""
        if instant is None:
            return self.until is None
        return self.since <= instant and (self.until is None or instant < self.until)


@dataclass(frozen=True, slots=True)
class Standing:
    """A device: what the configuration says of it, and its history on this hub."""

    users: Collection[int] | None = None
    household: bool = False
    visit: bool = False
    memory: bool = True
    retired: bool = False
    tenures: tuple[Tenure, ...] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """A window in which a visitor measures: from `start` until before `end`."""

    assignment: str
    start: datetime
    end: datetime

    def holds(self, instant: datetime | None) -> bool:
        """Whether an instant lies in it."""
        return instant is not None and self.start <= instant < self.end


@dataclass(frozen=True, slots=True)
class Situation:
    """The hub's assignments, whether it ever had one, and its visits; `wiped`: another person was followed by it."""

    ever: bool = False
    assignments: tuple[Assignment, ...] = field(default=())
    visits: tuple[Visit, ...] = field(default=())
    wiped: bool = False


def attribute(user: int | None, mapped: Collection[int] | None) -> Verdict:
    """The verdict by the device's user slot `user` (None: absent or unknown) alone.

    `mapped` are the slots configured as the followed person's; None: nothing is configured, the device serves one
    person.
    """
    if mapped is None:
        return Verdict("assigned", "sole-user")
    if user is None:
        return Verdict("uncertain", "none", "user-unknown")
    if user in mapped:
        return Verdict("assigned", "user-index")
    return Verdict("foreign", "user-index", "other-user")


def decide(seen: Evidence, device: Standing, hub: Situation) -> Verdict:
    """The verdict on a reading as it comes. While the hub does not know the time it is preliminary: see `settle`."""
    if device.retired:
        return Verdict("foreign", "none", "retired")
    if device.visit:
        return _of_visitor(seen, device, hub)
    if not hub.ever:
        if hub.wiped and device.memory and seen.said is not False:
            # It may remember whoever was followed before, and there is no period to tell them apart by.
            return Verdict("uncertain", "none", "no-assignment")
        return _who(seen, device, device.users, visiting=False)
    one, tenure, missing = _serving(seen.received_at, device, hub)
    if one is None or tenure is None:
        return Verdict("uncertain", "none", missing)
    visiting = any(
        v.assignment == one.id and v.holds(seen.received_at) and _measured_in(v, seen, device) for v in hub.visits
    )
    mapped = device.users if tenure.users is None else tenure.users
    who = _who(seen, device, mapped, visiting=visiting)
    doubts = [*_said(who), *_memory_doubts(seen, device, tenure)]
    if seen.received_at is not None:
        doubts += _time_doubts(seen, device, tenure, one)
    return _judged(doubts, who, one, visiting=visiting)


def settle(seen: Evidence, assignment: str, device: Standing, hub: Situation) -> Verdict:
    """The verdict on a reading that was held to belong to `assignment` before the hub knew the time, now that it does
    (`received_at`), or that it never will (then by the bounds); whether its time is in order is all that is left."""
    by_time = _serving(seen.received_at, device, hub)[0] if seen.received_at is not None else None
    one = next((a for a in hub.assignments if a.id == assignment), None)
    tenure = next((t for t in device.tenures if t.assignment == assignment and t.covers(seen.received_at)), None)
    if one is None or tenure is None or (seen.received_at is not None and by_time != one):
        return Verdict("uncertain", "none", "no-assignment", assignment)
    doubts = list(_time_doubts(seen, device, tenure, one))
    return _judged(doubts, Verdict("assigned", "sole-user"), one, visiting=False)


def _judged(doubts: list[Doubt], who: Verdict, one: Assignment, *, visiting: bool) -> Verdict:
    acquisition: Literal["automatic", "visit"] = "visit" if visiting else "automatic"
    for status in ("foreign", "uncertain"):
        reason = next((why for found, why in doubts if found == status), None)
        if reason is not None:
            known = None if status == "foreign" else one.id
            return Verdict("foreign" if known is None else "uncertain", who.method, reason, known, acquisition)
    return Verdict("assigned", who.method, "", one.id, acquisition)


# --- Who ----------------------------------------------------------------------------------------------------------


def _who(seen: Evidence, device: Standing, mapped: Collection[int] | None, *, visiting: bool) -> Verdict:
    if seen.user is None and visiting:
        # Whoever visits sees who is measured.
        return Verdict("assigned", "visit", acquisition="visit")
    if device.household and (seen.user is None or mapped is None):
        return Verdict("uncertain", "none", "household")
    return attribute(seen.user, mapped)


def _said(who: Verdict) -> Iterator[Doubt]:
    if who.status != "assigned":
        yield who.status, who.reason


def _of_visitor(seen: Evidence, device: Standing, hub: Situation) -> Verdict:
    """A visitor's own device: what it measures during the visit, and nothing that it remembers of others."""
    window = next((v for v in hub.visits if v.holds(seen.received_at)), None)
    one = None if seen.received_at is None else current(hub.assignments, seen.received_at)
    if window is None or one is None or window.assignment != one.id:
        return Verdict("foreign", "none", "outside-visit")
    if _measured_before(window, seen):
        return Verdict("foreign", "none", "visit-memory")
    if not _measured_in(window, seen, device):
        return Verdict("uncertain", "visit", "clock-unverified", one.id, "visit")
    return Verdict("assigned", "visit", "", one.id, "visit")


def _measured_before(window: Visit, seen: Evidence) -> bool:
    return seen.stored or seen.measured_at is None or seen.measured_at < window.start


def _measured_in(window: Visit, seen: Evidence, device: Standing) -> bool:
    """Whether it was certainly measured in the visit it came in: a memory hands over at any time."""
    if _measured_before(window, seen):
        return False
    return not device.memory or seen.said is False or (seen.device_time and seen.clock == "right")


# --- In which period ------------------------------------------------------------------------------------------------


def _serving(
    received_at: datetime | None, device: Standing, hub: Situation
) -> tuple[Assignment | None, Tenure | None, str]:
    """The assignment that collects, the device's time in it, and what is missing else."""
    one = unfinished(hub.assignments) if received_at is None else current(hub.assignments, received_at)
    if one is None:
        ended = received_at is None or any(a.start <= received_at for a in hub.assignments)
        return None, None, "after-end" if hub.assignments and ended else "no-assignment"
    tenure = next((t for t in device.tenures if t.assignment == one.id and t.covers(received_at)), None)
    return one, tenure, "device-not-assigned"


def _time_doubts(seen: Evidence, device: Standing, tenure: Tenure, one: Assignment) -> Iterator[Doubt]:
    if seen.measured_at is None:
        if not _bounded(seen, tenure, one):
            yield "uncertain", "undated"
        return
    earliest, latest = _limits(seen, device, seen.measured_at)
    since = max(tenure.since, one.start)
    if latest < since:
        yield "foreign", "before-assignment"
    elif earliest < since:
        yield "uncertain", "at-the-start"
    elif not one.collects_all(earliest, latest):
        yield "uncertain", "after-end"
    if device.memory and seen.said is not False:
        yield from _clock_doubts(seen, tenure, seen.measured_at)


def _limits(seen: Evidence, device: Standing, measured_at: datetime) -> tuple[datetime, datetime]:
    """Between which instants it was measured.

    What has no memory tells what is just being measured: that it comes after what was decided before is certain by
    order, whatever the hub's clock shows. That it came before an end, only the hub's clock says.
    """
    told = RECEIPT_UNCERTAINTY if seen.uncertainty_s is None else seen.uncertainty_s
    doubt = timedelta(seconds=float(seen.hub_doubt_s))
    before = after = timedelta(seconds=float(told))
    if not device.memory and not seen.device_time:
        before, after = timedelta(), doubt
    latest = measured_at + after
    # Nothing is younger than its receipt.
    return measured_at - before, latest if seen.received_at is None else min(latest, seen.received_at + doubt)


def _clock_doubts(seen: Evidence, tenure: Tenure, measured_at: datetime) -> Iterator[Doubt]:
    if seen.clock == "changed" and (seen.stored or seen.device_time):
        yield "uncertain", "clock-changed"
    elif tenure.baseline.at is not None and measured_at < tenure.baseline.at:
        yield "uncertain", "baseline"
    elif seen.stored and seen.clock == "unverified" and not _new_by_number(seen, tenure):
        yield "uncertain", "clock-unverified"


def _bounded(seen: Evidence, tenure: Tenure, one: Assignment) -> bool:
    """Whether a live reading whose time will never be known certainly came in the period."""
    if seen.stored or seen.received_at is not None or seen.earliest is None:
        return False
    span = next((span for span in one.spans if span.holds(seen.earliest)), None)
    if span is None or seen.earliest < tenure.since:
        return False
    return span.end is None if seen.latest is None else span.holds(seen.latest)


# --- From when ------------------------------------------------------------------------------------------------------


def _memory_doubts(seen: Evidence, device: Standing, tenure: Tenure) -> Iterator[Doubt]:
    if not device.memory or seen.said is False:
        return
    if tenure.baseline.knows(seen.record, seen.print):
        yield ("foreign" if seen.print is None else "uncertain"), "baseline"
    elif not tenure.baseline.done:
        yield "uncertain", "baseline"


def _new_by_number(seen: Evidence, tenure: Tenure) -> bool:
    """Whether its number shows that it is younger than the device's memory was."""
    baseline = tenure.baseline
    return baseline.done and seen.record is not None and (baseline.number is None or seen.record > baseline.number)
