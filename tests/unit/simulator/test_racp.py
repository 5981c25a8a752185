"""Record access, answered as a device answers it."""

import pytest

from gateway.simulator.racp import Answer, answer

RECORDS = tuple(bytes((0, number, 0)) for number in (3, 4, 9))


def ask(request: str, *, numbered: bool = True) -> Answer:
    """Asks a device with the records 3, 4 and 9."""
    return answer(bytes.fromhex(request), RECORDS, _number if numbered else None)


def _number(record: bytes) -> int:
    return int.from_bytes(record[1:3], "little")


@pytest.mark.parametrize(
    ("request_", "numbers"),
    [("0101", [3, 4, 9]), ("010301 0400", [4, 9]), ("010201 0400", [3, 4]), ("010401 0400 0500", [4]), ("0105", [3])],
    ids=["all", "at least", "at most", "between", "first"],
)
def test_the_chosen_records_are_reported_oldest_first(request_: str, numbers: list[int]) -> None:
    result = ask(request_)
    assert [_number(record) for record in result.records] == numbers
    assert result.response == b"\x06\x00\x01\x01"
    assert result.keep == RECORDS


def test_the_last_record_is_reported_alone() -> None:
    assert ask("0106").records == RECORDS[-1:]


@pytest.mark.parametrize(
    ("request_", "numbered", "response"),
    [
        ("010301 0a00", True, "06000106"),
        ("0401", True, "05000300"),
        ("0300", True, "06000301"),
        ("0901", True, "06000902"),
        ("", True, "06000002"),
        ("0100", True, "06000103"),
        ("0105", False, "06000103"),
        ("010301 0400", False, "06000104"),
        ("010302 0400", True, "06000109"),
        ("010401 0400", True, "06000105"),
    ],
    ids=[
        "no records", "number", "abort", "unknown opcode", "empty", "no operator", "first, unnumbered",
        "unknown operator", "unknown filter", "half an operand",
    ],
)  # fmt: skip
def test_what_cannot_be_reported_is_answered_with_its_code(request_: str, numbered: bool, response: str) -> None:
    result = ask(request_, numbered=numbered)
    assert result.records == ()
    assert result.response.hex() == response
    assert result.keep == RECORDS


def test_deleting_leaves_the_rest() -> None:
    result = ask("020201 0400")
    assert result.keep == RECORDS[2:]
    assert result.response == b"\x06\x00\x02\x01"
