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
from gateway.simulator.serial_devices import AndScale, NoninOximeter, SerialInstrument
from gateway.simulator.serial_port import Mischief
from gateway.transport.serial_port import SerialPort
from tests.aio import run, until

DRIVERS = {driver.name: driver for driver in BUILTIN if isinstance(driver, SerialDriver)}


class Hub:
    """A contact that decodes as the collector does."""

    def __init__(self, driver: SerialDriver, mode: str | None) -> None:
        self.session = Session(driver, mode)
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
    mode: str | None = None,
    **options: Any,
) -> Hub:
    """Runs an instrument on a port, the hub reading it, while `play` is played; gives the hub."""
    dice = itertools.cycle([0.1, 0.6, 0.3, 0.9])

    async def main() -> Hub:
        instrument = make(path, lambda: next(dice), speed=50.0, **options)
        driver = DRIVERS[instrument.driver]
        hub = Hub(driver, mode)
        instrument.plug()
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


@pytest.mark.parametrize("mischief", MISCHIEF.values(), ids=MISCHIEF)
@pytest.mark.parametrize(
    ("make", "acts"),
    [
        pytest.param(AndScale, [("82.40",), ("61.20",)], id="and-scale"),
        pytest.param(NoninOximeter, [(97, 72), (91, 140)], id="nonin-serial"),
    ],
)
def test_each_act_arrives_once(
    make: Callable[..., SerialInstrument], acts: list[tuple[Any, ...]], mischief: Mischief, tmp_path: Path
) -> None:
    async def play(instrument: Any, hub: Hub) -> None:
        for act in acts:
            await instrument.measure(*act)
        await until(lambda: len(hub.acts) >= len(acts))

    hub = scene(make, tmp_path / "port", play, mischief=mischief)
    assert hub.values() == [tuple(str(value) for value in act) for act in acts]


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
