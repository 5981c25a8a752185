"""The chain of the audit log: whatever is done to one record is found, and where."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit import NO_RECORD, Entry, Flaw, Head, Row, When, chained, digest, flaws, holds, parse_head, told

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
WHEN = When(NOON, "7c9e1f", 12.3456)


def entry(what: str = "assignment.end", **more: object) -> Entry:
    return replace(Entry("coordinator", what, WHEN, "asg-9f2c7b", {"reason": "moved"}), **more)  # type: ignore[arg-type]


def chain(length: int) -> tuple[list[Row], Head]:
    rows: list[Row] = []
    head = NO_RECORD
    for number in range(length):
        rows.append(chained(head, entry(f"act.{number}")))
        head = Head(rows[-1].number, rows[-1].digest)
    return rows, head


def test_a_record_says_who_what_when_and_for_which_assignment_and_names_the_one_before() -> None:
    first = chained(NO_RECORD, entry())
    second = chained(Head(1, first.digest), entry(when=When(None, "8d0f20", 3.0), fields=None))
    assert json.loads(first.record) == {
        "number": 1,
        "role": "coordinator",
        "what": "assignment.end",
        "at": "2026-03-14T12:00:00.000+00:00",
        "boot": "7c9e1f",
        "monotonic": "12.346",
        "assignment": "asg-9f2c7b",
        "fields": {"reason": "moved"},
        "previous": "0" * 64,
    }
    assert json.loads(second.record)["at"] is None
    assert json.loads(second.record)["previous"] == first.digest
    assert told(second) == {
        "number": 2, "role": "coordinator", "what": "assignment.end", "at": None, "boot": "8d0f20",
        "monotonic": "3.000", "assignment": "asg-9f2c7b", "fields": {}, "digest": second.digest,
    }  # fmt: skip


def test_what_has_no_place_in_a_record_is_left_out_and_long_texts_are_cut() -> None:
    fields = {"value": 1, "name": "x", "reason": "x" * 300, "devices": ["y" * 300], "forced": True, "none": None}
    record = json.loads(chained(NO_RECORD, entry(fields=fields)).record)
    assert record["fields"] == {"reason": "x" * 200, "devices": ["y" * 200], "forced": True}


def test_nobody_acts_under_a_role_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="boss"):
        chained(NO_RECORD, entry(role="boss"))


@given(st.integers(0, 12))
def test_a_chain_that_nobody_touched_is_whole(length: int) -> None:
    rows, head = chain(length)
    assert list(flaws(rows, head)) == []
    assert all(holds(rows, Head(row.number, row.digest)) for row in rows)
    assert holds(rows, NO_RECORD)
    assert not holds(rows, Head(length + 1, "1" * 64))


def _reworded(row: Row) -> Row:
    return replace(row, record=row.record.replace("coordinator", "installer"))


def _exchanged(row: Row) -> Row:
    record = _reworded(row).record
    return Row(row.number, record, digest(record))


def _other_digest(row: Row) -> Row:
    return replace(row, digest="f" * 64)


def _another_number(row: Row) -> Row:
    record = row.record.replace(f'"number":{row.number},', f'"number":{row.number + 100},')
    return Row(row.number, record, digest(record))


def _no_json(row: Row) -> Row:
    return Row(row.number, "[", digest("["))


def _no_record(row: Row) -> Row:
    return Row(row.number, "[1]", digest("[1]"))


@given(
    st.integers(1, 9),
    st.sampled_from([_reworded, _exchanged, _other_digest, _another_number, _no_json, _no_record]),
    st.data(),
)
def test_tampering_with_one_record_is_found_and_located(
    length: int, tamper: Callable[[Row], Row], data: st.DataObject
) -> None:
    rows, head = chain(length)
    at = data.draw(st.integers(0, length - 1))
    rows[at] = tamper(rows[at])
    assert list(flaws(rows, head)) == [Flaw(at + 1, at + 1, "altered")]


@given(st.integers(1, 9), st.data())
def test_records_that_were_removed_are_missed(length: int, data: st.DataObject) -> None:
    rows, head = chain(length)
    first = data.draw(st.integers(0, length - 1))
    last = data.draw(st.integers(first, length - 1))
    del rows[first : last + 1]
    assert list(flaws(rows, head)) == [Flaw(first + 1, last + 1, "missing")]


def test_records_that_were_added_at_the_end_are_found() -> None:
    rows, head = chain(3)
    rows.append(chained(head, entry("forged")))
    assert list(flaws(rows, head)) == [Flaw(4, 4, "misplaced")]


def test_a_chain_rewritten_as_a_whole_does_not_hold_a_head_noted_earlier() -> None:
    _, noted = chain(3)
    forged = [chained(NO_RECORD, entry("forged"))]
    for _ in range(2):
        forged.append(chained(Head(forged[-1].number, forged[-1].digest), entry("forged")))
    assert list(flaws(forged, Head(3, forged[-1].digest))) == []
    assert not holds(forged, parse_head(str(noted)))


@pytest.mark.parametrize("text", ["", "3", "3:ab", f"x:{'0' * 64}", f"²:{'0' * 64}"])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="NUMBER"):
        parse_head(text)


def test_a_record_exchanged_together_with_its_own_digest_is_found_by_the_next() -> None:
    rows, head = chain(4)
    rows[1] = chained(Head(1, rows[0].digest), entry("assignment.pause"))
    assert list(flaws(rows, head)) == [Flaw(2, 2, "altered")]
