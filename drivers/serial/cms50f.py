"""Contec CMS50F v3.7 and later, CMS50D+ with firmware 4.6: stored recordings and live values at 115200 8N1.

SleepyHead's cms50f37_loader.cpp, with the replies it quotes; one live frame published by a reader of a CMS50D+ 4.6. A
command is 9 bytes beginning 7D 81. A reply's first byte tells its kind and length; the bytes behind it have bit 7 set,
and the second of them carries, bit by bit, the bit 7 of those that follow. The name of the user is never asked for, and
nothing is deleted.
"""

from collections.abc import Callable, Generator
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
    Value,
    Write,
)
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.framers import Packets
from drivers.quantities import PULSE_OXIMETER, SPO2
from drivers.serial.recording import Recording
from drivers.serial.spot import Rule, stay
from drivers.serial.stamps import moment

LINE = Line(115200, 8, "N", 1)
LENGTHS = {
    0x01: 9,
    0x02: 9,
    0x03: 9,
    0x04: 9,
    0x05: 9,
    0x06: 4,
    0x07: 8,
    0x08: 8,
    0x09: 6,
    0x0A: 4,
    0x0B: 4,
    0x0C: 2,
    0x0E: 3,
    0x0F: 8,
    0x10: 3,
    0x11: 9,
    0x12: 8,
    0x13: 9,
    0x14: 9,
}
_LIVE, _USER, _DATE, _DURATION, _COUNT, _DATA, _TIME = 0x01, 0x05, 0x07, 0x08, 0x0A, 0x0F, 0x12
_NAMES = {
    0x02: "model",
    0x03: "vendor",
    _USER: "user name",
    _DATE: "session date",
    _DURATION: "session duration",
    _COUNT: "session count",
    _DATA: "session data",
    _TIME: "session time",
    0x11: "oximeter info",
}
NO_SPO2, NO_PULSE = 0x7F, 0xFF
# 60 frames a second; 8 s on end alike.
_RULE = Rule(alike=480, told=False, least=360, out=60, cable=True)


def _measure(data: bytes, at: int) -> int:
    length = LENGTHS.get(data[at], 0)
    rest = data[at + 1 : at + length]
    if not length or (rest and min(rest) < 0x80):
        return -1
    return length if len(rest) == length - 1 else 0


def _framer() -> Framer:
    return Packets(_measure, 9)


def unpack(data: bytes) -> bytes:
    """The bytes behind the second, with their bit 7; DecodeError for what is no reply."""
    length = LENGTHS.get(data[0]) if data else None
    if length is None:
        raise DecodeError("not-a-reply", 0, "no reply begins like this")
    Cursor(data).take(length)
    for at in range(1, length):
        if data[at] < 0x80:
            raise DecodeError("not-a-reply", at, "bit 7 is set in all bytes but the first")
    return bytes(byte & 0x7F | (data[1] >> i & 1) << 7 for i, byte in enumerate(data[2:length]))


def _pair(draft: Draft, spo2: int, pulse: int) -> None:
    known = spo2 not in (0, NO_SPO2) and pulse not in (0, NO_PULSE)
    draft.value(SPO2, Decimal(spo2) if known else Absent.NOT_A_NUMBER)
    draft.value(PULSE_OXIMETER, Decimal(pulse) if known else Absent.NOT_A_NUMBER)


# --- stored -----------------------------------------------------------------------------------------------------------


def decode_stored(data: bytes) -> Measurement:
    """One reply; only `session data` has values, of three seconds."""
    content = unpack(data)
    draft = Draft("pulse-oximeter")
    draft.stored = True
    draft.detail |= {"reply": _NAMES.get(data[0], "other"), "part": "other", "clean": True}
    part = _PARTS.get(data[0])
    if part is not None:
        part(draft, data, content)
    return draft.done(Cursor(data[LENGTHS[data[0]] :]))


def _date(draft: Draft, data: bytes, content: bytes) -> None:
    century, year, month, day = content[2:6]
    time = moment(century * 100 + year, month, day)
    told = f"{century:02d}{year:02d}-{month:02d}-{day:02d}"
    draft.time(time, data, None if time else "impossible-date", told)
    draft.detail["part"] = "date"


def _time(draft: Draft, data: bytes, content: bytes) -> None:
    hour, minute, second = content[2:5]
    told = f"{hour:02d}:{minute:02d}:{second:02d}"
    possible = moment(2000, 1, 1, hour, minute, second) is not None
    draft.time(None, data, None if possible else "impossible-date", told)
    draft.detail |= {"part": "time", "time": told}
    draft.detail["offset_s"] = hour * 3600 + minute * 60 + second if possible else None


def _duration(draft: Draft, data: bytes, content: bytes) -> None:
    raw = content[2] | content[3] << 8 | content[4] << 16
    draft.detail |= {"part": "duration", "raw": raw, "records": raw // 2}


def _count(draft: Draft, data: bytes, content: bytes) -> None:
    draft.detail |= {"part": "count", "sessions": content[1]}


def _seconds(draft: Draft, data: bytes, content: bytes) -> None:
    draft.detail["part"] = "seconds"
    for at in (0, 2, 4):
        _pair(draft, content[at], content[at + 1])


_PARTS: dict[int, Callable[[Draft, bytes, bytes], None]] = {
    _DATE: _date,
    _TIME: _time,
    _DURATION: _duration,
    _COUNT: _count,
    _DATA: _seconds,
}


# --- live -------------------------------------------------------------------------------------------------------------


def decode_live(data: bytes) -> Measurement | None:
    """One live frame: signal and finger, two waveforms, pulse, SpO2; None for any other reply."""
    content = unpack(data)
    if data[0] != _LIVE:
        return None
    signal, bar, pleth, pulse, spo2 = content[:5]
    draft = Draft("pulse-oximeter")
    finger = not signal & 0x80
    _pair(draft, spo2 if finger else NO_SPO2, pulse)
    draft.detail |= {"finger": finger, "clean": True, "signal": signal & 15, "bar": bar, "pleth": pleth}
    return draft.done(Cursor(data[LENGTHS[_LIVE] :]))


# --- what the hub says ------------------------------------------------------------------------------------------------


def command(code: int, argument: int = 0) -> bytes:
    """A command and its argument (7 bits each)."""
    return bytes((0x7D, 0x81, 0x80 | code, 0x80, 0x80 | argument, 0x80, 0x80, 0x80, 0x80))


HELLO, HELLO_AGAIN, COUNT, DURATION, DATE_TIME, SESSION, LIVE = 0x27, 0x22, 0x23, 0x24, 0x25, 0x26, 0x21
_ANSWER_S = 2.0
# The rest of a short answer follows at once; a recording may pause.
_REST_S = 0.3
_LISTEN_S = 30.0
# A live stream ends by itself after 30 s.
_AGAIN_S = 20


_Asking = Generator[Step, Reply, bytes]


def _ask(code: int, argument: int = 0) -> _Asking:
    """Asks, and listens until nothing more comes; gives the end of what came."""
    yield Write(PORT, command(code, argument))
    heard, patience = b"", _ANSWER_S
    while isinstance(reply := (yield Await(patience)), Value):
        heard = (heard + reply.data)[-512:]
        patience = _ANSWER_S if code == SESSION else _REST_S
    return heard


def _fetch(context: TalkContext) -> Generator[Step, Reply, None]:
    """Fetches every recording each time the oximeter begins to answer."""
    there = False
    while True:
        answered = bool((yield from _ask(HELLO)))
        if answered and not there:
            yield from _ask(HELLO_AGAIN)
            for session in range(_sessions((yield from _ask(COUNT)))):
                for code in (DURATION, DATE_TIME, SESSION):
                    yield from _ask(code, session)
        there = answered
        while isinstance((yield Await(_LISTEN_S)), Value):
            pass


def _sessions(heard: bytes) -> int:
    """How many recordings there are, by the answer to `COUNT`."""
    replies = [reply for reply in _framer().feed(heard) if isinstance(reply, bytes) and reply[0] == _COUNT]
    return unpack(replies[-1])[1] if replies else 0


def _keep_live(context: TalkContext) -> Generator[Step, Reply, None]:
    """Asks for the live stream, and again before it ends."""
    while True:
        yield Write(PORT, command(LIVE))
        yield from _for_a_while()


def _for_a_while() -> Generator[Step, Reply, None]:
    left = 60 * _AGAIN_S * LENGTHS[_LIVE]
    while left > 0:
        reply = yield Await(_ANSWER_S)
        if not isinstance(reply, Value):
            return
        left -= len(reply.data)


STORED = SerialDriver(
    name="cms50f-stored",
    kind="pulse-oximeter",
    framer=_framer,
    decode=decode_stored,
    modes={"recording": Recording},
    line=LINE,
    talk=_fetch,
    verified="replies quoted from a device; recordings constructed from them",
)
LIVE_STREAM = SerialDriver(
    name="cms50f-serial",
    kind="pulse-oximeter",
    framer=_framer,
    decode=decode_live,
    modes={"spot": stay(_RULE)},
    memory=False,
    line=LINE,
    talk=_keep_live,
    verdict="experimental",
    verified="one published frame of a CMS50D+ with firmware 4.6; the rest constructed",
)
DRIVERS = (LIVE_STREAM, STORED)
