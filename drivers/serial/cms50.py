"""Contec CMS50D+, CMS50E and early CMS50F over their USB cable: live values.

Bit meanings: atbrask/CMS50Dplus (unittests.py) and SleepyHead's cms50_loader.cpp. 19200 8O1, 60 frames a second of 5
bytes, bit 7 in the first alone; there is no check sum. XON/XOFF, which one program turns on, would swallow data.

The rule for a reading: 8 s on end (480 frames) with a finger in, not searching, alike; one for each stay of the finger.
"""

from collections.abc import Generator
from decimal import Decimal

from drivers.api import (
    PORT,
    Absent,
    Await,
    DecodeError,
    Framer,
    Line,
    Measurement,
    Reply,
    SerialDriver,
    Step,
    TalkContext,
    TimedOut,
    Write,
)
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.framers import Packets, fixed
from drivers.quantities import PULSE_OXIMETER, SPO2
from drivers.serial.recording import Recording
from drivers.serial.spot import Rule, stay

LINE = Line(19200, 8, "O", 1)
_RULE = Rule(alike=480, told=False, least=360, out=60, cable=True)
_UNKNOWN = (0, 127)


def values(draft: Draft, spo2: int, pulse: int, *, finger: bool) -> None:
    """SpO2 and pulse; both absent without a finger, and where the SpO2 is one of the marks for none."""
    known = finger and spo2 not in _UNKNOWN
    draft.value(SPO2, Decimal(spo2) if known else Absent.NOT_A_NUMBER)
    draft.value(PULSE_OXIMETER, Decimal(pulse) if known and 0 < pulse < 255 else Absent.NOT_A_NUMBER)
    draft.detail |= {"finger": finger, "spo2_raw": spo2, "pulse_raw": pulse}


# --- live -------------------------------------------------------------------------------------------------------------


def _sound(data: bytes) -> bool:
    return max(data[1:5]) < 0x80


def decode_live(data: bytes) -> Measurement:
    """One frame: b0-3 signal, b4 finger out, b5 SpO2 dropping, b6 beep; waveform; b0-3 bar, b4 probe error, b5
    searching, b6 pulse bit 7; pulse; SpO2."""
    cursor = Cursor(data)
    head, pleth, middle, pulse, spo2 = cursor.take(5)
    if head < 0x80 or not _sound(data):
        raise DecodeError("not-a-frame", 0, "bit 7 stands in the first byte alone")
    draft = Draft("pulse-oximeter")
    out, error, searching = bool(head & 0x10), bool(middle & 0x10), bool(middle & 0x20)
    values(draft, spo2, (middle & 0x40) << 1 | pulse, finger=not out and not error)
    draft.detail |= {
        "clean": not searching,
        "signal": head & 15,
        "finger_out": out,
        "dropping": bool(head & 0x20),
        "beep": bool(head & 0x40),
        "pleth": pleth,
        "bar": middle & 15,
        "probe_error": error,
        "searching": searching,
    }
    return draft.done(cursor)


def _live_framer() -> Framer:
    return Packets(fixed(5, _sound, lambda byte: byte >= 0x80), 5, least=5)


LIVE = SerialDriver(
    name="cms50d-serial",
    kind="pulse-oximeter",
    framer=_live_framer,
    decode=decode_live,
    modes={"spot": stay(_RULE)},
    memory=False,
    line=LINE,
    verified="frames constructed from two public readers; no capture",
)


# --- stored -----------------------------------------------------------------------------------------------------------

ASK, GO_LIVE = b"\xf5\xf5", b"\xf6\xf6\xf6"
_HEAD = 0xF2
# The end of an upload is silence; and so is an oximeter that has been switched off.
_SILENCE_S = 2.0
_LISTEN_S = 60.0


def _measure_stored(data: bytes, at: int) -> int:
    """Three bytes of an upload (the second has bit 7), or a live frame that came between (it has not)."""
    rest = data[at : at + 5]
    if rest[0] < 0x80:
        return -1
    if len(rest) == 1:
        return 0
    if rest[1] < 0x80:
        return -1 if max(rest[1:]) >= 0x80 else 5 if len(rest) == 5 else 0
    return 0 if len(rest) == 2 else 3 if rest[2] < 0x80 else -1


def decode_stored(data: bytes) -> Measurement | None:
    """A header, the length of the upload, or one second of it; None for a live frame that came between."""
    if len(data) == 5 and data[0] >= 0x80 and _sound(data):
        return None
    cursor = Cursor(data)
    first, second, third = cursor.take(3)
    if first < 0x80 or second < 0x80 or third >= 0x80:
        raise DecodeError("not-a-frame", 0, "not three bytes of an upload")
    draft = Draft("pulse-oximeter")
    draft.stored = True
    if first & 0xFE == 0xF0:
        draft.detail |= {"part": "seconds", "clean": True}
        values(draft, third, (first & 1) << 7 | second & 0x7F, finger=third not in _UNKNOWN)
    elif first == _HEAD:
        draft.detail |= {"part": "header", "hours": second & 0x7F, "minutes": third, "raw": data[:3].hex()}
    else:
        length = ((first & 0x7F) << 14 | (second & 0x7F) << 7 | third) + 1
        if length % 3:
            raise DecodeError("not-a-frame", 0, "an upload is whole seconds of three bytes")
        draft.detail |= {"part": "length", "seconds": length // 3, "raw": data[:3].hex()}
    return draft.done(cursor)


def _ask(context: TalkContext) -> Generator[Step, Reply, None]:
    """Asks for the memory each time the oximeter begins to send, and lets it go live again."""
    while True:
        if isinstance((yield Await(_LISTEN_S)), TimedOut):
            continue
        yield Write(PORT, ASK)
        yield from _until_silent()
        yield Write(PORT, GO_LIVE)
        yield from _until_silent()


def _until_silent() -> Generator[Step, Reply, None]:
    while not isinstance((yield Await(_SILENCE_S)), TimedOut):
        pass


def _stored_framer() -> Framer:
    return Packets(_measure_stored, 5)


STORED = SerialDriver(
    name="cms50d-stored",
    kind="pulse-oximeter",
    framer=_stored_framer,
    decode=decode_stored,
    modes={"recording": Recording},
    line=LINE,
    talk=_ask,
    verified="uploads constructed from two public readers; no capture",
)
DRIVERS = (LIVE, STORED)
