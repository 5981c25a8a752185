"""Deviations: each type has one owner and a sentence in both languages, and the table is one that others can read."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit import ROLES, When
from gateway.catalogue import all_texts
from gateway.deviation import COLUMNS, OWNERS, TYPES, Closing, Deviation, Occurrence, event
from gateway.deviation import csv as table_of

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
WHEN = When(NOON, "7c9e1f", 12.0)
UNKNOWN = When(None, "8d0f20", 3.0)


def deviation(action: str | None = None) -> Deviation:
    what = Occurrence("foreign", "user-index", 3, "dev-3f9c21aa0b11", "asg-9f2c7b")
    return Deviation(7, what, WHEN, None if action is None else Closing("coordinator", action, UNKNOWN))


@pytest.mark.parametrize("name", TYPES)
def test_each_type_has_one_owner_and_says_what_happened_and_what_to_do(name: str) -> None:
    assert OWNERS[name] in ROLES  # type: ignore[index]  # one of the words
    assert f"deviation-{name}" in all_texts()


def test_what_happens_again_belongs_together_but_what_people_do_stands_alone() -> None:
    assert (
        Occurrence("foreign", "user-index", 1, "dev-1").episode
        == Occurrence("foreign", "user-index", 9, "dev-1").episode
    )
    different = [
        Occurrence("foreign", "user-index", 1, "dev-1"),
        Occurrence("foreign", "user-index", 1, "dev-2"),
        Occurrence("foreign", "before-assignment", 1, "dev-1"),
        Occurrence("foreign", "user-index", 1, "dev-1", "asg-1"),
        Occurrence("unattributed", "user-index", 1, "dev-1"),
    ]  # fmt: skip
    assert len({one.episode for one in different}) == len(different)
    assert Occurrence("forced", "wipe").episode is None


def test_a_record_says_everything_that_a_quality_system_asks_for() -> None:
    assert deviation().table("hub-0042") == {
        "number": 7, "at": "2026-03-14T12:00:00+00:00", "boot": "7c9e1f", "type": "foreign", "cause": "user-index",
        "readings": 3, "hub": "hub-0042", "device": "dev-3f9c21aa0b11", "assignment": "asg-9f2c7b",
        "owner": "coordinator", "state": "open", "closed_at": None, "closed_by": None, "action": None,
    }  # fmt: skip
    closed = deviation("talked to the household").table("hub-0042")
    assert closed["state"] == "closed"
    assert (closed["closed_at"], closed["closed_by"]) == (None, "coordinator")
    assert tuple(closed) == COLUMNS


def test_an_event_has_no_time_while_the_hub_does_not_know_it() -> None:
    assert event("deviation", UNKNOWN, {"number": 1}) == {
        "schema": "dho.event/1", "type": "deviation", "at": None, "boot": "8d0f20", "number": 1,
    }  # fmt: skip


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters='\n\r",'), min_size=1))
def test_the_table_is_read_back_whatever_people_wrote_and_holds_no_formula(action: str) -> None:
    rows = list(csv.reader(io.StringIO(table_of([deviation(), deviation(action)], "hub-0042"), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert rows[1][:6] == ["7", "2026-03-14T12:00:00+00:00", "7c9e1f", "foreign", "user-index", "3"]
    written = rows[2][COLUMNS.index("action")]
    assert written.removeprefix("'") == action.removeprefix("'") or written == action
    assert written[0] not in "=+-@"
