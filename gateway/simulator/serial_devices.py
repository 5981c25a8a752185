"""Virtual instruments on serial ports. Each has `measure`, which does what a person would, and sends what it sends."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from gateway.simulator import serial_bytes as say
from gateway.simulator.serial_port import Chance, Mischief, VirtualPort


class SerialInstrument:
    """What they have in common: a port that can be plugged in and pulled out, and a pace.

    `speed` 10 makes it send ten times as fast as the real one.
    """

    driver: str

    def __init__(self, path: Path, chance: Chance, mischief: Mischief | None = None, speed: float = 1.0) -> None:
        self.port = VirtualPort(path, chance, mischief)
        self.port.heard = self.hear
        self._speed = speed
        self._jobs: set[asyncio.Task[None]] = set()

    def plug(self) -> None:
        """Puts its converter in."""
        self.port.plug()

    def unplug(self) -> None:
        """Pulls its converter out; what it was sending is lost."""
        for job in self._jobs:
            job.cancel()
        self.port.unplug()

    def hear(self, data: bytes) -> None:
        """The hub has written; most instruments do not listen."""

    async def say(self, messages: Iterable[bytes], every: float = 0.0) -> None:
        """Sends messages, `every` seconds at its real pace."""
        for message in messages:
            await self.port.send(message)
            await asyncio.sleep(every / self._speed)

    def answer(self, messages: Iterable[bytes], every: float = 0.0) -> None:
        """Sends messages without making whoever asked wait."""
        job = asyncio.get_running_loop().create_task(self.say(messages, every))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)


class AndScale(SerialInstrument):
    """An A&D scale that prints: the value moves, comes to rest, and is printed."""

    driver = "and-scale"

    async def measure(self, kg: str = "82.40") -> None:
        """Somebody steps on."""
        moving = [say.and_line(f"{float(kg) * part:.2f}", header="US") for part in (0.3, 0.9, 1.02)]
        await self.say([*moving, say.and_line(kg)], every=0.1)


class NoninOximeter(SerialInstrument):
    """A Nonin XPod or OEM III in data format 2: three packets a second while it is on."""

    driver = "nonin-serial"

    async def measure(self, spo2: int = 97, pulse: int = 72, settling: int = 9, holding: int = 6) -> None:
        """A finger goes in, the value settles, holds for a while, and the finger goes out; counted in packets."""
        packets = [say.nonin_packet(spo2, pulse, smartpoint=False)] * settling
        packets += [say.nonin_packet(spo2, pulse)] * holding
        packets += [say.nonin_packet(spo2, pulse, finger=False)] * 3
        await self.say(packets, every=1 / 3)
