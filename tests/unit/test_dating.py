"""Readings that came while the hub did not know the time are dated when it does: never falsely, never out of order."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drivers.ble import blood_pressure
from drivers.session import Session
from gateway.collector import Collector, Hooks
from gateway.dating import Dating
from gateway.making import Place
from gateway.store import Store
from tests.aio import run
from tests.world import World

ZONE = ZoneInfo("Europe/Oslo")
PRESSURE = blood_pressure.DRIVER.characteristics[0].uuid
TRUTH = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)


class Rig:
    """A store, a collector and the dating of one boot; the hub starts in 1970, as a Pi without a network does."""

    def __init__(self, directory: Path, world: World) -> None:
        self.world = world
        self.store = Store(directory)
        self.reachable = False
        self.told: list[int] = []
        self.dating = Dating(self.store.undated, world.env, ZONE, self.told.append, lambda: self.reachable)
        place = Place(hub="hub-1", epoch=self.store.epoch, id_key=self.store.id_key, zone=ZONE)
        hooks = Hooks(kept=lambda *_: None, note=lambda *_: None, changed=lambda: None)
        self.collector = Collector("dev-1", Session(blood_pressure.DRIVER), self.store, world.env, place, hooks)

    def measure(self, systolic: int) -> None:
        self.collector.frame(PRESSURE, bytes((0, systolic, 0, 80, 0, 96, 0)))

    @property
    def ready(self) -> list[dict[str, Any]]:
        return [json.loads(row.payload) for row in self.store.outbox.waiting(0, 2**62, 100)]


def adrift() -> World:
    world = World(datetime(1970, 1, 1, 0, 0, 40, tzinfo=UTC), monotonic=40.0, boot="boot-1")
    world.clock = "unsynchronised"
    return world


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, adrift())
    yield made
    made.store.close()


async def _let(rig: Rig, seconds: float) -> None:
    import asyncio

    task = asyncio.ensure_future(rig.dating.run())
    await rig.world.advance(seconds)
    task.cancel()
    await asyncio.wait({task})


def test_a_reading_waits_for_the_time_and_is_dated_back(rig: Rig) -> None:
    """Stored at once, sent only with its true time, however far the clock jumps when it is set."""
    rig.measure(120)
    run(rig.world.advance(600))
    rig.measure(130)
    assert rig.store.outbox.last_seq == 2
    assert rig.ready == []
    rig.world.set_clock(TRUTH)
    run(_let(rig, 1))
    first, second = rig.ready
    assert datetime.fromisoformat(first["measured_at"]) == TRUTH - timedelta(seconds=600)
    assert datetime.fromisoformat(second["received_at"]) == TRUTH
    assert first["time"] == {"source": "hub", "hub_clock": "synchronised", "uncertainty_s": "60"}
    assert [first["seq"], second["seq"]] == [1, 2]
    assert rig.told == [2]


def test_a_dated_reading_does_not_overtake_an_undated_one(rig: Rig) -> None:
    """What comes after the sync waits with what came before it, and both go in order."""
    rig.measure(120)
    rig.world.set_clock(TRUTH)
    rig.measure(130)
    assert rig.ready == []
    run(_let(rig, 1))
    assert [reading["seq"] for reading in rig.ready] == [1, 2]


def test_the_devices_clock_read_before_the_sync_counts(tmp_path: Path) -> None:
    """A stored measurement of a cuff whose clock was read while the hub was adrift gets its true time."""
    rig = Rig(tmp_path, adrift())
    shown = datetime(2024, 2, 3, 4, 5, 6)  # noqa: DTZ001  # a device's clock has no zone
    before = shown - timedelta(hours=3)
    when = before.year.to_bytes(2, "little") + bytes(before.timetuple()[1:6])
    rig.collector.opened()
    rig.collector.clock(shown)
    rig.collector.frame(PRESSURE, b"\x02" + bytes.fromhex("780050006000") + when)
    rig.world.set_clock(TRUTH)
    run(_let(rig, 1))
    (reading,) = rig.ready
    assert datetime.fromisoformat(reading["measured_at"]) == TRUTH - timedelta(hours=3)
    assert reading["time"]["source"] == "device"
    assert reading["time"]["device_time"] == before.isoformat()
    rig.store.close()


def test_a_reading_of_a_boot_that_never_knew_the_time_is_bounded(tmp_path: Path) -> None:
    """Power went before the clock was set: no date is claimed, but between which instants it came is told."""
    world = World(TRUTH, boot="boot-0")
    rig = Rig(tmp_path, world)
    run(_let(rig, 1))
    rig.store.close()
    world = adrift()
    rig = Rig(tmp_path, world)
    rig.measure(120)
    rig.store.close()
    world.reboot("boot-2", off_s=3600, up_s=30)
    world.set_clock(TRUTH + timedelta(days=3))
    rig = Rig(tmp_path, world)
    run(_let(rig, 1))
    (reading,) = rig.ready
    assert reading["measured_at"] is None
    assert reading["received_at"] is None
    assert reading["time"]["source"] == "none"
    assert datetime.fromisoformat(reading["time"]["earliest"]) == TRUTH + timedelta(seconds=1)
    assert datetime.fromisoformat(reading["time"]["latest"]) == TRUTH + timedelta(days=3) - timedelta(seconds=30)
    rig.store.close()


def test_where_there_is_never_a_time_readings_go_without_one(rig: Rig) -> None:
    """A network without a time service: after a quarter of an hour within reach they are sent undated."""
    rig.measure(120)
    run(_let(rig, 2000))
    assert rig.ready == []
    rig.reachable = True
    run(_let(rig, 1000))
    (reading,) = rig.ready
    assert (reading["measured_at"], reading["received_at"]) == (None, None)
    assert reading["time"] == {"source": "none", "hub_clock": "unsynchronised"}


@pytest.mark.parametrize(
    ("state", "now", "believed"),
    [
        ("rtc", TRUTH + timedelta(hours=1), "rtc"),
        ("rtc", datetime(2000, 1, 1, tzinfo=UTC), "unsynchronised"),
        ("rtc", TRUTH - timedelta(days=2), "unsynchronised"),
        ("synchronised", TRUTH - timedelta(days=2), "synchronised"),
        ("unsynchronised", TRUTH, "unsynchronised"),
    ],
)
def test_a_clock_that_went_back_is_not_believed(tmp_path: Path, state: Any, now: datetime, believed: str) -> None:
    """A clock nobody checks that shows less than what was certain before has stopped or lost its battery."""
    rig = Rig(tmp_path, World(TRUTH, boot="boot-0"))
    run(_let(rig, 1))
    rig.store.close()
    world = World(now, boot="boot-1")
    world.clock = state
    rig = Rig(tmp_path, world)
    assert rig.dating.hub_clock() == believed
    rig.store.close()


def test_the_moment_that_is_certainly_past_is_written_seldom(rig: Rig) -> None:
    """Once an hour at most, and at the end: the card is spared."""
    rig.world.set_clock(TRUTH)
    written: list[datetime] = []
    rig.dating._undated.raise_floor = written.append  # type: ignore[assignment,method-assign]
    run(_let(rig, 2 * 3600))
    assert len(written) == 3
    assert written == sorted(written)
