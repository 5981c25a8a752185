"""Omron HEM cuffs with the maker's own memory protocol, read only. Off unless allowed; not from, nor backed by, Omron.

userx14/omblepy (README, sharedDriver.py, deviceSpecific/: session, memory maps, record fields); eigger/hass-omron,
tests/test_record_parsers.py and issue #7, and shawn-gxp/sh3-pi, PARSE_EXAMPLE_HEM7143T1.md (captured records and
replies).

Only cuffs that are read over a bond of the operating system alone: others want a key or token written into them, and
nothing is ever written into a cuff here, neither clock nor counters, for the same memory holds its calibration. The
session is start, reads of one record each, end. The whole memory is read at each contact; what is known is the same
record. Where a date is told it is the cuff's own, which its owner sets.
"""

from collections.abc import Generator
from dataclasses import dataclass
from decimal import Decimal

from drivers.api import (
    Await,
    BleDriver,
    Characteristic,
    Decode,
    DecodeError,
    Framer,
    Measurement,
    Reply,
    Step,
    Talk,
    TalkContext,
    Value,
)
from drivers.ble.device_information import STANDARD_INFO
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.framers import Packets
from drivers.gather import each
from drivers.quantities import DIASTOLIC, PULSE_CUFF, SYSTOLIC
from drivers.saying import say
from drivers.serial.stamps import read_parts
from drivers.uuids import full

SERVICE = full(0xFE4A)
HEARD, SAID = "49123040-aee8-11e1-a74d-0002a5d5c51b", "db5b55e0-aee7-11e1-965e-0002a5d5c51b"

START, END = bytes.fromhex("0800000000100018"), bytes.fromhex("080f000000000007")
_STARTED, _READ, _ENDED = 0x8000, 0x8100, 0x8F00

_HEAD, _TAIL, _LONGEST = 6, 2, 8 + 56
_HIGHEST = 0xE1
_MOVED, _IRREGULAR = 0x8000, 0x4000
_ANSWER_S, _TRIES = 2.0, 3
# Pieces of a reply, and of late ones to an earlier question.
_PIECES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Where a model keeps its records: the first address of each user, records of a user, bytes of a record.

    `numbered`: a record carries its number.
    """

    model: str
    starts: tuple[int, ...]
    records: int
    size: int
    numbered: bool
    verified: str

    def user(self, address: int) -> int:
        """The user whose record stands at an address."""
        return max((place for place, start in enumerate(self.starts) if start <= address), default=0)

    def addresses(self) -> list[int]:
        """Where each record stands."""
        return [start + place * self.size for start in self.starts for place in range(self.records)]


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply of the cuff: kind, address and bytes of its memory."""

    kind: int
    address: int
    data: bytes


def read_request(address: int, size: int) -> bytes:
    """Asks for bytes of the memory."""
    plain = b"\x08\x01\x00" + address.to_bytes(2, "big") + bytes((size, 0))
    return plain + bytes((_xor(plain),))


def answer(frame: bytes) -> Answer:
    """Reads a reply."""
    if len(frame) < _HEAD + _TAIL or len(frame) < frame[0]:
        raise DecodeError("truncated", len(frame), "a reply is as long as its first byte says")
    if _measure(frame, 0) != len(frame):
        raise DecodeError("checksum", len(frame) - 1, "the bytes of a reply cancel each other out")
    cursor = Cursor(frame[1:], "big")
    kind, address, size = cursor.u16(), cursor.u16(), cursor.u8()
    data = frame[_HEAD:-_TAIL]
    if kind != _READ:
        return Answer(kind, address, b"")
    # Of a place that was never written the cuff may tell the size alone.
    return Answer(kind, address, data if len(data) == size else b"\xff" * size)


def framer() -> Framer:
    """Cuts notifications into replies."""
    return Packets(_measure, _LONGEST)


def _measure(data: bytes, at: int) -> int:
    length = data[at]
    if not _HEAD + _TAIL <= length <= _LONGEST:
        return -1
    if len(data) - at > 1 and not data[at + 1] & 0x80:
        return -1
    if len(data) - at < length:
        return 0
    return -1 if _xor(data[at : at + length]) else length


def _xor(data: bytes) -> int:
    result = 0
    for byte in data:
        result ^= byte
    return result


# --- records --------------------------------------------------------------------------------------------------------


def record(data: bytes, user: int | None, numbered: bool) -> Measurement | None:
    """One record of 14 or 16 bytes, low bytes first; None for a place that holds none."""
    cursor = Cursor(data)
    systolic, diastolic, pulse, year = cursor.u8(), cursor.u8(), cursor.u8(), cursor.u8()
    day, minute, rest = cursor.u16(), cursor.u16(), cursor.rest()
    if systolic > _HIGHEST or not any(data):
        return None
    draft = Draft("blood-pressure")
    draft.user, draft.stored = user, True
    draft.value(SYSTOLIC, Decimal(systolic + 25))
    draft.value(DIASTOLIC, Decimal(diastolic))
    draft.value(PULSE_CUFF, Decimal(pulse))
    if numbered:
        draft.record = Cursor(rest[2:]).u16()
    # Seconds run to 63.
    time = (day & 31, minute >> 6 & 63, min(minute & 63, 59))
    read_parts(draft, data[3:8], 2000 + (year & 63), day >> 10 & 15, day >> 5 & 31, *time)
    for bit, flag in ((_MOVED, "body-movement"), (_IRREGULAR, "irregular-pulse")):
        if day & bit:
            draft.mark(flag, "valid")
    return draft.done(Cursor(b""))


def _decode(memory: Memory) -> Decode:
    def decode(frame: bytes) -> Measurement | None:
        """A reply of the cuff; None for one that holds no record."""
        told = answer(frame)
        if told.kind != _READ:
            return None
        if len(told.data) != memory.size:
            raise DecodeError("unexpected-size", 5, f"a record has {memory.size} bytes")
        return record(told.data, memory.user(told.address), memory.numbered)

    return decode


# --- the session ----------------------------------------------------------------------------------------------------


def _talk(memory: Memory) -> Talk:
    def talk(context: TalkContext) -> Generator[Step, Reply, None]:
        if not (yield from _ask(START, _STARTED, None)):
            return
        for address in memory.addresses():
            if not (yield from _ask(read_request(address, memory.size), _READ, address)):
                break
        yield from _ask(END, _ENDED, None)

    return talk


def _ask(question: bytes, kind: int, address: int | None) -> Generator[Step, Reply, bool]:
    """Whether a question is answered, asked a few times."""
    for _ in range(_TRIES):
        if not (yield from say(SAID, question)):
            return False
        if (yield from _answered(kind, address)):
            return True
    return False


def _answered(kind: int, address: int | None) -> Generator[Step, Reply, bool]:
    stream = framer()
    for _ in range(_PIECES):
        reply = yield Await(_ANSWER_S)
        if not isinstance(reply, Value):
            break
        told = [answer(m) for m in stream.feed(reply.data) if isinstance(m, bytes)]
        if any(t.kind == kind and address in (None, t.address) for t in told):
            return True
    return False


def _driver(memory: Memory) -> BleDriver:
    return BleDriver(
        name=f"omron-{memory.model}",
        kind="blood-pressure",
        services=(SERVICE,),
        modes={"each": each(1.0)},
        characteristics=(Characteristic(HEARD, _decode(memory), control=True, framer=framer),),
        info=STANDARD_INFO,
        talk=_talk(memory),
        verdict="opt-in",
        verified=memory.verified,
    )


_NO_SESSION = "; the session as public tools hold it, not tried on a device"
MEMORIES = (
    Memory(
        model="hem-7142t2",
        starts=(0x02E8,),
        records=30,
        size=14,
        numbered=True,
        verified="records captured from HEM-7142T2, HEM-7143T1 and HEM-7380T-EBK, replies of the last; 30 records, "
        "though variants may hold more" + _NO_SESSION,
    ),
    Memory(
        model="hem-7380t1",
        starts=(0x01C4, 0x0804),
        records=100,
        size=16,
        numbered=False,
        verified="constructed records only" + _NO_SESSION,
    ),
    Memory(
        model="hem-7377t1",
        starts=(0x01CC, 0x080C),
        records=100,
        size=16,
        numbered=False,
        verified="constructed records only; which user is which must be tried out" + _NO_SESSION,
    ),
)
DRIVERS = tuple(_driver(memory) for memory in MEMORIES)
