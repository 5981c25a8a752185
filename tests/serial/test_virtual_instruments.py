"""The virtual instruments over a real pyserial port, into the drivers: acts arrive once each, mischief or not."""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from drivers import BUILTIN
from drivers.api import Act, SerialDriver
from drivers.session import Session
from gateway.env import real_env
from gateway.errors import GatewayError
from gateway.simulator import serial_devices as devices
from gateway.simulator.serial_devices import AndScale, SerialInstrument
from gateway.simulator.serial_port import Mischief
from gateway.transport.serial_port import SerialPort
from tests.aio import run, until

DRIVERS = {driver.name: driver for driver in BUILTIN if isinstance(driver, SerialDriver)}


class Hub:
    """A contact that decodes as the collector does."""

    def __init__(self, driver: SerialDriver) -> None:
        self.session = Session(driver)
        self.acts: list[Act] = []
        self.news: list[str] = []
        self.clocks: list[datetime | None] = []
        self._at = itertools.count()

    def opened(self) -> None:
        self.news.append("opened")

    def frame(self, channel: str, data: bytes) -> None:
        self._take(self.session.feed(channel, data, asyncio.get_running_loop().time()))

    def facts(self, facts: Mapping[str, object]) -> None: ...

    def clock(self, device_time: datetime | None) -> None:
        self.clocks.append(device_time)

    def closed(self, error: GatewayError | None) -> None:
        self.news.append(error.reason if error else "closed")
        self._take(self.session.end(asyncio.get_running_loop().time()))

    def cursor(self) -> int | None:
        return None

    def tick(self) -> None:
        self._take(self.session.tick(asyncio.get_running_loop().time()))

    def values(self) -> list[tuple[str, ...]]:
        return [tuple(str(s.value) for s in act.measurement.samples) for act in self.acts]

    def _take(self, outcomes: Sequence[object]) -> None:
        self.acts += [o for o in outcomes if isinstance(o, Act)]


def scene(
    make: Callable[..., SerialInstrument],
    path: Path,
    play: Callable[[Any, Hub], Any],
    before: Callable[[Any], Any] | None = None,
    **options: Any,
) -> Hub:
    """Runs an instrument on a port, the hub reading it, while `play` is played; gives the hub.

    `before` is played before the hub opens the port.
    """
    dice = itertools.cycle([0.1, 0.6, 0.3, 0.9])

    async def main() -> Hub:
        instrument = make(path, lambda: next(dice), speed=50.0, **options)
        driver = DRIVERS[instrument.driver]
        hub = Hub(driver)
        instrument.plug()
        if before is not None:
            await before(instrument)
        task = asyncio.create_task(SerialPort(str(path), driver, hub, real_env()).run())
        try:
            await until(lambda: hub.news == ["opened"])
            await play(instrument, hub)
        finally:
            instrument.unplug()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        return hub

    return run(main(), 30.0)


MISCHIEF = {
    "well-behaved": Mischief(),
    "byte-wise": Mischief(byte_wise=True),
    "stalling": Mischief(stall=0.5, stall_s=0.01),
    "noisy": Mischief(noise=1.0),
    "repeating": Mischief(repeat=0.5),
}


OXIMETRY, CUFF = [(97, 72), (91, 140)], [(128, 82, 70), (141, 95, 66)]
STREAMS: list[Any] = [
    pytest.param(devices.AndScale, [("82.40",), ("61.20",)], id="and-scale"),
    pytest.param(devices.StGsScale, [("82.4",), ("61.2",)], id="st-gs-scale"),
    pytest.param(devices.SicsScale, [("82.4",), ("61.2",)], id="mt-sics-scale"),
    pytest.param(devices.RiceLakeScale, [("182.4",), ("161.2",)], id="rice-lake-scale"),
    pytest.param(devices.NoninOximeter, OXIMETRY, id="nonin-serial"),
    pytest.param(devices.Nonin7Oximeter, OXIMETRY, id="nonin-serial-7"),
]


@pytest.mark.parametrize("mischief", MISCHIEF.values(), ids=MISCHIEF)
@pytest.mark.parametrize(("make", "acts"), STREAMS)
def test_each_act_arrives_once(
    make: Callable[..., SerialInstrument], acts: list[tuple[Any, ...]], mischief: Mischief, tmp_path: Path
) -> None:
    async def play(instrument: Any, hub: Hub) -> None:
        for act in acts:
            await instrument.measure(*act)
        await until(lambda: len(hub.acts) >= len(acts))

    hub = scene(make, tmp_path / "port", play, mischief=mischief)
    assert hub.values() == [tuple(str(value) for value in act) for act in acts]


@pytest.mark.parametrize(
    ("make", "acts"),
    [
        pytest.param(devices.TanitaScale, [("82.4",), ("61.2",)], id="tanita-scale"),
        pytest.param(devices.DetectoScale, [("182.4",), ("161.2",)], id="detecto-scale"),
        pytest.param(devices.Nonin8Oximeter, OXIMETRY, id="nonin-serial-8"),
        pytest.param(devices.Nonin13Oximeter, OXIMETRY, id="nonin-serial-13"),
        pytest.param(devices.Cms50d, OXIMETRY, id="cms50d-serial"),
        pytest.param(devices.Cms50f, OXIMETRY, id="cms50f-serial"),
        pytest.param(devices.Ua767pc, CUFF, id="and-ua767pc"),
    ],
)
def test_each_instrument_of_the_virtual_home_delivers(
    make: Callable[..., SerialInstrument], acts: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    async def play(instrument: Any, hub: Hub) -> None:
        for act in acts:
            await instrument.measure(*act)
        await until(lambda: len(hub.acts) >= len(acts))

    hub = scene(make, tmp_path / "port", play)
    assert [value[: len(act)] for value, act in zip(hub.values(), acts, strict=True)] == [
        tuple(str(value) for value in act) for act in acts
    ]


@pytest.mark.parametrize(
    ("make", "act", "values", "asked"),
    [
        pytest.param(devices.Cms50dStored, (97, 72), ("97", "72"), False, id="cms50d-stored"),
        pytest.param(devices.Visomat, (128, 82, 70), ("128", "82", "70"), False, id="visomat-serial"),
        pytest.param(devices.Cms50fStored, (97, 72), ("97", "72"), True, id="cms50f-stored"),
        pytest.param(devices.Bm65, (128, 82, 70), ("128", "82", "70"), True, id="beurer-bm65"),
        pytest.param(devices.Sp10, (5.1, 4.95, 9.33), ("5.10", "4.95", "97.1", "9.33"), True, id="sp10-serial"),
    ],
)
def test_a_memory_is_read(
    make: Callable[..., SerialInstrument], act: tuple[Any, ...], values: tuple[str, ...], asked: bool, tmp_path: Path
) -> None:
    """`asked`: the measurement is made before the hub knocks; the others begin to speak by themselves."""

    async def play(instrument: Any, hub: Hub) -> None:
        if not asked:
            await instrument.measure(*act)
        await until(lambda: hub.acts)

    async def before(instrument: Any) -> None:
        if asked:
            await instrument.measure(*act)

    hub = scene(make, tmp_path / "port", play, before=before)
    assert hub.values() == [values]
    assert hub.acts[0].measurement.stored is True


def test_a_scale_that_only_answers_is_asked(tmp_path: Path) -> None:
    async def play(instrument: devices.PolledScale, hub: Hub) -> None:
        await instrument.measure("82.40", seconds=4.0)
        await until(lambda: hub.acts)

    assert scene(devices.PolledScale, tmp_path / "port", play).values() == [("82.40",)]


def test_the_clock_of_an_oximeter_is_read_at_each_opening(tmp_path: Path) -> None:
    async def play(instrument: devices.Nonin13Oximeter, hub: Hub) -> None:
        await until(lambda: hub.clocks)
        assert hub.clocks[0] is not None
        assert abs((hub.clocks[0] - devices.local_now()).total_seconds()) < 5

    scene(devices.Nonin13Oximeter, tmp_path / "port", play)


def test_every_serial_driver_has_its_virtual_instrument() -> None:
    made = {c.driver for c in vars(devices).values() if isinstance(c, type) and hasattr(c, "driver")}
    assert made == set(DRIVERS)


def test_an_instrument_pulled_out_in_mid_frame_and_put_back_at_the_same_path_goes_on(tmp_path: Path) -> None:
    async def play(instrument: AndScale, hub: Hub) -> None:
        await instrument.measure("82.40")
        await instrument.port.send(b"ST,+0006")
        instrument.unplug()
        await until(lambda: len(hub.news) == 2)
        instrument.plug()
        await until(lambda: len(hub.news) == 3)
        await instrument.port.send(b"1.20 kg\r\n")
        await instrument.measure("61.30")
        await until(lambda: len(hub.acts) == 2)

    hub = scene(AndScale, tmp_path / "port", play)
    assert hub.values() == [("82.40",), ("61.30",)]
    assert hub.news[:3] == ["opened", "serial-unplugged", "opened"]


def test_a_message_that_was_cut_gives_no_reading(tmp_path: Path) -> None:
    async def play(instrument: AndScale, hub: Hub) -> None:
        instrument.port.mischief = Mischief(cut=1.0)
        await instrument.measure("82.40")
        instrument.port.mischief = Mischief()
        await instrument.measure("61.30")
        await until(lambda: len(hub.acts) == 1)

    assert scene(AndScale, tmp_path / "port", play).values() == [("61.30",)]
