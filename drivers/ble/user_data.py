"""User Data Service 181C: consent over the User Control Point 2A9F.

GATT Specification Supplement and User Data Service 1.1; the sequence as real scales want it. Nothing is registered,
listed or deleted. Options of the device: `user` (the slot on the scale) and `consent` (its code). The profile a scale
computes body composition with (birth date, gender, height) is keyed in at the scale: a hub holds nothing of the kind.
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import date

from drivers.api import Await, Characteristic, Done, Facts, Reply, Step, TalkContext, Value, Write
from drivers.cursor import Cursor
from drivers.uuids import full, normal

USER_CONTROL_POINT = full(0x2A9F)
BIRTH_DATE = full(0x2A85)
INCREMENT = full(0x2A99)
CONTROL = Characteristic(USER_CONTROL_POINT, control=True, required=False)

_RESPONSE, _CONSENT = 0x20, 0x02
_ANSWER_S = 10.0


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
    """Gives consent for the configured user."""
    user, code = _number(context.options, "user", 0xFE), _number(context.options, "consent", 0xFFFF)
    if user is None or code is None:
        return
    request = bytes((_CONSENT, user)) + code.to_bytes(2, "little")
    if isinstance((yield Write(USER_CONTROL_POINT, request)), Done):
        yield from _answered()


def _answered() -> Generator[Step, Reply, None]:
    """Leaves what comes meanwhile to those who hear it, until the scale has answered."""
    while isinstance(reply := (yield Await(_ANSWER_S)), Value):
        if normal(reply.channel) == USER_CONTROL_POINT and reply.data[:2] == bytes((_RESPONSE, _CONSENT)):
            return


def _number(options: Facts, name: str, most: int) -> int | None:
    value = options.get(name)
    return value if isinstance(value, int) and 0 <= value <= most else None
