"""What the database would not take is there at the next start, whatever has become of the database meanwhile."""

import json
import stat
from datetime import datetime
from pathlib import Path

import pytest

from gateway.errors import TransientError
from gateway.keeping import Draft
from gateway.store import Store
from gateway.timebase import ClockFix, DeviceClaim, Undated
from tests.readings import NOON, REF, draft, reading

TOLD = datetime(2026, 3, 14, 11, 0)  # noqa: DTZ001  # a device tells no zone
WHAT = Undated("7c9e1f", 40.5, DeviceClaim(TOLD, False, True), ClockFix(NOON, 41.0))


def names(store: Store) -> list[str]:
    return [json.loads(row.payload)["id"] for row in store.outbox.waiting(0, 2**62, 10_000)]


def test_saved_readings_are_taken_in_once_as_they_were(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.keep([draft("kept")])
    whole = [draft("a", cursor=7), draft("b", "foreign"), Draft(reading("c"), [("port", "00")], undated=WHAT)]
    store.save_unkept(whole)
    assert b"82.40" not in (tmp_path / "unkept").read_bytes()
    assert stat.S_IMODE((tmp_path / "unkept").stat().st_mode) == 0o600
    epoch = store.epoch
    store.close()
    again = Store(tmp_path)
    assert again.epoch == epoch
    assert names(again)[:2] == [reading("kept").id, reading("a").id]
    assert json.loads(again.outbox.waiting(1, 2, 1)[0].payload) == json.loads(reading("a").changed(epoch=epoch).wire(2))
    assert (again.cursor(REF), again.held()) == (7, {"foreign": 1})
    (undated,) = again.undated.next()
    assert (undated.seq, undated.what) == (3, WHAT)
    assert [(ref, kept.seq) for ref, kept in again.taken_in] == [(REF, 2), (REF, None), (REF, 3)]
    again.close()
    third = Store(tmp_path)
    assert third.taken_in == []
    assert third.outbox.last_seq == 3
    third.close()


def test_they_go_into_the_new_database_when_the_old_one_was_damaged(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.keep([draft("kept")])
    store.save_unkept([draft("a")])
    store.mark_damaged()
    store.close()
    again = Store(tmp_path)
    assert names(again) == [reading("kept").id, reading("a").id]
    assert {json.loads(row.payload)["epoch"] for row in again.outbox.waiting(0, 9, 9)} == {again.epoch}
    again.close()


def test_a_start_that_is_cut_short_takes_them_in_again_and_nothing_twice(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save_unkept([draft(f"n{i}") for i in range(300)])
    saved = (tmp_path / "unkept").read_bytes()
    store.close()
    Store(tmp_path).close()
    (tmp_path / "unkept").write_bytes(saved)
    again = Store(tmp_path)
    assert again.outbox.last_seq == 300
    assert all(kept.duplicate for _ref, kept in again.taken_in)
    again.close()


@pytest.mark.parametrize("noise", [b"", b"noise", b"\xff\xfe\n\n", b"bm8gc2VhbA=="])
def test_what_is_no_saved_reading_is_passed_over(tmp_path: Path, noise: bytes) -> None:
    store = Store(tmp_path)
    store.save_unkept([draft("a"), draft("b")])
    first, second = (tmp_path / "unkept").read_bytes().split(b"\n")
    store.close()
    # Each is sealed for its own line: the second does not pass for the first.
    (tmp_path / "unkept").write_bytes(b"\n".join([noise, second, first]))
    again = Store(tmp_path)
    assert [kept.id for _ref, kept in again.taken_in] == ([reading("b").id] if b"\n" not in noise else [])
    again.close()


def test_a_medium_that_takes_or_gives_nothing_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (tmp_path / "unkept.new").mkdir()
    with pytest.raises(TransientError, match="store-io"):
        store.save_unkept([draft("a")])
    store.close()
    (tmp_path / "unkept").mkdir()
    with pytest.raises(TransientError, match="store-io"):
        Store(tmp_path)
