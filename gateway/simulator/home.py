"""The virtual home: five instruments, and people who use them now and then."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from gateway.env import dice
from gateway.simulator import frames
from gateway.simulator.ble_devices import Cuff, Oximeter, Scale
from gateway.simulator.peripheral import Habits, VirtualDevice
from gateway.simulator.serial_devices import AndScale, NoninOximeter, SerialInstrument

# A person holds still for a quarter of a minute; nobody watching a demo does.
_FINGER_SPEED = 6.0
_HABITS = Habits(linger=0.4)
# Two of three clocks in a home are wrong.
_CUFF_SKEW = timedelta(minutes=-6)
_SCALE_SKEW = timedelta(hours=1)

_CONFIG = """\
# Written by the virtual home.
[hub]
id = "hub-demo"
tenant = "demo"
timezone = "Europe/Oslo"

[store]
path = "{directory}/store"

[mqtt]
host = "127.0.0.1"
port = {port}
insecure_plaintext = true
protocol = "{protocol}"

[delivery]
confirm = "receiver"
"""
_DEVICE = """
[[device]]
name = "{name}"
driver = "{driver}"
transport = "{transport}"
{key} = "{value}"
"""


@dataclass(slots=True)
class Instrument:
    """One instrument: the words of its configuration, how often it is used (s), and what using it does."""

    name: str
    driver: str
    transport: str
    place: str
    every_s: float
    measure: Callable[[], Awaitable[None]]
    measured: int = 0


class VirtualHome:
    """The instruments of a home; `people` uses them until it is cancelled."""

    def __init__(self, directory: Path, seed: int | None) -> None:
        """Serial ports are made in `directory`; `seed` makes the values."""
        self._dice = dice(seed)
        self._hundredths = 0
        self.oximeter, self.cuff, self.scale = Oximeter(habits=_HABITS), Cuff(habits=_HABITS), Scale(habits=_HABITS)
        self.cuff.skew, self.scale.skew = _CUFF_SKEW, _SCALE_SKEW
        self._floor_scale = AndScale(directory / "floor-scale", self._dice.random)
        self._clip = NoninOximeter(directory / "finger-clip", self._dice.random, speed=_FINGER_SPEED)
        self.serial: list[SerialInstrument] = [self._floor_scale, self._clip]
        self.instruments = [
            Instrument("oximeter", "pulse-oximeter", "ble", self.oximeter.address, 2.5, self._use_oximeter),
            Instrument("cuff", "blood-pressure", "ble", self.cuff.address, 4.0, self._use_cuff),
            Instrument("scale", "weight-scale", "ble", self.scale.address, 5.0, self._use_scale),
            Instrument(
                "floor-scale", "and-scale", "serial", str(self._floor_scale.port.path), 3.0, self._use_floor_scale
            ),
            Instrument("finger-clip", "nonin-serial", "serial", str(self._clip.port.path), 3.5, self._use_clip),
        ]

    @property
    def bluetooth(self) -> list[VirtualDevice]:
        """The instruments on the air."""
        return [self.oximeter, self.cuff, self.scale]

    def configuration(self, directory: Path, port: int, protocol: str) -> str:
        """A hub's configuration for this home."""
        text = _CONFIG.format(directory=directory, port=port, protocol=protocol)
        for one in self.instruments:
            key = "address" if one.transport == "ble" else "port"
            text += _DEVICE.format(name=one.name, driver=one.driver, transport=one.transport, key=key, value=one.place)
        return text

    def plug_in(self) -> None:
        """Plugs the serial instruments in."""
        for one in self.serial:
            one.plug()

    def unplug(self) -> None:
        """Pulls them out."""
        for one in self.serial:
            one.unplug()

    async def people(self, stop: asyncio.Event) -> None:
        """Everybody measures now and then; when `stop` is set each finishes what is begun."""
        async with asyncio.TaskGroup() as tasks:
            for one in self.instruments:
                tasks.create_task(self._person(one, stop))

    async def _person(self, one: Instrument, stop: asyncio.Event) -> None:
        pause = self._dice.random() * one.every_s
        while True:
            try:
                await asyncio.wait_for(stop.wait(), pause)
            except TimeoutError:
                one.measured += 1
                await one.measure()
                pause = one.every_s * (0.7 + 0.6 * self._dice.random())
            else:
                return

    async def _use_oximeter(self) -> None:
        spo2, pulse = self._dice.randint(88, 97), self._dice.randint(62, 98)
        self.oximeter.measure(frames.spot_check(spo2, pulse, self.oximeter.clock()))

    async def _use_cuff(self) -> None:
        upper = self._dice.randint(110, 165)
        lower, pulse = upper - self._dice.randint(35, 60), self._dice.randint(60, 95)
        when = self.cuff.clock()
        self.cuff.measure(frames.blood_pressure(upper, lower, (upper + 2 * lower) // 3, when, pulse=pulse))

    async def _use_scale(self) -> None:
        kilograms = Decimal(self._dice.randint(14_000, 19_000)) / 200
        self.scale.measure(frames.weight(kilograms, self.scale.clock()))

    async def _use_floor_scale(self) -> None:
        # Never the same twice in a row: the driver rightly takes that for a scale that prints its line again.
        self._hundredths = self._dice.choice([n for n in range(6000, 9900) if n != self._hundredths])
        await self._floor_scale.measure(f"{self._hundredths / 100:.2f}")

    async def _use_clip(self) -> None:
        await self._clip.measure(self._dice.randint(88, 97), self._dice.randint(62, 98))
