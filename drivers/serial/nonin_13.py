"""Nonin 9560 Onyx II, data format 13: one dated message per measurement, those from its memory first.

Nonin, Onyx II Model 9560 OEM Specification and Technical Information, 6470-000-01 (2008). The oximeter deletes what it
has sent; its clock and memory are lost with its batteries.
"""

from collections.abc import Generator
from datetime import datetime, timedelta

from drivers.api import (
    PORT,
    Await,
    ClockRead,
    DecodeError,
    Framer,
    Measurement,
    Reply,
    SerialDriver,
    Step,
    TalkContext,
    TimedOut,
    Value,
    Write,
)
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.framers import Packets
from drivers.gather import each
from drivers.quantities import PULSE_OXIMETER, SPO2
from drivers.serial.nonin import LINE, NO_PULSE, NO_SPO2, selecting, value
from drivers.serial.stamps import bcd, moment, read_parts

_HEAD = bytes.fromhex("0002000d")
_LONGEST = 64
_TIME_REPLY = b"\x02\xf2\x06"


def _measure(data: bytes, at: int) -> int:
    rest = data[at : at + _LONGEST + 8]
    if _TIME_REPLY.startswith(rest[:3]):
        return 0 if len(rest) < 10 else 10 if rest[9] == 3 else -1
    if not _HEAD.startswith(rest[:4]):
        return -1
    if len(rest) < 6:
        return 0
    length = rest[4] << 8 | rest[5]
    if not 14 <= length <= _LONGEST:
        return -1
    if len(rest) < length + 8:
        return 0
    return length + 8 if _fault(rest[: length + 8]) is None else -1


def _fault(message: bytes) -> str | None:
    if message[-1] != 3:
        return "not-a-message"
    return None if sum(message[6:-2]) & 0xFF == message[-2] else "checksum"


def decode(data: bytes) -> Measurement | None:
    """One message of format 13; None for the answer to a question for the time. Failed where nothing was measured."""
    if data[:3] == _TIME_REPLY:
        return None
    cursor = Cursor(data, "big")
    if cursor.take(4) != _HEAD:
        raise DecodeError("not-a-message", 0, "format 13 begins 00 02 00 0D")
    length = cursor.u16()
    if not 14 <= length <= _LONGEST:
        raise DecodeError("not-a-message", 4, "impossible length")
    content = cursor.take(length + 2)[:-2]
    fault = _fault(data[: length + 8])
    if fault:
        raise DecodeError(fault, length + 6, "the message does not end as it should")
    return _read(Cursor(content, "big"))


def _read(cursor: Cursor) -> Measurement:
    draft = Draft("pulse-oximeter")
    raw = cursor.take(8)
    century, year, *rest = (bcd(byte) for byte in raw[:7])
    read_parts(draft, raw, century * 100 + year, *rest)
    status, pulse = cursor.u16(), cursor.u16()
    cursor.take(1)
    value(draft, SPO2, cursor.u8() & 0x7F, NO_SPO2)
    value(draft, PULSE_OXIMETER, pulse & 0x1FF, NO_PULSE)
    draft.stored = bool(status & 0x0010)
    none, smartpoint, battery = bool(status & 0x0100), bool(status & 0x0200), bool(status & 1)
    draft.detail |= {"smartpoint": smartpoint, "no_measurement": none, "from_memory": draft.stored}
    draft.detail |= {"low_battery": battery, "status_raw": status}
    if battery:
        draft.mark("low-battery", "valid")
    if not smartpoint:
        draft.mark("no-smartpoint")
    return draft.done(cursor, "no-measurement" if none else None)


# --- what the hub says ----------------------------------------------------------------------------------------------


def set_time(time: datetime) -> bytes:
    """The command that sets the clock (not answered)."""
    return bytes((0x02, 0x72, 0x06, time.year % 100, time.month, time.day, time.hour, time.minute, time.second, 0x03))


GET_TIME = b"\x02\x72\x00\x03"
_ANSWER_S = 2.0
# Stored measurements come at once; silence means there are none, and the clock may be moved under nothing.
_QUIET_S = 3
_CLOCK_OFF_S = 60

_Conversation = Generator[Step, Reply, None]


def _talk(context: TalkContext) -> _Conversation:
    """Selects the format if asked to, reads the clock, and sets it if it is off and no stored measurement comes."""
    yield from selecting(13)(context)
    device = yield from _read_clock()
    if device is None or context.local_time is None:
        return
    off = abs((context.local_time - device).total_seconds())
    if off <= _CLOCK_OFF_S or not isinstance((yield Await(_QUIET_S)), TimedOut):
        return
    yield Write(PORT, set_time(context.local_time + timedelta(seconds=_QUIET_S)))
    yield from _read_clock()


def _read_clock() -> Generator[Step, Reply, datetime | None]:
    yield Write(PORT, GET_TIME)
    seen = b""
    while len(seen) < 512:
        reply = yield Await(_ANSWER_S)
        if not isinstance(reply, Value):
            return None
        seen += reply.data
        at = seen.find(_TIME_REPLY)
        if at >= 0 and len(seen) >= at + 9:
            year, *rest = seen[at + 3 : at + 9]
            time = moment(2000 + year, *rest)
            yield ClockRead(time)
            return time
    return None


def _framer() -> Framer:
    return Packets(_measure, _LONGEST + 8, least=10)


DRIVER = SerialDriver(
    name="nonin-serial-13",
    kind="pulse-oximeter",
    framer=_framer,
    decode=decode,
    modes={"each": each(5.0)},
    line=LINE,
    tells_clock=True,
    talk=_talk,
    verified="commands printed in the maker's document; messages constructed from it",
)
