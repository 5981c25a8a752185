"""User Data Service 181C: consent over the User Control Point 2A9F, and the profile a scale computes with.

GATT Specification Supplement and User Data Service 1.1; the sequence as real scales want it. Nothing is registered,
listed or deleted. Options of the device: `user` (the slot on the scale), `consent` (its code), and for a profile that
is empty on the scale `birth_date` (ISO 8601), `gender` (`male`, `female`, `unspecified`) and `height_cm`.
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import date

from drivers.api import Await, Characteristic, Done, Facts, Read, Reply, Step, TalkContext, Value, Write
from drivers.cursor import Cursor
from drivers.uuids import full, normal

USER_CONTROL_POINT = full(0x2A9F)
BIRTH_DATE = full(0x2A85)
GENDER = full(0x2A8C)
HEIGHT = full(0x2A8E)
INCREMENT = full(0x2A99)
CONTROL = Characteristic(USER_CONTROL_POINT, control=True, required=False)

_RESPONSE, _CONSENT, _SUCCESS = 0x20, 0x02, 0x01
_ANSWER_S = 10.0
_GENDERS = ("male", "female", "unspecified")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of the control point: to which request, its value, and what follows it."""

    opcode: int
    request: int
    response: int
    parameter: bytes


def answer(data: bytes) -> Answer:
    """Decodes an indication of the control point."""
    cursor = Cursor(data)
    return Answer(cursor.u8(), cursor.u8(), cursor.u8(), cursor.rest())


def birth_date(data: bytes) -> date | None:
    """Date of Birth; None where the profile has none."""
    cursor = Cursor(data)
    try:
        return date(cursor.u16(), cursor.u8(), cursor.u8())
    except ValueError:
        return None


def increment(data: bytes) -> int:
    """Database Change Increment."""
    return Cursor(data).u32()


def talk(context: TalkContext) -> Generator[Step, Reply, None]:
    """Gives consent for the configured user, and fills a profile that the scale has empty."""
    user, code = _number(context.options, "user", 0xFE), _number(context.options, "consent", 0xFFFF)
    if user is None or code is None:
        return
    request = bytes((_CONSENT, user)) + code.to_bytes(2, "little")
    if isinstance((yield Write(USER_CONTROL_POINT, request)), Done) and (yield from _consented()):
        yield from _fill_profile(context.options)


def _consented() -> Generator[Step, Reply, bool]:
    while isinstance(reply := (yield Await(_ANSWER_S)), Value):
        if normal(reply.channel) == USER_CONTROL_POINT and reply.data[:2] == bytes((_RESPONSE, _CONSENT)):
            return reply.data[2:3] == bytes((_SUCCESS,))
    return False


def _fill_profile(options: Facts) -> Generator[Step, Reply, None]:
    wanted = _profile(options)
    written = False
    for channel, value, empty in wanted:
        known = yield Read(channel)
        if isinstance(known, Value) and known.data[: len(empty)] == empty:
            written |= isinstance((yield Write(channel, value)), Done)
    if written:
        counted = yield Read(INCREMENT)
        if isinstance(counted, Value) and len(counted.data) >= 4:
            yield Write(INCREMENT, ((increment(counted.data) + 1) % 2**32).to_bytes(4, "little"))


def _profile(options: Facts) -> list[tuple[str, bytes, bytes]]:
    """What is configured: channel, value, and the value that means the scale knows none."""
    wanted = []
    born, gender, height = options.get("birth_date"), options.get("gender"), _number(options, "height_cm", 300)
    if (day := _date(born)) is not None:
        wanted.append((BIRTH_DATE, day.year.to_bytes(2, "little") + bytes((day.month, day.day)), bytes(4)))
    if gender in _GENDERS:
        wanted.append((GENDER, bytes((_GENDERS.index(str(gender)),)), b"\xff"))
    if height is not None:
        wanted.append((HEIGHT, height.to_bytes(2, "little"), bytes(2)))
    return wanted


def _date(told: object) -> date | None:
    try:
        return told if isinstance(told, date) else date.fromisoformat(str(told))
    except ValueError:
        return None


def _number(options: Facts, name: str, most: int) -> int | None:
    value = options.get(name)
    return value if isinstance(value, int) and 0 <= value <= most else None
