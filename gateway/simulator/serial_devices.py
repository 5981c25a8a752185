"""Virtual instruments on serial ports. Each has `measure`, which does what a person would, and sends what it sends."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
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


class PrintingScale(SerialInstrument):
    """A scale that sends one line per weighing."""

    async def measure(self, weight: str = "82.4") -> None:
        """Somebody steps on, and the scale prints."""
        await self.say([self.line(weight)])

    def line(self, weight: str) -> bytes:
        """What it prints."""
        raise NotImplementedError


class StGsScale(PrintingScale):
    """An indicator with two headers."""

    driver = "st-gs-scale"

    def line(self, weight: str) -> bytes:
        """What it prints."""
        return say.st_gs_line(weight)


class SicsScale(PrintingScale):
    """An MT-SICS or KERN KCP scale that sends by itself."""

    driver = "mt-sics-scale"

    def line(self, weight: str) -> bytes:
        """What it prints."""
        return say.mt_sics_line(weight)


class TanitaScale(PrintingScale):
    """A Tanita SC-240."""

    driver = "tanita-scale"

    def line(self, weight: str) -> bytes:
        """What it prints."""
        return say.tanita_line(weight)


class DetectoScale(PrintingScale):
    """A Detecto solo; pounds."""

    driver = "detecto-scale"

    def line(self, weight: str) -> bytes:
        """What it prints."""
        return say.detecto_line(weight)


class RiceLakeScale(PrintingScale):
    """A Rice Lake 350-10; pounds."""

    driver = "rice-lake-scale"

    def line(self, weight: str) -> bytes:
        """What it prints."""
        return say.rice_lake_line(weight)


class PolledScale(SerialInstrument):
    """An MT-SICS scale that only answers."""

    driver = "mt-sics-polled"
    on_it = "0.00"

    def hear(self, data: bytes) -> None:
        """Each question is answered with what stands on it."""
        for _ in range(data.count(b"SI\r\n")):
            self.answer([say.mt_sics_line(self.on_it)])

    async def measure(self, weight: str = "82.40", seconds: float = 5.0) -> None:
        """Somebody steps on, and off again after a while."""
        self.on_it = weight
        await asyncio.sleep(seconds)
        self.on_it = "0.00"


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
    wide = False

    async def measure(self, spo2: int = 97, pulse: int = 72, settling: int = 9, holding: int = 6) -> None:
        """A finger goes in, the value settles, holds for a while, and the finger goes out; counted in packets."""
        packets = [say.nonin_packet(spo2, pulse, smartpoint=False, pleth16=self.wide)] * settling
        packets += [say.nonin_packet(spo2, pulse, pleth16=self.wide)] * holding
        packets += [say.nonin_packet(spo2, pulse, finger=False, pleth16=self.wide)] * 3
        await self.say(packets, every=1 / 3)


class Nonin7Oximeter(NoninOximeter):
    """The same in data format 7."""

    driver, wide = "nonin-serial-7", True


class Nonin8Oximeter(SerialInstrument):
    """A Nonin 9560 in data format 8: a frame a second."""

    driver = "nonin-serial-8"

    async def measure(self, spo2: int = 97, pulse: int = 72, holding: int = 8) -> None:
        """A finger goes in, holds still, and goes out."""
        frames = [say.nonin_8(spo2, pulse, smartpoint=i > 3) for i in range(holding)]
        await self.say([*frames, *[say.nonin_8(finger=False)] * 3], every=1.0)


class Nonin13Oximeter(SerialInstrument):
    """A Nonin 9560 in data format 13: it tells its clock when asked, and each measurement once."""

    driver = "nonin-serial-13"

    def hear(self, data: bytes) -> None:
        """Answers the question for the time."""
        if b"\x02\x72\x00\x03" in data:
            now = local_now()
            parts = (now.year % 100, now.month, now.day, now.hour, now.minute, now.second)
            self.answer([bytes((0x02, 0xF2, 0x06, *parts, 0x03))])

    async def measure(self, spo2: int = 97, pulse: int = 72) -> None:
        """A finger was in, and the measurement is ready."""
        await self.say([say.nonin_13(spo2, pulse, local_now())])


class Cms50d(SerialInstrument):
    """A Contec CMS50D+: 60 frames a second while it is on."""

    driver = "cms50d-serial"
    frame: Callable[..., bytes] = staticmethod(say.cms50_live)

    async def measure(self, spo2: int = 97, pulse: int = 72, seconds: int = 10) -> None:
        """A finger goes in, stays, and goes out."""
        frames = [self.frame(spo2, pulse)] * (60 * seconds) + [self.frame(finger=False)] * 90
        await self.say(frames, every=1 / 60)


class Cms50f(Cms50d):
    """A Contec CMS50F: live values in its own framing."""

    driver, frame = "cms50f-serial", staticmethod(say.cms50f_live)


class Cms50dStored(SerialInstrument):
    """A CMS50D+ with a recording in its memory."""

    driver = "cms50d-stored"
    seconds: tuple[tuple[int, int], ...] = ()

    def hear(self, data: bytes) -> None:
        """Uploads the memory when asked."""
        if b"\xf5\xf5" in data:
            self.answer(say.cms50_upload(list(self.seconds)))

    async def measure(self, spo2: int = 97, pulse: int = 72, seconds: int = 20) -> None:
        """A recording was made; the oximeter is switched on, which the hub sees by its live frames."""
        self.seconds = ((spo2, pulse),) * seconds + ((127, 255),) * 3
        await self.say([say.cms50_live(finger=False)] * 10, every=1 / 60)


class Cms50fStored(SerialInstrument):
    """A CMS50F with recordings in its memory."""

    driver = "cms50f-stored"
    on = False

    def __init__(self, path: Path, chance: Chance, mischief: Mischief | None = None, speed: float = 1.0) -> None:
        super().__init__(path, chance, mischief, speed)
        self.recordings: list[tuple[datetime, list[tuple[int, int]]]] = []

    def hear(self, data: bytes) -> None:
        """Answers while it is switched on; commands are of nine bytes."""
        if not self.on:
            return
        for at in range(0, len(data) - 8, 9):
            self.answer(self._reply(data[at + 2] & 0x7F, data[at + 4] & 0x7F))

    def _reply(self, code: int, number: int) -> list[bytes]:
        if code in (0x27, 0x22):
            return [b"\x0c\x80"]
        if code == 0x23:
            return [say.cms50f_count(len(self.recordings))]
        if number >= len(self.recordings):
            return []
        start, seconds = self.recordings[number]
        replies = {0x24: [say.cms50f_duration(len(seconds))], 0x25: [say.cms50f_begin(start)]}
        return replies.get(code, say.cms50f_data(seconds))

    async def measure(self, spo2: int = 97, pulse: int = 72, seconds: int = 20) -> None:
        """A recording was made, and the oximeter is on."""
        start = local_now().replace(microsecond=0)
        self.recordings.append((start, [(spo2, pulse)] * seconds + [(127, 255)] * 3))
        self.on = True


class Bm65(SerialInstrument):
    """A Beurer BM65: its memory is read by question and answer."""

    driver = "beurer-bm65"
    on = False

    def __init__(self, path: Path, chance: Chance, mischief: Mischief | None = None, speed: float = 1.0) -> None:
        super().__init__(path, chance, mischief, speed)
        self.records: list[bytes] = []

    def hear(self, data: bytes) -> None:
        """Answers while its display is on."""
        if not self.on:
            return
        fixed: Mapping[int, bytes] = {0xAA: b"\x55", 0xA2: bytes((len(self.records),))}
        if data[0] in fixed:
            self.answer([fixed[data[0]]])
        elif data[0] == 0xA3 and 0 < data[1] <= len(self.records):
            self.answer([self.records[data[1] - 1]])

    async def measure(self, systolic: int = 128, diastolic: int = 82, pulse: int = 70) -> None:
        """A measurement was made, and the cuff is connected."""
        self.records.append(say.bm65_record(systolic, diastolic, pulse, local_now()))
        self.on = True


class Visomat(SerialInstrument):
    """A Visomat Double Comfort: it dumps its memory."""

    driver = "visomat-serial"

    def __init__(self, path: Path, chance: Chance, mischief: Mischief | None = None, speed: float = 1.0) -> None:
        super().__init__(path, chance, mischief, speed)
        self.records: list[tuple[int, int, int, datetime]] = []

    async def measure(self, systolic: int = 128, diastolic: int = 82, pulse: int = 70) -> None:
        """A measurement was made, and the memory is dumped."""
        self.records.append((systolic, diastolic, pulse, local_now()))
        await self.say([say.visomat_dump(self.records)])


class Ua767pc(SerialInstrument):
    """An A&D UA-767PC."""

    driver = "and-ua767pc"

    async def measure(self, systolic: int = 128, diastolic: int = 82, pulse: int = 70) -> None:
        """A measurement is made and sent."""
        await self.say([say.ua767pc(systolic, diastolic, pulse)])


class Sp10(SerialInstrument):
    """A Contec SP10 on a serial port: simulation only."""

    driver = "spirometer-sp10-serial"

    def __init__(self, path: Path, chance: Chance, mischief: Mischief | None = None, speed: float = 1.0) -> None:
        super().__init__(path, chance, mischief, speed)
        self.blows: list[bytes] = []
        self._next = 0

    def hear(self, data: bytes) -> None:
        """Goes through its session."""
        if self.blows:
            self.answer(self._reply(data))

    def _reply(self, data: bytes) -> list[bytes]:
        simple = {0x80: b"\xf0\x00", 0x83: b"\xf3\x00\x00", 0x82: b"\xf2" + bytes(7), 0x94: b"\xe4" + bytes(22)}
        if data[0] in simple:
            return [simple[data[0]]]
        if data[0] == 0x90:
            return [bytes((0xE0, len(self.blows) & 0x7F, len(self.blows) >> 7)) + bytes(7)]
        if data[0] == 0x92:
            return [b"\xe2\x01\x00\x02\x00", bytes(16)]
        if data[0] != 0x91 or data[1] > 1:
            return []
        self._next = 0 if data[1] == 0 else self._next + 1
        return [self.blows[self._next]] if self._next < len(self.blows) else [b"\xe1\x7e" + bytes(42)]

    async def measure(self, fvc: float = 5.1, fev1: float = 4.95, pef: float = 9.33) -> None:
        """A blow."""
        self.blows.append(say.sp10_record(len(self.blows) + 1, local_now(), fvc, fev1, pef))


def local_now() -> datetime:
    """Wall time where this machine is, naive: what an instrument's own clock shows."""
    return datetime.now(UTC).astimezone().replace(tzinfo=None)
