"""Assignments, devices, visits, equipment and held readings on disk: read as they were written, and never forgotten."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from gateway.assignments import Assignment, Span
from gateway.attribution import Tenure, Visit
from gateway.baseline import Baseline, ClockMark
from gateway.errors import RefusedError, TransientError
from gateway.store import Store
from gateway.store.assignments import Done
from gateway.store.database import FILE
from gateway.store.equipment import Entry
from gateway.store.held import HeldRow
from tests.readings import NOON, REF, draft, reading

HOUR = timedelta(hours=1)
ONE = Assignment("asg-9f2c7b", "follow-up", (Span(NOON, NOON + HOUR), Span(NOON + 2 * HOUR, None)))
BASELINE = Baseline(True, NOON, 9, frozenset({"p"}), ClockMark(datetime(2026, 3, 14, 13, 0), NOON))  # noqa: DTZ001
TENURE = Tenure(ONE.id, NOON, None, (1, 2), BASELINE)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "store")
    yield made
    made.close()


def test_an_assignment_is_read_as_it_was_written(store: Store) -> None:
    assert store.assignments.all() == ()
    assert not store.assignments.ever()
    store.assignments.save(ONE)
    changed = replace(ONE, purpose="training", outcome="end", paused_until=date(2026, 4, 1), told=2)
    other = replace(ONE, id="asg-1d88e0", spans=(Span(NOON, None),))
    store.assignments.save(other)
    store.assignments.save(changed)
    assert store.assignments.all() == (changed, other)
    assert store.assignments.ever()


def test_its_history_is_kept_in_order(store: Store) -> None:
    done = [
        Done(ONE.id, NOON, "coordinator", "create", {"devices": 2}),
        Done("asg-1d88e0", None, "installer", "create", {}),
        Done(ONE.id, NOON + HOUR, "nurse", "end", {}),
    ]
    for one in done:
        store.assignments.record(one)
    assert store.assignments.history() == done
    assert store.assignments.history(ONE.id) == [done[0], done[2]]


def test_a_device_serves_one_assignment_at_a_time(store: Store) -> None:
    store.assignments.give("dev-1", TENURE)
    store.assignments.give("dev-2", replace(TENURE, users=None))
    later = replace(TENURE, assignment="asg-1d88e0", since=NOON + HOUR, baseline=Baseline())
    store.assignments.give("dev-1", later)
    assert [row.tenure for row in store.assignments.tenures("dev-1")] == [replace(TENURE, until=NOON + HOUR), later]
    store.assignments.take("dev-1", NOON)
    assert store.assignments.tenures("dev-1")[1].tenure.until == NOON + HOUR
    assert [row.device for row in store.assignments.tenures()] == ["dev-1", "dev-2", "dev-1"]
    assert store.assignments.tenures("dev-2")[0].tenure.users is None
    store.assignments.save_baseline(3, BASELINE)
    assert store.assignments.tenures("dev-1")[1].tenure.baseline == BASELINE


def test_one_visit_ends_where_the_next_begins(store: Store) -> None:
    first = Visit(ONE.id, NOON, NOON + HOUR)
    second = Visit(ONE.id, NOON + HOUR / 2, NOON + 2 * HOUR)
    store.assignments.visit(first, "nurse")
    store.assignments.visit(second, "nurse")
    assert store.assignments.visits() == (replace(first, end=second.start), second)


def test_that_there_was_an_assignment_outlives_the_database(tmp_path: Path) -> None:
    """Also one that is lost whole: without it, the next person's readings would leave as nobody's."""
    store = Store(tmp_path)
    store.assignments.mark()
    assert not (tmp_path / "assigned").exists()
    store.assignments.save(ONE)
    store.assignments.mark()
    store.assignments.mark()
    store.close()
    assert (tmp_path / "assigned").stat().st_mode & 0o777 == 0o600
    for path in tmp_path.glob(f"{FILE}*"):
        path.unlink()
    store = Store(tmp_path)
    assert store.assignments.all() == ()
    assert store.assignments.ever()
    store.close()


def test_a_mark_that_cannot_be_written_is_a_fault_of_the_medium(tmp_path: Path, store: Store) -> None:
    store.assignments.save(ONE)
    store.assignments._mark = tmp_path / "nowhere" / "assigned"
    with pytest.raises(TransientError, match="store-io"):
        store.assignments.mark()


def test_an_id_stays_used_when_the_assignment_is_wiped(store: Store) -> None:
    store.assignments.save(ONE)
    store._connection.execute("DELETE FROM assignment")
    assert store.assignments.used(ONE.id)
    assert store.assignments.used(ONE.id.upper())
    assert not store.assignments.used("asg-1d88e0")


def test_after_a_damage_memories_are_read_anew(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.assignments.save(ONE)
    store.assignments.give("dev-1", TENURE)
    store.assignments.give("dev-1", replace(TENURE, since=NOON + HOUR))
    store.mark_damaged()
    store.close()
    store = Store(tmp_path)
    before, present = store.assignments.tenures("dev-1")
    assert before.tenure == replace(TENURE, until=NOON + HOUR)
    assert present.tenure.baseline == replace(BASELINE, done=False)
    assert store.assignments.all() == (ONE,)
    store.close()


# --- Equipment --------------------------------------------------------------------------------------------------------


def test_the_register_knows_who_did_what(store: Store) -> None:
    register = store.equipment
    register.install("dev-1", "mansjett", "blood-pressure", NOON, "installer")
    register.install("dev-1", "other", "weight", NOON, "nurse")
    register.install("dev-2", "vekt", "weight", None, "coordinator")
    register.check("dev-1", NOON + HOUR, "nurse")
    assert register.retired() == frozenset()
    register.retire("dev-1", NOON + 2 * HOUR, "leaks", "dev-3")
    assert register.retired() == {"dev-1"}
    at = ["2026-03-14T12:00:00+00:00", "2026-03-14T13:00:00+00:00", "2026-03-14T14:00:00+00:00"]
    assert register.all() == [
        Entry("dev-1", "mansjett", "blood-pressure", at[0], "installer", at[1], "nurse", at[2], "leaks", "dev-3"),
        Entry("dev-2", "vekt", "weight", None, "coordinator"),
    ]
    register.install("dev-1", "mansjett", "blood-pressure", NOON, "installer")
    assert register.retired() == frozenset()


# --- Held readings ----------------------------------------------------------------------------------------------------


def test_held_readings_are_listed_without_values_oldest_first(store: Store) -> None:
    timeless = draft("three", "foreign")
    timeless = replace(timeless, reading=timeless.reading.changed(received_at=None), reason="retired")
    later = draft("two", "uncertain")
    update = {"received_at": NOON + HOUR, "assignment": ONE.id}
    later = replace(later, reading=later.reading.changed(**update), reason="household")
    store.keep([later, draft("one", "uncertain"), timeless])
    assert store.holding.rows() == [
        HeldRow(reading("three").id, "weight", "foreign", "retired", REF, None, None),
        HeldRow(reading("one").id, "weight", "uncertain", "", REF, None, "2026-03-14T12:00:00+00:00"),
        HeldRow(reading("two").id, "weight", "uncertain", "household", REF, ONE.id, "2026-03-14T13:00:00+00:00"),
    ]


def test_a_released_reading_gets_its_place_and_keeps_its_status(store: Store) -> None:
    store.keep([draft("one"), draft("two", "foreign"), draft("three", "uncertain")])
    ids = [reading("three").id, reading("two").id]
    store.holding.released(store.holding.release(ids))
    assert store.outbox.last_seq == 3
    assert [row.seq for row in store.outbox.waiting(0, 9, 9)] == [1, 2, 3]
    sent = [row.payload for row in store.outbox.waiting(1, 9, 9)]
    assert ['"status":"uncertain"' in sent[0], '"status":"foreign"' in sent[1]] == [True, True]
    assert store.held() == {}
    assert [one.duplicate for one in store.keep([draft("two", "foreign"), draft("four")])] == [True, False]
    assert store.outbox.last_seq == 4


def test_a_deleted_reading_is_not_taken_again(store: Store) -> None:
    store.keep([draft("one", "foreign")])
    store.holding.delete([reading("one").id])
    assert store.held() == {}
    assert store.keep([draft("one", "foreign"), draft("one")]) == store.keep([draft("one"), draft("one")])
    assert store.outbox.last_seq == 0


@pytest.mark.parametrize("name", ["not-hex", reading("nobody").id])
def test_only_what_is_held_can_be_released_or_deleted(store: Store, name: str) -> None:
    store.keep([draft("one", "foreign")])
    for call in (store.holding.release, store.holding.delete):
        with pytest.raises(RefusedError, match="held-unknown"):
            call([reading("one").id, name])
    assert store.held() == {"foreign": 1}
    assert store.outbox.last_seq == 0
