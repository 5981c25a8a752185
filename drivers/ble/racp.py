"""Record Access Control Point 2A52: fetching stored records.

GATT Specification Supplement, Record Access Control Point. Nothing here deletes.
"""

from collections.abc import Generator
from dataclasses import dataclass

from drivers.api import Await, Characteristic, Done, Reply, Step, Value, Write
from drivers.cursor import Cursor
from drivers.uuids import full, normal

RACP = full(0x2A52)
CONTROL = Characteristic(RACP, control=True, required=False)

REPORT_ALL = b"\x01\x01"
ABORT = b"\x03\x00"

NO_RECORDS = 6
UNSUPPORTED = frozenset({2, 3, 4, 5, 9})

# Records are heard too, where their characteristic is marked as `control`: this is silence, not the whole transfer.
SILENCE_S = 30.0
_ABORT_S = 5.0
_NUMBER, _RESPONSE, _COMBINED = 5, 6, 8


@dataclass(frozen=True, slots=True)
class Answer:
    """An indication of the control point: a response (`request`, `code`) or a number of records (`count`)."""

    opcode: int
    operator: int
    request: int | None = None
    code: int | None = None
    count: int | None = None


def report_from(number: int) -> bytes:
    """Report records whose sequence number is `number` or above (operator 3, filter type 1, u16)."""
    return b"\x01\x03\x01" + number.to_bytes(2, "little")


def answer(data: bytes) -> Answer:
    """Decodes an indication; a number of records may have any length."""
    cursor = Cursor(data)
    opcode, operator = cursor.u8(), cursor.u8()
    if opcode == _RESPONSE:
        return Answer(opcode, operator, request=cursor.u8(), code=cursor.u8())
    if opcode in (_NUMBER, _COMBINED):
        return Answer(opcode, operator, count=int.from_bytes(cursor.rest(), "little"))
    return Answer(opcode, operator)


def fetch(request: bytes) -> Generator[Step, Reply, int | None]:
    """Asks for records and waits until the device has sent them; aborts what takes too long.

    Returns the response code, or None where there was none: the device has no control point, refused, or was aborted.
    """
    if not isinstance((yield Write(RACP, request)), Done):
        return None
    while isinstance(reply := (yield Await(SILENCE_S)), Value):
        if _answers(reply, request[0]):
            return answer(reply.data).code
    yield Write(RACP, ABORT)
    yield Await(_ABORT_S)
    return None


def _answers(reply: Value, request: int) -> bool:
    """Whether this is the response to a request: opcode, operator, request opcode, code."""
    return (
        normal(reply.channel) == RACP
        and reply.data[:1] == b"\x06"
        and reply.data[2:3] == bytes((request,))
        and (len(reply.data) >= 4)
    )
