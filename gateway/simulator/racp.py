"""Record Access Control Point 0x2A52 as a device answers it. Pure. (GATT Specification Supplement; PLXS, GLS.)"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

REPORT, DELETE, ABORT, REPORT_NUMBER = 1, 2, 3, 4
NUMBER_RESPONSE, RESPONSE = 5, 6
ALL, AT_MOST, AT_LEAST, BETWEEN, FIRST, LAST = 1, 2, 3, 4, 5, 6
SEQUENCE_NUMBER = 1
SUCCESS, OPCODE_UNKNOWN, OPERATOR_INVALID, OPERATOR_UNSUPPORTED = 1, 2, 3, 4
OPERAND_INVALID, NO_RECORDS, OPERAND_UNSUPPORTED = 5, 6, 9

NumberOf = Callable[[bytes], int]
"""The sequence number inside a record."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What follows a request: records to report, then the response; `keep` is what stays in memory."""

    records: tuple[bytes, ...]
    response: bytes
    keep: tuple[bytes, ...]


class _RefusedError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def answer(request: bytes, records: Sequence[bytes], number_of: NumberOf | None = None) -> Answer:
    """Answers a request on the records, oldest first. Without `number_of` only 'all records' is an operator."""
    kept = tuple(records)
    opcode = request[0] if request else 0
    if opcode == ABORT:
        return Answer((), bytes((RESPONSE, 0, ABORT, SUCCESS)), kept)
    if opcode not in {REPORT, DELETE, REPORT_NUMBER}:
        return Answer((), bytes((RESPONSE, 0, opcode, OPCODE_UNKNOWN)), kept)
    try:
        chosen = _choose(request, kept, number_of)
    except _RefusedError as refused:
        return Answer((), bytes((RESPONSE, 0, opcode, refused.code)), kept)
    if opcode == REPORT_NUMBER:
        return Answer((), bytes((NUMBER_RESPONSE, 0)) + len(chosen).to_bytes(2, "little"), kept)
    code = SUCCESS if chosen else NO_RECORDS
    response = bytes((RESPONSE, 0, opcode, code))
    if opcode == DELETE:
        return Answer((), response, tuple(r for r in kept if r not in chosen))
    return Answer(chosen, response, kept)


def _choose(request: bytes, records: tuple[bytes, ...], number_of: NumberOf | None) -> tuple[bytes, ...]:
    operator = request[1] if len(request) > 1 else 0
    if operator == ALL:
        return records
    if operator in {FIRST, LAST} and number_of is not None:
        return records[:1] if operator == FIRST else records[-1:]
    if operator not in {AT_MOST, AT_LEAST, BETWEEN}:
        raise _RefusedError(OPERATOR_INVALID)
    if number_of is None:
        raise _RefusedError(OPERATOR_UNSUPPORTED)
    low, high = _bounds(operator, request[2:])
    return tuple(r for r in records if low <= number_of(r) <= high)


def _bounds(operator: int, operand: bytes) -> tuple[int, int]:
    if operand[:1] != bytes((SEQUENCE_NUMBER,)):
        raise _RefusedError(OPERAND_UNSUPPORTED)
    numbers = [int.from_bytes(operand[at : at + 2], "little") for at in range(1, len(operand), 2)]
    if len(numbers) != (2 if operator == BETWEEN else 1):
        raise _RefusedError(OPERAND_INVALID)
    if operator == BETWEEN:
        return numbers[0], numbers[1]
    return (0, numbers[0]) if operator == AT_MOST else (numbers[0], 0xFFFF)
