"""The audit log and the deviations on disk: only ever added to, numbered without a gap, and told."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit import Entry, Flaw, When, flaws, parse_head
from gateway.deviation import Occurrence
from gateway.errors import RefusedError
from gateway.store.audit import AuditLog, moment
from gateway.store.database import Medium, migrate, open_database, open_read_only, transaction
from gateway.store.deviations import Deviations
from gateway.store.events import Events
from tests.world import World

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
WHEN = When(NOON, "7c9e1f", 12.0)
LATER = When(None, "8d0f20", 3.5)
FOREIGN = Occurrence("foreign", "user-index", 1, "dev-3f9c21aa0b11", "asg-9f2c7b")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Medium]:
    opened = open_database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def log(connection: Medium) -> AuditLog:
    return AuditLog(connection)


@pytest.fixture
def deviations(connection: Medium, log: AuditLog) -> Deviations:
    return Deviations(connection, log, Events(connection))


def entry(what: str = "assignment.end") -> Entry:
    return Entry("coordinator", what, WHEN, "asg-9f2c7b", {"reason": "moved"})


def found(log: AuditLog) -> list[Flaw]:
    return list(flaws(log.rows(), parse_head(log.head())))


def forge(connection: Medium, statement: str) -> None:
    """As somebody who has the card in a machine of their own."""
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute(statement)


def test_records_are_numbered_without_a_gap_and_the_chain_is_whole(log: AuditLog, tmp_path: Path) -> None:
    assert found(log) == []
    assert [log.add(entry(f"act.{n}")) for n in range(5)] == [1, 2, 3, 4, 5]
    assert found(log) == []
    beside = open_read_only(tmp_path)
    assert [row.number for row in AuditLog(beside).rows(after=3)] == [4, 5]
    beside.close()


def test_a_record_of_an_act_that_failed_is_not_there(connection: Medium, log: AuditLog) -> None:
    def act() -> None:
        with transaction(connection):
            log.add(entry())
            raise RefusedError("no")

    with pytest.raises(RefusedError):
        act()
    assert list(log.rows()) == []
    assert log.add(entry()) == 1


@pytest.mark.parametrize("table", ["audit", "deviation", "deviation_closing"])
def test_no_record_takes_the_place_of_another(connection: Medium, deviations: Deviations, table: str) -> None:
    deviations.add(FOREIGN, WHEN)
    deviations.close(1, "coordinator", "talked", WHEN)
    everything = f"SELECT * FROM {table}"  # noqa: S608 - our own names
    before = connection.execute(everything).fetchall()
    column = {"audit": "record", "deviation": "cause", "deviation_closing": "action"}[table]
    names = [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]
    forged = ", ".join(f"'forged' AS {name}" if name == column else name for name in names)
    forge = f"INSERT OR REPLACE INTO {table} SELECT {forged} FROM {table} LIMIT 1"  # noqa: S608 - our own names
    connection.execute(forge)
    assert connection.execute(everything).fetchall() == before


@pytest.mark.parametrize("table", ["audit", "deviation", "deviation_closing"])
@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM {0}", "UPDATE {0} SET number = 9", "UPDATE OR REPLACE {0} SET number = 1"],
)
def test_the_database_itself_refuses_to_change_or_delete_a_record(
    connection: Medium, deviations: Deviations, table: str, statement: str
) -> None:
    deviations.add(FOREIGN, WHEN)
    deviations.close(1, "coordinator", "talked", WHEN)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement.format(table))


@pytest.mark.parametrize(
    ("statement", "flaw"),
    [
        ("UPDATE audit SET record = replace(record, 'act.2', 'act.9') WHERE number = 3", Flaw(3, 3, "altered")),
        ("UPDATE audit SET digest = upper(digest) WHERE number = 2", Flaw(2, 2, "altered")),
        ("DELETE FROM audit WHERE number = 2", Flaw(2, 2, "missing")),
        ("DELETE FROM audit WHERE number > 2", Flaw(3, 5, "missing")),
        ("INSERT INTO audit SELECT 6, record, digest FROM audit WHERE number = 5", Flaw(6, 6, "altered")),
    ],
)
def test_tampering_with_one_record_is_found_and_located(
    connection: Medium, log: AuditLog, statement: str, flaw: Flaw
) -> None:
    for n in range(5):
        log.add(entry(f"act.{n}"))
    forge(connection, statement)
    assert found(log)[0] == flaw


def test_a_moment_has_no_wall_time_while_the_hub_does_not_know_it() -> None:
    world = World()
    assert moment(world.env) == When(world.utc, world.boot, world.monotonic)
    world.clock = "unsynchronised"
    assert moment(world.env).at is None


def test_what_happens_again_is_counted_in_the_open_deviation_and_is_a_new_one_after_it(
    connection: Medium, log: AuditLog, deviations: Deviations
) -> None:
    assert deviations.add(FOREIGN, WHEN) == 1
    assert deviations.add(FOREIGN, LATER) == 1
    assert deviations.add(Occurrence("late", "outbox", 5), WHEN) == 2
    assert deviations.open_counts() == {"foreign": 1, "late": 1}
    closed = deviations.close(1, "coordinator", "talked to the household", LATER)
    assert closed == deviations.find(1)
    assert (closed.what.readings, closed.when) == (2, WHEN)
    assert deviations.add(FOREIGN, WHEN) == 3
    assert [(one.number, one.what.readings) for one in deviations.all()] == [(1, 2), (2, 5), (3, 1)]
    assert [one.number for one in deviations.all(only_open=True)] == [2, 3]
    whats = ["deviation.open", "deviation.open", "deviation.closed", "deviation.open"]
    assert [json.loads(row.record)["what"] for row in log.rows()] == whats
    told = [(row.type, row.document["number"], row.document["state"]) for row in Events(connection).waiting()]
    assert told == [("deviation", n, state) for n, state in ((1, "open"), (2, "open"), (1, "closed"), (3, "open"))]


def test_each_forced_act_is_a_deviation_of_its_own(deviations: Deviations) -> None:
    assert [deviations.add(Occurrence("forced", "wipe", 3), WHEN) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_only_an_open_deviation_can_be_closed(deviations: Deviations, number: int) -> None:
    deviations.add(FOREIGN, WHEN)
    deviations.close(1, "coordinator", "talked", WHEN)
    with pytest.raises(RefusedError, match="deviation-not-open"):
        deviations.close(number, "coordinator", "again", WHEN)
    assert deviations.find(number) is None or number == 1


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), max_size=12))
def test_every_occurrence_is_counted_in_exactly_one_deviation(steps: list[tuple[str, bool]]) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None, factory=Medium)
    migrate(connection)
    deviations = Deviations(connection, AuditLog(connection), Events(connection))
    for device, close in steps:
        number = deviations.add(Occurrence("clock", "device", 1, device), WHEN)
        if close:
            deviations.close(number, "installer", "set", WHEN)
    found = deviations.all()
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    for device in "ab":
        mine = [one for one in found if one.what.device == device]
        assert sum(one.what.readings for one in mine) == sum(1 for d, _ in steps if d == device)
        assert sum(one.closed is None for one in mine) <= 1
    connection.close()


def test_events_wait_in_order_until_they_are_told(connection: Medium) -> None:
    events = Events(connection)
    for n in range(30):
        events.add({"type": "wipe", "n": n})
    first = events.waiting()
    assert [row.document["n"] for row in first] == list(range(20))
    for row in first:
        events.done(row.number)
    assert [row.document["n"] for row in events.waiting()] == list(range(20, 30))
