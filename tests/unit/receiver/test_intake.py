"""The receiver keeps one row per id, whatever comes, twice or in whichever order, and across its own restarts."""

import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RefusedError, TransientError
from gateway.receiver.database import Database
from gateway.receiver.intake import Arrival, Intake
from gateway.topics import parse
from tests.unit.receiver.samples import EPOCH, HUB, ledger, reading, reading_id, void, wire

AT = "2026-01-12T07:41:16+00:00"
KEY = (HUB, EPOCH)


class Bench:
    """An intake over a database, with its events."""

    def __init__(self, path: Path | str) -> None:
        self.events: list[Mapping[str, object]] = []
        self.database = Database(Path(path))
        self.intake = Intake(self.database, self.events.append, 5.0)

    def take(self, *messages: tuple[str, bytes]) -> set[tuple[str, str]]:
        """One batch of (topic under the hub, payload)."""
        arrivals = []
        for word, payload in messages:
            topic = f"dho/1/skien/{HUB}/{word}"
            arrivals.append(Arrival(topic, parse(topic), payload))
        return self.intake.take(arrivals, AT)

    def readings(self, *places: int) -> None:
        """One batch of these places."""
        self.take(*(("reading/weight", wire(reading(place))) for place in places))

    def told(self, event: str) -> list[Mapping[str, object]]:
        """Events of one name."""
        return [one for one in self.events if one["event"] == event]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "received.sqlite")
    yield made
    made.database.close()


def test_each_reading_is_stored_once_and_doubles_are_counted(bench: Bench) -> None:
    bench.readings(1, 2, 2, 3)
    bench.readings(1)
    assert bench.database.totals() == {"readings": 3, "doubles": 2, "aside": 0}
    assert [event["seq"] for event in bench.told("reading.received")] == [1, 2, 3]
    assert bench.intake.streams[KEY].have.through == 3


def test_the_payload_is_kept_as_it_came(bench: Bench, tmp_path: Path) -> None:
    payload = wire(reading(1)).replace(b", ", b" , ")
    bench.take(("reading/weight", payload))
    with sqlite3.connect(tmp_path / "received.sqlite") as other:
        assert other.execute("SELECT payload FROM readings").fetchall() == [(payload,)]
    other.close()


@given(st.lists(st.lists(st.integers(1, 12), min_size=1, max_size=6), max_size=6), st.booleans())
def test_any_order_any_repetition_any_restart_gives_the_same_ack(batches: list[list[int]], restart: bool) -> None:
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(Path(directory) / "received.sqlite")
        for batch in batches:
            bench.readings(*batch)
            if restart:
                bench.database.close()
                bench = Bench(Path(directory) / "received.sqlite")
        numbers = {number for batch in batches for number in batch}
        totals = bench.database.totals()
        assert totals["readings"] == len(numbers)
        assert totals["doubles"] == sum(map(len, batches)) - len(numbers)
        if numbers:
            have = bench.intake.streams[KEY].have
            assert {n for n in range(1, 20) if n in have} == numbers
        bench.database.close()


def test_a_new_epoch_is_a_stream_of_its_own_and_the_same_act_is_a_double_there(bench: Bench) -> None:
    """The hub's database was lost and the device's memory read anew: same ids, other places."""
    bench.readings(1, 2, 3)
    again = reading(1, epoch="e-new", number=3) | {"origin": "stored", "received_at": "2026-02-01T00:00:00+01:00"}
    bench.take(("reading/weight", wire(again)))
    assert bench.told("reading.doubled")[0]["id"] == reading_id(3)
    assert not bench.told("reading.conflict")
    assert bench.intake.streams[HUB, "e-new"].have.through == 1
    assert bench.intake.current[HUB] == "e-new"


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (reading(1, value="82.50"), "two-contents"),
        (reading(2, number=1), "two-places"),
        (reading(1, number=99), "two-ids"),
        (reading(1, number=1, epoch="e-new", value="90.00"), "two-contents"),
    ],
)
def test_what_contradicts_what_is_stored_is_kept_aside_and_told_loudly(
    bench: Bench, second: dict[str, Any], reason: str
) -> None:
    """It is durable, so it is acknowledged; the first stays what it was."""
    bench.readings(1)
    bench.take(("reading/weight", wire(second)))
    assert [event["reason"] for event in bench.told("reading.conflict")] == [reason]
    assert bench.database.totals() == {"readings": 1, "doubles": 0, "aside": 1}
    assert second["seq"] in bench.intake.streams[HUB, str(second["epoch"])].have


def test_a_void_closes_its_places_for_good(bench: Bench) -> None:
    bench.readings(1, 5)
    bench.take(("reading/void", void(2, 4)), ("reading/void", void(2, 4)))
    assert bench.intake.streams[KEY].have.through == 5
    assert bench.intake.missing() == {}


def test_a_bad_message_is_named_kept_once_and_stops_nothing(bench: Bench) -> None:
    bad = wire(reading(2) | {"values": []})
    bench.take(("reading/weight", bad), ("reading/weight", wire(reading(1))), ("reading/weight", bad), ("ledger", b"{"))
    assert [event["place"] for event in bench.told("message.refused")] == ["values", "values", ""]
    assert bench.database.totals() == {"readings": 1, "doubles": 0, "aside": 2}
    assert bench.intake.counts["refused"] == 3


def test_an_amend_marks_the_reading_and_changes_nothing_in_it(bench: Bench, tmp_path: Path) -> None:
    """Also when it comes before its reading."""
    for number in (1, 2):
        amend = {"schema": "dho.amend/1", "id": reading_id(number), "reason": "wrong-patient", "status": "withdrawn"}
        if number == 1:
            bench.readings(1)
        bench.take(("reading/amend", wire(amend)), ("reading/amend", wire(amend)))
    bench.readings(2)
    with sqlite3.connect(tmp_path / "received.sqlite") as other:
        rows = other.execute("SELECT status, payload FROM readings ORDER BY seq").fetchall()
    other.close()
    assert rows == [("withdrawn", wire(reading(1))), ("withdrawn", wire(reading(2)))]


def test_a_ledger_of_all_that_is_here_matches(bench: Bench) -> None:
    bench.readings(1, 2, 4)
    bench.take(("reading/void", void(3, 3)), ("ledger", ledger(1, 4, voids=(3,))), ("ledger", ledger(2, 3, voids=(3,))))
    assert [event["result"] for event in bench.told("ledger.checked")] == ["match"]
    bench.take(("ledger", ledger(4, 4)))
    assert [event["result"] for event in bench.told("ledger.checked")] == ["match", "match"]


def test_a_ledger_names_the_gap_and_is_judged_again_when_it_is_filled(bench: Bench) -> None:
    """Also a gap at the end, which no later reading shows."""
    bench.readings(1, 3)
    bench.take(("ledger", ledger(1, 5)))
    checked = bench.told("ledger.checked")
    assert (checked[0]["result"], checked[0]["missing"]) == ("incomplete", [[2, 2], [4, 5]])
    assert bench.intake.missing() == {KEY: [(2, 2), (4, 5)]}
    bench.readings(2, 4)
    assert len(bench.told("ledger.checked")) == 1
    bench.readings(5)
    assert bench.told("ledger.checked")[1]["result"] == "match"


def test_a_ledger_over_other_ids_does_not_match(bench: Bench) -> None:
    bench.take(("reading/weight", wire(reading(1, number=77))), ("ledger", ledger(1, 1)))
    assert bench.told("ledger.checked")[0]["result"] == "mismatch"


def test_nothing_counts_as_here_when_the_disk_refused(bench: Bench, tmp_path: Path) -> None:
    """Not acknowledged, not told, not in the database."""
    bench.readings(1)
    blocker = sqlite3.connect(tmp_path / "received.sqlite", timeout=0, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    bench.database._link.execute("PRAGMA busy_timeout = 0")
    with pytest.raises(TransientError, match="receiver-database"):
        bench.readings(2)
    blocker.close()
    assert bench.intake.streams[KEY].have.last == 1
    assert len(bench.told("reading.received")) == 1
    assert bench.database.totals()["readings"] == 1
    bench.readings(2)
    assert bench.intake.streams[KEY].have.last == 2


def test_a_file_that_is_no_database_of_ours_is_refused(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.sqlite"
    garbage.write_bytes(b"no database" * 100)
    newer = tmp_path / "newer.sqlite"
    Database(newer).close()
    with sqlite3.connect(newer) as link:
        link.execute("PRAGMA user_version = 99")
    link.close()
    for path in (garbage, newer, tmp_path / "absent" / "received.sqlite"):
        with pytest.raises(RefusedError, match="receiver-database"):
            Database(path)
