"""The whole way in one process: bytes of two devices in, readings at the receiver out, through whatever happens.

Real drivers, collectors, store and forwarder under a real supervisor; time, broker and receiver are the test's own.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drivers.api import PORT
from drivers.session import Session
from drivers.uuids import full
from gateway.collector import Collector, Hooks
from gateway.identity import device_ref
from gateway.keeping import Kept
from gateway.making import Place
from gateway.registry import known_drivers
from tests.aio import run
from tests.way import HUB, Way
from tests.world import settle

OSLO = ZoneInfo("Europe/Oslo")
CUFF_VALUE = full(0x2A35)
# The cuff's clock is this much behind.
CUFF_LATE = timedelta(seconds=370)


class House(Way):
    """A scale on a serial port and a cuff over Bluetooth, and the way out."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.log: list[Kept] = []
        self.weights: list[str] = []
        self.cuff_memory: list[bytes] = []
        super().__init__(directory, **options)

    def _open(self, directory: Path) -> None:
        super()._open(directory)
        self.scale = self._collector("and-scale", "/dev/serial/by-id/usb-1")
        self.cuff = self._collector("blood-pressure", "AA:BB:CC:DD:EE:FF")

    def _collector(self, driver: str, address: str) -> Collector:
        store = self.store
        ref = device_ref(store.id_key, address)
        place = Place(hub=HUB, epoch=store.epoch, id_key=store.id_key, zone=OSLO)
        hooks = Hooks(kept=self._heard, note=lambda event, fields: None, changed=lambda: None)
        session = Session(known_drivers()[driver])
        return Collector(ref, session, store, self.world.env, place, hooks, twin=store.twin(ref))

    def _heard(self, ref: str, kept: Sequence[Kept]) -> None:
        self.log += [one for one in kept if one.seq is not None]
        self.forwarder.stored()

    async def start(self) -> None:
        """As the daemon starts: what an earlier run left is taken up, then everything runs."""
        for name, collector in (("scale", self.scale), ("cuff", self.cuff)):
            collector.resume()
            self.supervisor.start(name, collector.run)
        self.scale.opened()
        await super().start()

    async def weigh(self, kilograms: str) -> None:
        """Somebody steps on the scale, which prints its line twice."""
        self.weights.append(kilograms)
        line = f"ST,+{Decimal(kilograms):08.2f} kg\r\n".encode()
        self.scale.frame(PORT, line[:7])
        self.scale.frame(PORT, line[7:] + line)
        await settle()

    def squeeze(self, systolic: int) -> None:
        """The cuff measures, by itself; its clock stamps the value."""
        at = self.cuff_time
        stamp = at.year.to_bytes(2, "little") + bytes([at.month, at.day, at.hour, at.minute, at.second])
        number = [value.to_bytes(2, "little") for value in (systolic, 80, 93)]
        self.cuff_memory.append(b"\x02" + b"".join(number) + stamp)

    @property
    def cuff_time(self) -> datetime:
        """What the cuff's clock shows (naive)."""
        return (self.world.utc.astimezone(OSLO) - CUFF_LATE).replace(tzinfo=None, microsecond=0)

    async def cuff_calls(self, *, clock: bool = True) -> None:
        """The cuff connects and hands over its whole memory, as such devices do."""
        self.cuff.opened()
        for value in self.cuff_memory:
            self.cuff.frame(CUFF_VALUE, value)
        if clock:
            self.cuff.clock(self.cuff_time)
            self.cuff.closed(None)
        await settle()

    @property
    def received(self) -> list[Mapping[str, Any]]:
        """What the receiver has, in the order of the sequence."""
        return [json.loads(content) for _seq, (_id, content) in sorted(self.receiver.by_seq.items())]

    def values(self, kind: str) -> list[str]:
        """The first value of each reading of a kind at the receiver."""
        return [table["values"][0]["value"] for table in self.received if table["device"]["kind"] == kind]

    def check_everything(self) -> None:
        """All that was measured is there, once, in its order, as the log said; and nothing else."""
        self.check_complete()
        assert self.values("weight") == self.weights
        assert len(self.values("blood-pressure")) == len(self.cuff_memory)
        assert {(one.id, one.seq) for one in self.log} == {(t["id"], t["seq"]) for t in self.received}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "store", window=10)


def scene(house: House, play: Callable[[], Awaitable[None]], within: float = 50) -> None:
    async def whole() -> None:
        await house.start()
        await play()
        await house.stop()

    run(whole(), timeout=within)
    assert house.failures == []


def test_an_ordinary_day(house: House) -> None:
    async def play() -> None:
        await house.connect()
        await house.weigh("82.40")
        house.squeeze(127)
        await house.world.advance(30)
        await house.cuff_calls()
        await house.quiet()
        house.check_everything()
        weight, pressure = house.received
        assert weight["values"][0] == {"type": "weight", "mdc": 188736, "value": "82.40", "unit": "kg"}
        assert weight["time"]["source"] == "hub"
        assert pressure["measured_at"] == "2026-01-12T07:41:15+01:00"
        assert (pressure["time"]["source"], pressure["time"]["offset_s"]) == ("device", "370")
        assert house.waiting == 0

    scene(house, play)


def test_a_month_without_a_network_loses_nothing_and_comes_in_order(house: House) -> None:
    async def play() -> None:
        for day in range(30):
            await house.weigh(f"{80 + day / 10:.2f}")
            house.squeeze(120 + day)
            await house.cuff_calls()
            # The scale's and the cuff's ticks need no month: nothing waits for them.
            house.world.set_clock(house.world.utc + timedelta(days=1))
            await house.world.advance(10)
        assert house.broker.log == []
        await house.quiet()
        house.check_everything()
        assert house.sent == sorted(house.sent)
        assert len(house.sent) == 60

    scene(house, play)


@pytest.mark.timeout(180)
def test_a_month_of_fifty_readings_a_day_from_ten_devices_comes_complete_in_order_and_with_its_own_times(
    house: House,
) -> None:
    scales = [house._collector("and-scale", f"/dev/serial/by-id/usb-{number}") for number in range(2, 12)]
    measured: list[datetime] = []

    async def play() -> None:
        for number, scale in enumerate(scales):
            house.supervisor.start(f"scale-{number}", scale.run)
            scale.opened()
        for _day in range(30):
            for _round in range(5):
                for scale in scales:
                    house.weights.append(f"{40 + len(measured) / 100:.2f}")
                    scale.frame(PORT, f"ST,+{Decimal(house.weights[-1]):08.2f} kg\r\n".encode())
                    measured.append(house.world.utc)
                await house.world.advance(60)
            house.world.set_clock(house.world.utc + timedelta(hours=23, minutes=55))
        assert house.broker.log == []
        await house.quiet()
        house.check_everything()
        assert house.sent == list(range(1, 1501))
        times = [datetime.fromisoformat(table["measured_at"]) for table in house.received]
        assert all(abs(told - real) < timedelta(seconds=1) for told, real in zip(times, measured, strict=True))
        assert {table["time"]["source"] for table in house.received} == {"hub"}

    scene(house, play, 150)


def test_a_cuff_that_hands_over_its_memory_every_day_gives_each_value_once(house: House) -> None:
    async def play() -> None:
        await house.connect()
        for day in range(5):
            house.squeeze(120 + day)
            await house.cuff_calls()
            await house.world.advance(3600)
        await house.quiet()
        house.check_everything()
        assert house.cuff.counters["duplicates"] == 1 + 2 + 3 + 4

    scene(house, play)


@pytest.mark.parametrize("at", range(6))
def test_killed_at_any_step_of_a_contact_everything_measured_arrives_once(house: House, at: int) -> None:
    async def play() -> None:
        await house.connect()
        house.squeeze(127)
        steps: list[Callable[[], Awaitable[Any]]] = [
            partial(house.weigh, "82.40"),
            partial(house.cuff_calls, clock=False),
            partial(house.take, 1),
            partial(house.world.advance, 5),
            partial(house.take, 5),
            house.deliver,
        ]
        for number, step in enumerate(steps):
            if number == at:
                await house.crash()
                await house.connect()
            await step()
        await house.cuff_calls()
        await house.quiet()
        assert house.values("weight") == ["82.40"]
        assert house.values("blood-pressure") == ["127"]
        house.check_complete()

    scene(house, play)


def test_restarts_all_day_repeat_no_backlog_and_lose_nothing(house: House) -> None:
    async def play() -> None:
        for number in range(20):
            await house.weigh(f"{80 + number}.00")
            await house.connect()
            await house.take(1)
            await house.world.advance(3)
            await house.crash()
            await house.world.advance(10)
        await house.quiet()
        house.check_everything()
        assert house.receiver.doubles == 0

    scene(house, play)


def test_one_reading_the_broker_will_never_take_stops_no_other_and_is_accounted_for(house: House) -> None:
    async def play() -> None:
        for number in range(5):
            await house.weigh(f"{80 + number}.00")
            await house.world.advance(10)
        await house.connect()
        house.broker.refuse(house.broker.on_the_way[2])
        await house.quiet()
        house.check_complete()
        assert house.values("weight") == ["80.00", "81.00", "83.00", "84.00"]
        assert house.receiver.voids == {3: "mqtt-payload-invalid"}
        assert house.store.outbox.aside() == 1

    scene(house, play)


def test_what_is_measured_now_overtakes_a_backlog(house: House) -> None:
    async def play() -> None:
        for number in range(30):
            await house.weigh(f"{80 + number}.00")
            await house.world.advance(10)
        await house.connect()
        await house.weigh("44.00")
        await house.take(1)
        assert house.sent[:11] == [*range(1, 11), 31]
        await house.quiet()
        house.check_everything()

    scene(house, play)


def test_a_broker_that_loses_what_it_had_is_found_out_by_the_receiver(house: House) -> None:
    async def play() -> None:
        await house.connect()
        for number in range(6):
            await house.weigh(f"{80 + number}.00")
            await house.take()
            if number == 3:
                house.broker.queue.clear()
            await house.world.advance(10)
        await house.deliver()
        assert house.flying == [1, 2, 3, 4]
        await house.quiet()
        house.check_everything()

    scene(house, play)


def test_a_receiver_that_is_away_for_half_a_day_gets_all_and_is_not_flooded(house: House) -> None:
    async def play() -> None:
        await house.connect()
        for number in range(7):
            await house.weigh(f"{80 + number}.00")
            await house.take_everything()
            for _quarter in range(4):
                await house.world.advance(900)
                await house.take_everything()
        assert house.waiting == 7
        assert 7 < len(house.sent) <= 7 * 4
        await house.quiet()
        house.check_everything()

    scene(house, play)


def test_a_receiver_that_lost_its_own_memory_is_told_what_can_no_longer_come(house: House) -> None:
    async def play() -> None:
        await house.connect()
        for number in range(4):
            await house.weigh(f"{80 + number}.00")
            await house.world.advance(10)
        await house.quiet()
        house.receiver.by_seq.clear()
        house.receiver.seq_of.clear()
        await house.weigh("90.00")
        await house.take()
        await house.deliver()
        await house.quiet()
        assert house.receiver.voids == dict.fromkeys(range(1, 5), "released")
        assert house.values("weight") == ["90.00"]

    scene(house, play)


def test_where_the_backend_cannot_confirm_the_broker_s_word_is_enough(tmp_path: Path) -> None:
    house = House(tmp_path / "store", confirm="broker")

    async def play() -> None:
        await house.weigh("82.40")
        await house.connect()
        await house.take_everything()
        assert house.waiting == 0
        await house.cut()
        await house.weigh("82.60")
        await house.connect()
        await house.take_everything()
        house.receiver.take_all(house.broker)
        house.check_everything()
        assert house.receiver.doubles == 0

    scene(house, play)
