"""Contec SP10 spirometer: its session and its records, over whatever carries bytes.

tikhonp/contec-spirometer-ios-app, spirometer/ContecSDK: a working application; no bytes captured from a device were
found. Numbers are pairs of 7 bits, low ones first; volumes in L, flows in L/s. Every record of the memory is read and
none is deleted. Curves are passed over and predicted values not read, because what is published of them looks wrong.
No grade of a blow is sent, and none is invented.
"""

from collections.abc import Generator
from datetime import datetime
from decimal import Decimal

from drivers.api import Await, DecodeError, Framer, Measurement, Quantity, Reply, Step, Talk, TalkContext, Value
from drivers.ble.device_time import is_default
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.ff12 import SevenBit, command, sums_up
from drivers.quantities import (
    EXTRAPOLATED_VOLUME,
    FEF25,
    FEF25_75,
    FEF50,
    FEF75,
    FEV05,
    FEV1,
    FEV1_FVC,
    FEV3,
    FEV6,
    FVC,
    PEF_PER_SECOND,
    PEF_TIME,
)
from drivers.saying import say

VERIFIED = "records constructed from a working application's field map; no capture, no device"

_HELLO, _CLOCK, _STATE, _PREDICTED, _COUNT, _RECORD, _CURVE = 0xF0, 0xF3, 0xF2, 0xE4, 0xE0, 0xE1, 0xE2
LENGTHS = {_HELLO: 2, _CLOCK: 3, _STATE: 8, _PREDICTED: 23, _COUNT: 10, _RECORD: 44, _CURVE: 5}
_NO_RECORD = (0x7E, 0x7F)
# Records whose fields are those of a forced manoeuvre; those of VC, MVV and MV are not known.
_FORCED = ("all", "fvc")
_STANDARDS = {1: "eccs", 2: "knudson", 3: "usa"}
_VALUES: tuple[tuple[Quantity, int, int], ...] = (
    (FVC, 17, -2),
    (FEV05, 19, -2),
    (FEV1, 21, -2),
    (FEV1_FVC, 23, -1),
    (FEV3, 25, -2),
    (FEV6, 27, -2),
    (PEF_PER_SECOND, 29, -2),
    (FEF25, 31, -2),
    (FEF50, 33, -2),
    (FEF75, 35, -2),
    (FEF25_75, 37, -2),
    (PEF_TIME, 39, 0),
    (EXTRAPOLATED_VOLUME, 41, 0),
)


def framer() -> Framer:
    """Cuts the device's bytes into messages; the points of a curve are passed over."""
    return SevenBit(LENGTHS, tails=(_CURVE,))


# --- records ----------------------------------------------------------------------------------------------------------


def decode(data: bytes) -> Measurement | None:
    """A record; None for every other message, and for the one that says there is no record."""
    kind = Cursor(data).u8()
    if kind not in LENGTHS:
        raise DecodeError("unknown-message", 0, "no message begins like this")
    cursor = Cursor(data)
    message = cursor.take(LENGTHS[kind])
    for at in range(1, len(message)):
        if message[at] & 0x80:
            raise DecodeError("unknown-message", at, "bit 7 stands in the first byte alone")
    if kind != _RECORD or message[1] in _NO_RECORD:
        return None
    return _read(message, cursor)


def _read(message: bytes, cursor: Cursor) -> Measurement:
    if message[2] >= len(_FORCED):
        raise DecodeError("no-forced-manoeuvre", 2, "the fields of this kind of record are not known")
    draft = Draft("spirometry")
    draft.stored = True
    _read_time(draft, message[5:11])
    for quantity, at, scale in _VALUES:
        draft.known(quantity, Decimal(_pair(message, at)).scaleb(scale))
    draft.detail |= {
        "type": _FORCED[message[2]],
        # A place in the device's list, which may move: the date and the values tell which blow it is.
        "number": _pair(message, 3),
        "sex": "female" if message[11] else "male",
        "age": message[12],
        "height_cm": _pair(message, 13),
        "standard": _STANDARDS.get(message[15], "unknown"),
        "drug": bool(message[16]),
        "checksum_ok": sums_up(message),
    }
    # The last byte is 0 in the one example there is: only another one can be a wrong sum.
    if message[-1] and not sums_up(message):
        draft.mark("checksum")
    blown = any(draft.number_of(quantity.type) is not None for quantity, _, _ in _VALUES[:-2])
    return draft.done(cursor, None if blown else "measurement-failed")


def _pair(data: bytes, at: int) -> int:
    return data[at] | data[at + 1] << 7


def _read_time(draft: Draft, raw: bytes) -> None:
    year, *rest = raw
    told = "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}".format(2000 + year, *rest)
    try:
        time = datetime(2000 + year, *rest)  # type: ignore[arg-type]  # noqa: DTZ001 - a device's time has no zone
    except ValueError:
        draft.time(None, raw, "impossible-date", told)
        return
    draft.time(time, raw, "default-date" if is_default(time) else None, told)


# --- the session ------------------------------------------------------------------------------------------------------

START, STEP_TWO, STEP_THREE, COUNT = command(0x80), command(0x82), command(0x94), command(0x90)
FIRST, NEXT, KEEP, CURVE = command(0x91, 0, 1), command(0x91, 1, 1), command(0x91, 0x7E, 1), command(0x92, 0)
_ANSWER_S = 3.0
_QUIET_S = 0.5
# Of more records than this the curves are left where they are, unless the device goes on only after them.
_WITH_CURVES = 20
_PATIENCE = 400

_Asking = Generator[Step, Reply, bytes | None]


def set_time(time: datetime) -> bytes:
    """The command that sets the clock."""
    millis = time.microsecond // 1000
    parts = (time.year - 2000, time.month, time.day, time.hour, time.minute, time.second)
    return command(0x83, *parts, millis & 0x7F, millis >> 7)


def talk_over(channel: str) -> Talk:
    """The session, written to `channel`: every record once, and the memory kept."""

    def talk(context: TalkContext) -> Generator[Step, Reply, None]:
        opening = [(START, _HELLO), (STEP_TWO, _STATE), (STEP_THREE, _PREDICTED)]
        if context.local_time is not None:
            opening.insert(1, (set_time(context.local_time), _CLOCK))
        for question, kind in opening:
            if (yield from _ask(channel, question, kind)) is None:
                return
        told = yield from _ask(channel, COUNT, _COUNT)
        if told is not None and _pair(told, 1):
            yield from _fetch(channel, _pair(told, 1))

    return talk


def _fetch(channel: str, count: int) -> Generator[Step, Reply, None]:
    curves = count <= _WITH_CURVES
    for index in range(count):
        question = NEXT if index else FIRST
        record = yield from _ask(channel, question, _RECORD)
        if record is None and not curves:
            curves = True
            yield from _curve(channel)
            record = yield from _ask(channel, question, _RECORD)
        if curves:
            yield from _curve(channel)
        if record is None or record[1] in _NO_RECORD:
            break
    yield from say(channel, KEEP)
    yield from _quiet()


def _curve(channel: str) -> Generator[Step, Reply, None]:
    yield from _ask(channel, CURVE, _CURVE)
    yield from _quiet()


def _ask(channel: str, question: bytes, kind: int) -> _Asking:
    """Asks, and listens for a message of a kind; None where it does not come."""
    if not (yield from say(channel, question)):
        return None
    hearing = framer()
    for _ in range(_PATIENCE):
        reply = yield Await(_ANSWER_S)
        if not isinstance(reply, Value):
            return None
        for message in hearing.feed(reply.data):
            if isinstance(message, bytes) and message[0] == kind:
                return message
    return None


def _quiet() -> Generator[Step, Reply, None]:
    """Lets what is still coming pass."""
    for _ in range(_PATIENCE):
        if not isinstance((yield Await(_QUIET_S)), Value):
            return
