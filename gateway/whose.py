"""Whose the readings of each device are: the joint between the rules of attribution and what is kept of assignments.

It follows each contact with a device, so that the baseline is taken of a memory that was told whole, and the device's
clock is compared from one contact to the next.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from gateway.assignments import Assignment
from gateway.attribution import Evidence, Situation, Standing, Tenure, Verdict, Visit, decide, settle
from gateway.baseline import Baseline, ClockMark, ClockState, FirstContact, clock_state, cut_short, taken
from gateway.env import Env, known_time
from gateway.errors import GatewayError
from gateway.reading import Attribution, Reading
from gateway.timebase import ClockFix, Undated, hub_doubt_s

Note = Callable[[str, Mapping[str, object]], None]


class TenureView(Protocol):
    """A device's time in an assignment, and its number in the book."""

    @property
    def number(self) -> int:
        """Its number."""
        ...

    @property
    def device(self) -> str:
        """The device."""
        ...

    @property
    def tenure(self) -> Tenure:
        """What it is."""
        ...


class Book(Protocol):
    """The store as this part sees it. Calls raise GatewayError when the medium refuses."""

    def ever(self) -> bool:
        """Whether this hub ever had an assignment."""
        ...

    def wiped(self) -> bool:
        """Whether this hub was ever wiped."""
        ...

    def all(self) -> tuple[Assignment, ...]:
        """All assignments."""
        ...

    def visits(self) -> tuple[Visit, ...]:
        """The newest visits."""
        ...

    def tenures(self) -> Sequence[TenureView]:
        """Which device served which assignment when."""
        ...

    def save_baseline(self, number: int, baseline: Baseline) -> None:
        """Keeps what is known of the memory of a tenure's device."""
        ...


class Owner:
    """One device. All methods are called by its collector, or by `Whose`."""

    def __init__(self, ref: str, standing: Standing, whose: "Whose", *, radio: bool) -> None:
        """`radio`: a contact ends when everything was told; a cable's does not."""
        self._ref, self._whose, self._radio = ref, whose, radio
        self._standing = standing
        self._number: int | None = None
        self._contact: FirstContact | None = None
        self._clock: ClockState = "unverified"
        self._mark: ClockMark | None = None

    @property
    def standing(self) -> Standing:
        """The device as the rules see it."""
        return self._standing

    def changed(self, standing: Standing, number: int | None) -> None:
        """Somebody decided something; `number` is that of the tenure that goes on, None for none."""
        self._standing = standing
        if number != self._number and self._contact is not None:
            # What was told of the memory before does not count: only a contact from its beginning does.
            self._contact = FirstContact(whole=False)
        self._number = number

    def opened(self) -> None:
        """A contact begins."""
        self._contact = FirstContact(whole=True)
        self._clock, self._mark = "unverified", None

    def heard(self, at: float) -> None:
        """Bytes came, at a monotonic moment."""
        contact = self._contact
        if contact is None:
            return
        if self._awaited() is not None and contact.quiet(at) and self._has_begun():
            # It was told when it fell silent.
            self._take(contact, ago=at - (contact.heard_at or at))
        contact.heard_at = at

    def clock(self, fix: ClockFix) -> None:
        """The device's clock was read just now."""
        now = self._whose.now()
        self._mark = None if now is None else ClockMark(fix.device, now)
        tenure = self._tenure()
        before = None if tenure is None else tenure.baseline.clock
        self._clock = clock_state(before, self._mark, self._whose.zone)

    def judge(self, seen: Evidence) -> Verdict:
        """Whose a reading is."""
        contact = self._contact
        verdict = decide(replace(seen, clock=self._clock), self._standing, self._whose.situation)
        if contact is not None and self._awaited() is not None:
            contact.tells(seen.record, seen.print)
        return verdict

    def closed(self, *, whole: bool) -> None:
        """The contact is over; `whole`: it ended as it should."""
        contact, self._contact = self._contact, None
        tenure = self._tenure()
        if contact is None or tenure is None or not self._standing.memory:
            return
        if tenure.baseline.done:
            self._keep_mark(tenure.baseline, whole=whole)
        elif whole and contact.whole and self._radio and not self._whose.is_stopping and self._has_begun():
            self._take(contact)
        else:
            known = cut_short(tenure.baseline, contact)
            if known != tenure.baseline:
                self._save(known)

    def _tenure(self) -> Tenure | None:
        tenures = self._standing.tenures
        return tenures[-1] if self._number is not None else None

    def _awaited(self) -> Tenure | None:
        """The tenure whose baseline is still to be taken."""
        tenure = self._tenure()
        return tenure if tenure is not None and self._standing.memory and not tenure.baseline.done else None

    def _has_begun(self) -> bool:
        """Whether the tenure has; what a device tells before is not yet all that it will remember."""
        tenure, now = self._tenure(), self._whose.now()
        return tenure is not None and (now is None or tenure.since <= now)

    def _take(self, contact: FirstContact, *, ago: float = 0.0) -> None:
        tenure, now = self._tenure(), self._whose.now()
        if tenure is not None:
            at = None if now is None else now - timedelta(seconds=ago)
            baseline = taken(tenure.baseline, contact, self._whose.cursor(self._ref), at)
            if not self._save(replace(baseline, clock=self._mark or baseline.clock)):
                return
            self._whose.note("baseline.taken", {"device": self._ref, "assignment": tenure.assignment})

    def _keep_mark(self, baseline: Baseline, *, whole: bool) -> None:
        # A clock that is right need not be compared: the card is spared.
        if whole and self._mark is not None and self._clock != "right":
            self._save(replace(baseline, clock=self._mark))

    def _save(self, baseline: Baseline) -> bool:
        *before, last = self._standing.tenures
        if self._number is None or not self._whose.saved(self._number, baseline):
            return False
        self._standing = replace(self._standing, tenures=(*before, replace(last, baseline=baseline)))
        return True


class Whose:
    """All devices, and what was decided about them."""

    def __init__(
        self,
        book: Book,
        retired: Callable[[], Collection[str]],
        cursor: Callable[[str], int | None],
        env: Env,
        zone: ZoneInfo,
        note: Note,
    ) -> None:
        """`retired` gives the devices that are out of use, `cursor` the highest record number kept of one."""
        self.book, self.cursor, self.zone, self.note = book, cursor, zone, note
        self._retired, self._env = retired, env
        self._listed: dict[str, Standing] = {}
        self._owners: dict[str, Owner] = {}
        self.is_stopping = False
        self.situation = Situation()

    def now(self) -> datetime | None:
        """Wall time, None while the hub does not know it."""
        return known_time(self._env)

    def add(self, ref: str, standing: Standing, *, radio: bool) -> Owner:
        """A device of the configuration; `reload` gives it its history."""
        self._listed[ref] = standing
        self._owners[ref] = Owner(ref, standing, self, radio=radio)
        return self._owners[ref]

    def reload(self) -> None:
        """Somebody decided something."""
        book = self.book
        self.situation = Situation(book.ever(), book.all(), book.visits(), wiped=book.wiped())
        rows = self.book.tenures()
        retired = self._retired()
        for ref, owner in self._owners.items():
            mine = [row for row in rows if row.device == ref]
            tenures = tuple(row.tenure for row in mine)
            standing = replace(self._listed[ref], retired=ref in retired, tenures=tenures)
            goes_on = bool(mine) and mine[-1].tenure.until is None
            owner.changed(standing, mine[-1].number if goes_on else None)

    def saved(self, number: int, baseline: Baseline) -> bool:
        """Keeps what is known of the memory of a tenure's device; False when the medium refuses: it is taken again."""
        try:
            self.book.save_baseline(number, baseline)
        except GatewayError as error:
            self.note("baseline.refused", {"reason": error.reason, "detail": error.detail})
            return False
        return True

    def stopping(self) -> None:
        """Contacts that end from now on are cut short."""
        self.is_stopping = True

    def settled(self, reading: Reading, what: Undated) -> tuple[Reading, str]:
        """A reading that came while the hub did not know the time, with its time now, or with bounds if it will never
        have one: with its verdict, and the reason if it is to be held back."""
        owner = self._owners.get(reading.device.ref)
        if reading.assignment is None or owner is None:
            return reading, ""
        seen = Evidence(
            said=what.claim.stored,
            stored=reading.origin == "stored",
            measured_at=reading.measured_at,
            uncertainty_s=reading.time.uncertainty_s,
            received_at=reading.received_at,
            earliest=reading.time.earliest,
            latest=reading.time.latest,
            hub_doubt_s=hub_doubt_s(reading.time.hub_clock),
            device_time=reading.time.source == "device",
            clock=self._clock_then(reading, what, owner.standing),
        )
        verdict = settle(seen, reading.assignment, owner.standing, self.situation)
        if verdict.status == "assigned":
            return reading, ""
        self.note("reading.held", {"id": reading.id, "device": reading.device.ref, "reason": verdict.reason})
        attribution = Attribution(status=verdict.status, method=reading.attribution.method)
        return reading.changed(attribution=attribution, assignment=verdict.assignment), verdict.reason

    def _clock_then(self, reading: Reading, what: Undated, standing: Standing) -> ClockState:
        tenure = next((t for t in reversed(standing.tenures) if t.assignment == reading.assignment), None)
        if what.fix is None or reading.received_at is None or tenure is None:
            return "unverified"
        read_at = reading.received_at - timedelta(seconds=what.monotonic - what.fix.monotonic)
        return clock_state(tenure.baseline.clock, ClockMark(what.fix.device, read_at), self.zone)
