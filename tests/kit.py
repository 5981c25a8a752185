"""A kit for tests: a hub with instruments that have a memory and a clock of their own, people who measure, and time.

The whole way from frames to the store is at work.
"""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from drivers.api import Act, Measurement, Sample
from drivers.quantities import WEIGHT
from drivers.session import Session
from gateway.acts.api import Context, Listed
from gateway.acts.table import ACTS
from gateway.attribution import Standing
from gateway.collector import Collector, Hooks
from gateway.dating import Dating
from gateway.errors import TransientError
from gateway.making import Place
from gateway.reading import Reading
from gateway.store import Store
from gateway.whose import Whose
from tests.readings import TOY, toy
from tests.world import World

OSLO = ZoneInfo("Europe/Oslo")
START = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
ADRIFT = datetime(2000, 1, 1, tzinfo=UTC)
FACTORY = datetime(2020, 1, 1)  # noqa: DTZ001  # what a clock shows that was reset
MINUTE = timedelta(minutes=1)
OTHERS = "others"


@dataclass(frozen=True)
class Kind:
    """What a device can do. `resends`: it hands over its whole memory at each contact, else what it has not told yet;
    `flags`: it says whether a value comes from its memory; `visit`: it is a visitor's, and measures others too."""

    stamps: bool = True
    readable: bool = True
    numbers: bool = False
    resends: bool = False
    users: bool = False
    household: bool = False
    flags: bool = False
    memory: bool = True
    radio: bool = True
    visit: bool = False


@dataclass
class Record:
    """One act of measuring: who, when, what the device noted of it, and whether it has told it.

    `heard`: since the last wipe; `plain`: nothing can be doubted, so it must be sent.
    """

    person: str
    at: datetime
    value: str
    stamp: datetime | None
    number: int | None
    user: int | None
    told: bool = False
    heard: bool = False
    plain: bool = False


@dataclass
class Device:
    """An instrument with a memory and a clock of its own. `honest`: nobody ever changed that."""

    name: str
    kind: Kind
    offset: timedelta = timedelta()
    reset_at: datetime | None = None
    honest: bool = True
    memory: list[Record] = field(default_factory=list)
    measured: int = 0

    def shows(self, now: datetime) -> datetime:
        if self.reset_at is not None:
            return FACTORY + (now - self.reset_at)
        return now.astimezone(OSLO).replace(tzinfo=None) + self.offset

    def measure(self, person: str, now: datetime, value: str, user: int | None) -> Record:
        self.measured += 1
        record = Record(
            person,
            now,
            value,
            self.shows(now).replace(microsecond=0) if self.kind.stamps else None,
            self.measured if self.kind.numbers else None,
            user if self.kind.users else None,
        )
        if self.kind.memory:
            self.memory.append(record)
        return record


def _encode(record: Record, said: bool | None) -> bytes:
    stamp = record.stamp.isoformat() if record.stamp else ""
    table = {"v": record.value, "t": stamp, "n": record.number, "u": record.user, "s": said}
    return json.dumps(table).encode()


def _decode(data: bytes) -> Measurement:
    table = json.loads(data)
    return Measurement(
        kind="weight",
        samples=(Sample(WEIGHT, Decimal(table["v"])),),
        device_time=datetime.fromisoformat(table["t"]) if table["t"] else None,
        time_raw=table["t"].encode().hex(),
        record=table["n"],
        user=table["u"],
        stored=table["s"],
    )


class _Every:
    journal = True

    def add(self, act: Act) -> list[Act]:
        return [act]

    def tick(self, at: float) -> list[Act]:
        return []

    def end(self, at: float) -> list[Act]:
        return []

    def held(self) -> tuple[()]:
        return ()


class Kit:
    """A hub with its devices."""

    def __init__(self, directory: Path, kinds: Mapping[str, Kind]) -> None:
        self.world = World(START)
        self.devices = {name: Device(name, kind) for name, kind in kinds.items()}
        self.directory = directory
        self.patients: dict[str, str] = {}
        self.records: list[Record] = []
        self.open: str | None = None
        self.until: datetime | None = None
        self.visit_ends: datetime | None = None
        # The hub's clock is ahead of the truth by this; once it was wrong, nothing is beyond doubt.
        self.hub_error = timedelta()
        self.exact = True
        self.boots = 0
        self.counted = 0
        self.tally: Counter[str] = Counter()
        self.notes: list[str] = []
        self.start()

    def start(self) -> None:
        self.store = Store(self.directory)
        env = self.world.env
        place = Place(hub="hub-1", epoch=self.store.epoch, id_key=self.store.id_key, zone=OSLO)
        self.whose = Whose(
            self.store.assignments, self.store.equipment.retired, self.store.cursor, env, OSLO, self._note
        )
        hooks = Hooks(kept=lambda *_: None, note=lambda *_: None, changed=lambda: None)
        self.collectors: dict[str, Collector] = {}
        for name, device in self.devices.items():
            kind = device.kind
            driver = replace(toy(clock=kind.readable, modes=_Every, decode=_decode), memory=kind.memory)
            users = (1,) if kind.users else None
            standing = Standing(users, kind.household, kind.visit, kind.memory)
            owner = self.whose.add(name, standing, radio=kind.radio)
            self.collectors[name] = Collector(
                name, Session(driver), self.store, env, place, hooks, users=users, owner=owner
            )
        self.whose.reload()

    def _note(self, event: str, _fields: Mapping[str, object]) -> None:
        self.notes.append(event)

    def restart(self) -> None:
        self.store.close()
        self.start()

    def close(self) -> None:
        self.store.close()

    @property
    def now(self) -> datetime:
        """What time it is, whatever the hub's clock shows."""
        return self.world.utc - self.hub_error

    @property
    def adrift(self) -> bool:
        return self.world.clock == "unsynchronised"

    def lose_clock(self) -> None:
        """The power goes and comes back; nobody tells the hub the time."""
        self.store.close()
        self.boots += 1
        truth, self.exact = self.now, False
        self.world.monotonic, self.world.boot = 20.0, f"boot-{self.boots}"
        self.world.set_clock(ADRIFT, "unsynchronised")
        self.hub_error = ADRIFT - truth
        self.start()

    def find_clock(self, error: timedelta = timedelta()) -> None:
        """Somebody tells the hub the time; with an error, it goes by a clock that nobody checks."""
        truth = self.now
        self.hub_error, self.exact = error, self.exact and not error
        self.world.set_clock(truth + error, "rtc" if error else "synchronised")
        dating = Dating(
            self.store.undated, self.world.env, OSLO, lambda _count: None, lambda: True, settled=self.whose.settled
        )
        dating._look()

    def wait(self, span: timedelta) -> None:
        self.world.utc += span
        self.world.monotonic += span.total_seconds()

    def _context(self) -> Context:
        devices = {
            d.name: Listed(
                d.name,
                d.name,
                "weight",
                (1,) if d.kind.users else None,
                household=d.kind.household,
                visit=d.kind.visit,
                memory=d.kind.memory,
            )
            for d in self.devices.values()
        }
        return Context(store=self.store, env=self.world.env, hub="hub-1", zone=OSLO, devices=devices)

    def act(self, name: str, **params: object) -> None:
        act = ACTS[name]
        with self.store.together() if act.atomic else nullcontext():
            act.perform(act.checked(params, act.roles[0]), self._context())
        self.whose.reload()

    def act_table(self) -> Mapping[str, object]:
        """The assignment, as `assignment show` tells it."""
        shown: dict[str, Any] = ACTS["assignment.show"].perform({}, self._context())
        table: Mapping[str, object] = shown["assignment"]
        return table

    # What people do

    def assign(self, devices: list[str], days: int | None = None) -> None:
        self.finish()
        self.open = f"asg-a1b2c3x{len(self.patients)}"
        self.patients[self.open] = f"patient {len(self.patients)}"
        self.until = None if days is None else _days_later(self.world.utc, days)
        more = {} if days is None else {"days": days}
        self.act("assignment.create", id=self.open, purpose="follow-up", devices=devices, **more)

    def finish(self) -> None:
        if self.open is not None:
            self.act("assignment.end")
            self.open = None

    def usable(self) -> list[str]:
        """The devices that are in use."""
        return sorted(self.devices.keys() - self.store.equipment.retired())

    def extend(self, days: int = 2) -> None:
        """The assignment goes on, from its end or from now."""
        self.until = _days_later(max(self.until or self.world.utc, self.world.utc), days)
        self.act("assignment.extend", days=days)

    def visit(self) -> None:
        """Somebody comes, from elsewhere, and stays for a while; the household keeps its hands off."""
        self.wait(5 * MINUTE)
        if self.collects():
            self.act("visit")
            self.visit_ends = self.world.utc + 15 * MINUTE

    @property
    def visited(self) -> bool:
        return self.visit_ends is not None and self.world.utc < self.visit_ends and self.collects()

    def wipe(self) -> None:
        """Everything of the person goes; what went before is judged now."""
        self.check()
        self.finish()
        self.act("wipe", force=True, reason="the next person")
        self.counted = self._counted()
        for record in self.records:
            record.heard = record.plain = False

    def collects(self) -> bool:
        """Whether somebody is followed just now."""
        return self.open is not None and (self.until is None or self.now < self.until)

    def follows(self, device: str) -> bool:
        """Whether the device is with a person who is followed just now."""
        if not self.collects():
            return False
        if self.devices[device].kind.visit:
            return self.visited
        rows = self.store.assignments.tenures(device)
        return any(row.tenure.assignment == self.open and row.tenure.until is None for row in rows)

    def measure(self, name: str, *, other: bool = False) -> Record:
        """Whoever has the device measures. `other`: somebody else, where others use it too, or before it was ever read
        in this home: whoever packed it, or brought it."""
        device = self.devices[name]
        person = self.patients[self.open] if self.open and self.follows(name) else OTHERS
        taken = bool(rows := self.store.assignments.tenures(name)) and rows[-1].tenure.baseline.done
        if other and person != OTHERS and not self.visited:
            fresh = device.kind.memory and not taken
            person = OTHERS if device.kind.household or device.kind.users or fresh else person
        value = f"{50 + len(self.records) / 100:.2f}"
        record = device.measure(person, self.now, value, 2 if person == OTHERS else 1)
        clear = not (device.kind.household or device.kind.visit) and device.kind.stamps and device.kind.readable
        record.plain = person != OTHERS and clear and taken and device.honest and self.exact
        self.records.append(record)
        return record

    def contact(self, name: str, cut: int | None = None, *, live: bool = False, silent: bool = False) -> None:
        """The device tells what it has to tell; `cut`: the link breaks after so many records, which looks like an
        orderly end if `silent`; `live`: somebody measures while it lasts."""
        device, collector = self.devices[name], self.collectors[name]
        collector.opened()
        if device.kind.readable:
            collector.clock(device.shows(self.now))
        records = [r for r in device.memory if device.kind.resends or not r.told]
        # What comes when it does not serve the same person any more is held back.
        serves = self.store.assignments.tenures(name)[-1:]
        now_served = serves[0].tenure.since + MINUTE if serves and self.follows(name) else None
        for record in (one for one in records if not one.heard):
            undoubted = record.plain and self.exact and device.honest
            record.plain = undoubted and now_served is not None and now_served <= record.at
        for record in records[:cut]:
            self._tell(device, record, said=True)
        broken = cut is not None and cut < len(records)
        if live and not broken:
            self.wait(2 * MINUTE)
            self._tell(device, self.measure(name), said=False)
        collector.closed(TransientError("bluetooth-link-lost") if broken and not silent else None)

    def _tell(self, device: Device, record: Record, *, said: bool) -> None:
        self.collectors[device.name].frame(TOY, _encode(record, said if device.kind.flags else None))
        record.told = record.heard = True
        self.wait(timedelta(milliseconds=200))

    # What became of it

    def outbox(self) -> list[Reading]:
        rows = self.store.outbox.waiting(0, 2**62, 10_000)
        return [Reading.from_text(row.payload) for row in rows if row.kind != "void"]

    def check(self) -> None:
        """The two promises, and what nobody can doubt is not held back."""
        self.find_clock(self.hub_error if self.world.clock == "rtc" else timedelta())
        by_value = {record.value: record for record in self.records}
        sent = {str(reading.values[0].value): reading for reading in self.outbox()}
        for value, reading in sent.items():
            assert reading.attribution.status == "assigned"
            assert reading.assignment is not None
            assert by_value[value].person == self.patients[reading.assignment], (by_value[value], reading)
        rows = self.store.holding.rows()
        assert all(row.reason for row in rows)
        assert self._counted() - self.counted == len(rows)
        self.tally.update(sent=len(sent), held=len(rows), **Counter(f"held {row.reason}" for row in rows))
        if rows:
            self.store.holding.released(self.store.holding.release([row.id for row in rows]))
        kept = {str(reading.values[0].value) for reading in self.outbox()}
        assert kept == {record.value for record in self.records if record.heard}
        plain = {record.value for record in self.records if record.plain and record.heard}
        assert plain <= set(sent)
        self.tally["plain"] += len(plain)

    def _counted(self) -> int:
        kinds = ("foreign", "unattributed")
        return sum(d.what.readings for d in self.store.deviations.all() if d.what.type in kinds)

    def assigned(self) -> list[str]:
        """The values that were sent."""
        return [str(reading.values[0].value) for reading in self.outbox()]


def _days_later(instant: datetime, days: int) -> datetime:
    local = instant.astimezone(OSLO).replace(tzinfo=None) + timedelta(days=days)
    return local.replace(tzinfo=OSLO).astimezone(UTC)


@contextmanager
def kit(kinds: Mapping[str, Kind]) -> Iterator[Kit]:
    """In memory where there is such a place: hundreds of stores are made here."""
    shared = Path("/dev/shm")  # noqa: S108
    directory = Path(tempfile.mkdtemp(dir=shared if shared.is_dir() else None))
    made = Kit(directory / "store", kinds)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(directory)
