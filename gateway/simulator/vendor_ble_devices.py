"""Virtual devices with a maker's own protocol: oximeters that stream or store, and a spirometer.

Each has something real ones do wrong: see `Habits` (values sent twice, links that end midway) and its own parameters.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Unpack

from drivers.uuids import full
from gateway.simulator import vendor_frames
from gateway.simulator.bluez.radio import Characteristic, Service
from gateway.simulator.peripheral import Common, VirtualDevice

NONIN, NONIN_VALUES = "46a970e0-0d5f-11e2-8b5e-0002a5d5c51b", "0aad7ea0-0d60-11e2-8e3c-0002a5d5c51b"
VIATOM, VIATOM_VALUES = "6e400001-b5a3-f393-e0a9-e50e24dcca9e", "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
JUMPER, JUMPER_VALUES = "cdeacb80-5235-4c07-8846-93a37ee6b86d", "cdeacb81-5235-4c07-8846-93a37ee6b86d"
BERRY, BERRY_VALUES = "49535343-fe7d-4ae5-8fa9-9fafd205e455", "49535343-1e4d-4bd9-ba61-23c647249616"
OMRON, OMRON_SAYS = full(0xFE4A), "49123040-aee8-11e1-a74d-0002a5d5c51b"
OMRON_HEARS = "db5b55e0-aee7-11e1-965e-0002a5d5c51b"
CONTEC, CONTEC_WRITE, CONTEC_NOTIFY = full(0xFF12), full(0xFF01), full(0xFF02)


# --- oximeters that stream ------------------------------------------------------------------------------------------


class Nonin3230(VirtualDevice):
    """Nonin 3230: a frame a second while a finger is in. The virtual one is as fast as the radio."""

    def __init__(
        self, name: str = "Nonin3230_502347512", address: str = "C0:00:00:00:01:01", **common: Unpack[Common]
    ) -> None:
        super().__init__(name, address, _stream(NONIN, NONIN_VALUES), **common)

    def finger(self, spo2: int = 97, pulse: int = 72, *, seconds: int = 12, smartpoint: bool = True) -> None:
        """A finger is in for a while: it searches first, and settles if `smartpoint`; then it is out."""
        search = [vendor_frames.nonin_3230(None, None, smartpoint=False, searching=True)] * 3
        early = [vendor_frames.nonin_3230(spo2 - 3, pulse + 20, smartpoint=False, weak=True)] * 3
        later = [vendor_frames.nonin_3230(spo2, pulse, smartpoint=smartpoint, second=n) for n in range(seconds)]
        out = [vendor_frames.nonin_3230(None, None, smartpoint=False)] * 3
        self.queue(NONIN_VALUES, *search, *early, *later, *out)


class PC60FW(VirtualDevice):
    """Viatom PC-60FW: frames in a byte stream that notifications cut anywhere (`piece` bytes each).

    `damaged` numbers frames of a second in which a byte is wrong.
    """

    def __init__(
        self,
        name: str = "PC-60FW",
        address: str = "C0:00:00:00:01:02",
        *,
        piece: int = vendor_frames.RADIO_PIECE,
        damaged: Sequence[int] = (),
        **common: Unpack[Common],
    ) -> None:
        super().__init__(name, address, _stream(VIATOM, VIATOM_VALUES), **common)
        self._piece = piece
        self._damaged = frozenset(damaged)

    def finger(self, spo2: int = 97, pulse: int = 72, *, seconds: int = 12) -> None:
        """A finger is in for a while; then it is out."""
        shown = [vendor_frames.pc_60fw(0, 0, perfusion=0)] * 3
        for second in range(seconds):
            frame = bytearray(vendor_frames.pc_60fw(spo2, pulse))
            if second in self._damaged:
                frame[16] ^= 0x55
            shown.append(bytes(frame))
        stream = b"".join([*shown, *[vendor_frames.pc_60fw(0, 0, perfusion=0)] * 4])
        self.queue(VIATOM_VALUES, *vendor_frames.pieces(stream, self._piece))


class Jumper(VirtualDevice):
    """Jumper JPD-500F: a frame of values a second, among others."""

    def __init__(self, name: str = "My Oximeter", address: str = "C0:00:00:00:01:0A", **common: Unpack[Common]) -> None:
        super().__init__(name, address, _stream(JUMPER, JUMPER_VALUES), **common)

    def finger(self, spo2: int = 97, pulse: int = 72, *, seconds: int = 12) -> None:
        """A finger is in for a while; then it is out."""
        second = (b"\x80\x01\x02\x03", bytes((0x81, pulse, spo2, 40)))
        self.queue(JUMPER_VALUES, *(second * seconds), *[b"\x81\xff\x7f\x00"] * 4)


class Berry(VirtualDevice):
    """Berry BM1000: a hundred frames a second, as many in a notification as `piece` bytes hold."""

    def __init__(
        self,
        name: str = "BM1000C",
        address: str = "C0:00:00:00:01:0B",
        *,
        piece: int = vendor_frames.RADIO_PIECE,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(name, address, _stream(BERRY, BERRY_VALUES), **common)
        self._piece = piece

    def finger(self, spo2: int = 97, pulse: int = 72, *, seconds: int = 12) -> None:
        """A finger is in for a while; then it is out."""
        stream = vendor_frames.berry(spo2, pulse) * 100 * seconds + vendor_frames.berry(finger=False) * 60
        self.queue(BERRY_VALUES, *vendor_frames.pieces(stream, self._piece))


# --- a cuff that is asked for its memory ----------------------------------------------------------------------------


class OmronCuff(VirtualDevice):
    """Omron HEM-7142T2: a ring of records from address 0x02E8 on, read over a bond.

    `said` is all that the hub wrote. `loses`: numbers of requests that it does not answer. With `wants_token` it
    answers nothing at all.
    """

    def __init__(
        self,
        name: str = "HEM-7142T2",
        address: str = "C0:00:00:00:01:0C",
        *,
        loses: Sequence[int] = (),
        wants_token: bool = False,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(name, address, _OMRON, **common)
        self.said: list[bytes] = []
        self._ring: list[bytes] = []
        self._loses = frozenset(loses)
        self._wants_token = wants_token
        self._unread = False

    def measure(self, when: datetime, systolic: int = 128) -> None:
        """Somebody measured."""
        self._ring.append(vendor_frames.omron_record(len(self._ring) + 1, when, systolic))
        self._unread = True
        self.wake()

    @property
    def has_news(self) -> bool:
        """Whether there is something to fetch."""
        return self._unread

    def write(self, uuid: str, data: bytes) -> None:
        """A request, or what any device takes."""
        if uuid != OMRON_HEARS:
            super().write(uuid, data)
            return
        self.refuse_if_told(uuid)
        self.said.append(data)
        if self._wants_token or len(self.said) in self._loses:
            return
        memory = b""
        if data[1] == 1:
            place = (int.from_bytes(data[3:5], "big") - 0x02E8) // data[5]
            memory = self._ring[place] if place < len(self._ring) else b"\xff" * data[5]
        self._unread = self._unread and data[1] != 0x0F
        answer = vendor_frames.omron_reply(data, memory)
        self.reply(*((OMRON_SAYS, piece) for piece in vendor_frames.pieces(answer)))


# --- instruments on Contec's service --------------------------------------------------------------------------------


class ContecDevice(VirtualDevice):
    """Something on service FF12: what is written to FF01 is answered on FF02, in pieces.

    `said` is all that the hub wrote; `awake` is whether it has something to tell.
    """

    def __init__(self, name: str, address: str, **common: Unpack[Common]) -> None:
        super().__init__(name, address, _CONTEC, **common)
        self.said: list[bytes] = []
        self._news_told = True

    @property
    def has_news(self) -> bool:
        """Whether there is something to fetch."""
        return not self._news_told

    def measured(self) -> None:
        """Something was measured that the hub does not know."""
        self._news_told = False
        self.wake()

    def write(self, uuid: str, data: bytes) -> None:
        """A request, or what any device takes."""
        if uuid != CONTEC_WRITE:
            super().write(uuid, data)
            return
        self.refuse_if_told(uuid)
        self.said.append(data)
        stream = b"".join(self.answers(data))
        self.reply(*((CONTEC_NOTIFY, piece) for piece in vendor_frames.pieces(stream)))

    def answers(self, request: bytes) -> Iterable[bytes]:
        """What is answered; `fetched` is to be called when everything is told."""
        raise NotImplementedError

    def fetched(self) -> None:
        """The hub knows all."""
        self._news_told = True


class CMS50DBT(ContecDevice):
    """Contec CMS50D-BT: streams when asked, and stops again after `burst` messages."""

    def __init__(
        self, name: str = "CMS50D-BT", address: str = "C0:00:00:00:01:03", *, burst: int = 15, **common: Unpack[Common]
    ) -> None:
        super().__init__(name, address, **common)
        self._burst = burst
        self._values = (0, 0)

    def finger(self, spo2: int = 97, pulse: int = 72) -> None:
        """A finger is in."""
        self._values = (spo2, pulse)
        self.measured()

    def answers(self, request: bytes) -> Iterable[bytes]:
        """Values, for a while."""
        if request == vendor_frames.contec(0x9B, 1):
            self.fetched()
            yield from [vendor_frames.cms50d_bt(*self._values)] * self._burst


class PO60(ContecDevice):
    """Beurer PO60: records in memory, told in batches of `batch`; each is cut into 20 and 4 bytes.

    With `marks_last` False it does not say which is the last.
    """

    def __init__(
        self,
        name: str = "PO60",
        address: str = "C0:00:00:00:01:04",
        *,
        batch: int = 10,
        marks_last: bool = True,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(name, address, **common)
        self._batch = batch
        self._marks_last = marks_last
        self._records: list[tuple[datetime, int, int]] = []
        self._told = 0

    def store(self, ended: datetime, spo2: int = 96, pulse: int = 70) -> None:
        """A measurement goes to memory."""
        self._records.append((ended, spo2, pulse))
        self.measured()

    def answers(self, request: bytes) -> Iterable[bytes]:
        """Greeting, first batch, next batch."""
        if request == vendor_frames.contec(0x90, 5):
            yield b"\xf0\x00"
        elif request in (vendor_frames.contec(0x99, 0), vendor_frames.contec(0x99, 1)):
            self._told = 0 if request[1] == 0 else self._told
            start, self._told = self._told, min(self._told + self._batch, len(self._records))
            if self._told == len(self._records):
                self.fetched()
            for place in range(start, self._told):
                last = self._marks_last and place + 1 == len(self._records)
                ended, spo2, pulse = self._records[place]
                yield vendor_frames.po60_record(place + 1, ended, spo2, pulse, last=last)


class SP10W(ContecDevice):
    """Contec SP10W: blows in memory, told one by one in the order its application asks for them.

    `blows` is its memory: what deletes it, deletes it. `stalls_at`: it does not answer for the record of this number,
    once. `clock_set` is what its clock was set to.
    """

    def __init__(
        self,
        name: str = "SP10W",
        address: str = "C0:00:00:00:01:05",
        *,
        stalls_at: int | None = None,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(name, address, **common)
        self.blows: list[bytes] = []
        self.clock_set: tuple[int, ...] | None = None
        self._stalls_at = stalls_at
        self._at = 0

    def blow(self, *records: bytes) -> None:
        """Blows that go to memory."""
        self.blows += records
        self.measured()

    def answers(self, request: bytes) -> Iterable[bytes]:
        """The session, message by message."""
        plain = {0x80: b"\xf0\x00", 0x82: b"\xf2" + bytes(7), 0x94: b"\xe4" + bytes(22), 0x93: b"\xe3\x00\x00"}
        if request[0] == 0x83:
            self.clock_set = tuple(request[1:7])
            yield b"\xf3\x00\x00"
        elif request[0] == 0x90:
            yield bytes((0xE0, len(self.blows) % 128, len(self.blows) // 128)) + bytes(7)
        elif request[0] == 0x92:
            yield vendor_frames.sp10_curve()
        elif request[0] == 0x91:
            yield from self._record(request[1])
        else:
            yield plain[request[0]]
        if request[0] == 0x93 or request[:2] == b"\x91\x7f":
            self.blows.clear()

    def _record(self, which: int) -> Iterable[bytes]:
        if which in (0x7E, 0x7F):
            self.fetched()
            yield bytes((0xE1, which, 1))
            return
        self._at = 1 if which == 0 else self._at + 1
        if self._at == self._stalls_at:
            self._stalls_at = None
        else:
            yield self.blows[self._at - 1]


def _stream(service: str, values: str) -> Service:
    return Service(service, (Characteristic(values, ("notify",)),))


_CONTEC = Service(CONTEC, (Characteristic(CONTEC_WRITE, ("write",)), Characteristic(CONTEC_NOTIFY, ("notify",))))
_OMRON = Service(
    OMRON,
    (Characteristic(OMRON_HEARS, ("write-without-response",)), Characteristic(OMRON_SAYS, ("notify",), secure=True)),
)
