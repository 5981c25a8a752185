"""The store: what it took is there, whole and in its place, whatever happens to the process or the medium."""

import json
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import GatewayError, RefusedError, TransientError
from gateway.keeping import Kept
from gateway.store import Store, look
from tests.readings import REF, draft, kept_frame, reading


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store")
    yield opened
    opened.close()


def fill_up(store: Store) -> None:
    """The medium has no room left."""
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")


def make_room(store: Store) -> None:
    store._connection.execute("PRAGMA max_page_count = 1000000")


def payloads(store: Store) -> dict[int, str]:
    return {row.seq: row.payload for row in store.outbox.waiting(0, 2**62, 10_000)}


def test_each_reading_gets_the_next_place_and_its_message_carries_it(store: Store) -> None:
    assert store.keep([draft("one"), draft("two")]) == [Kept(reading("one").id, 1), Kept(reading("two").id, 2)]
    assert store.keep([draft("three")]) == [Kept(reading("three").id, 3)]
    assert payloads(store) == {n: reading(name).wire(n) for n, name in enumerate(["one", "two", "three"], start=1)}
    assert store.outbox.last_seq == 3


def test_a_reading_known_by_its_id_is_kept_once_even_within_one_call(store: Store) -> None:
    assert store.keep([draft("one"), draft("one")]) == [
        Kept(reading("one").id, 1),
        Kept(reading("one").id, None, duplicate=True),
    ]
    assert store.keep([draft("one"), draft("two")]) == [
        Kept(reading("one").id, None, duplicate=True),
        Kept(reading("two").id, 2),
    ]


def test_a_reading_is_known_for_ever_also_after_its_release(store: Store) -> None:
    store.keep([draft("one")])
    store.outbox.release([(1, 1)])
    assert store.keep([draft("one")])[0].duplicate
    assert payloads(store) == {}


@pytest.mark.parametrize("status", ["uncertain", "foreign"])
def test_a_reading_that_may_not_be_sent_is_held_without_a_place(store: Store, status: str) -> None:
    held = draft("one", status)  # type: ignore[arg-type]  # one of the words
    assert store.keep([held, draft("two")]) == [Kept(reading("one").id, None), Kept(reading("two").id, 1)]
    assert store.keep([held])[0].duplicate
    assert store.held() == {status: 1}
    assert list(payloads(store)) == [1]


def test_raw_frames_stay_with_the_reading_until_its_release(store: Store) -> None:
    store.keep([draft("one")])
    assert json.loads(store.outbox.frames(1)) == [["port", b"one".hex()]]


def test_keeping_a_reading_and_forgetting_its_waiting_frames_are_one_step(store: Store) -> None:
    numbers = store.add_frames([kept_frame(b"a"), kept_frame(b"b"), kept_frame(b"c")])
    fill_up(store)
    with pytest.raises(TransientError, match="store-full"):
        store.keep([draft(f"n{i}", waiting=(numbers[0], numbers[1])) for i in range(50)])
    assert [f.data for f in store.waiting_frames(REF)] == [b"a", b"b", b"c"]
    make_room(store)
    store.keep([draft("one", waiting=(numbers[0], numbers[1]))])
    assert [f.data for f in store.waiting_frames(REF)] == [b"c"]


def test_a_full_medium_keeps_nothing_of_a_call_and_burns_no_place(store: Store) -> None:
    store.keep([draft("zero")])
    fill_up(store)
    with pytest.raises(TransientError, match="store-full"):
        store.keep([draft(f"n{i}") for i in range(200)])
    assert store.outbox.last_seq == 1
    make_room(store)
    kept = store.keep([draft(f"n{i}") for i in range(200)])
    assert [one.seq for one in kept] == list(range(2, 202))


def test_the_highest_record_number_is_remembered_whatever_the_order(store: Store) -> None:
    assert store.cursor(REF) is None
    store.keep([draft("one", cursor=7)])
    store.keep([draft("two", cursor=5)])
    assert store.cursor(REF) == 7
    store.keep([draft("one", cursor=9)])
    assert store.cursor(REF) == 9
    store.keep([draft("three")])
    assert store.cursor(REF) == 9


def test_what_is_known_of_a_device_is_kept_beside_its_record_number(store: Store) -> None:
    assert store.twin(REF) == {}
    store.keep([draft("one", cursor=7)])
    assert store.twin(REF) == {}
    store.save_twin(REF, {"model": "UA-651BLE"})
    store.save_twin(REF, {"model": "UA-651BLE", "battery": 90})
    assert store.twin(REF) == {"model": "UA-651BLE", "battery": 90}
    assert store.cursor(REF) == 7


def test_everything_is_there_after_an_orderly_end(tmp_path: Path) -> None:
    first = Store(tmp_path)
    first.keep([draft("one"), draft("two", "foreign", cursor=3)])
    first.save_twin(REF, {"model": "x"})
    first.add_frames([kept_frame(b"part")])
    epoch, key = first.epoch, first.id_key
    first.close()
    again = Store(tmp_path)
    assert (again.epoch, again.id_key, again.outbox.last_seq) == (epoch, key, 1)
    assert (again.held(), again.twin(REF), again.cursor(REF)) == ({"foreign": 1}, {"model": "x"}, 3)
    assert [f.data for f in again.waiting_frames(REF)] == [b"part"]
    assert again.keep([draft("two")])[0].duplicate
    again.close()


@settings(max_examples=25)
@given(st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=5), min_size=1, max_size=6))
def test_places_are_gap_free_and_each_id_has_one_in_any_order_of_calls_and_restarts(calls: list[list[int]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        given_places: dict[str, int] = {}
        for call in calls:
            store = Store(Path(directory))
            for kept in store.keep([draft(f"n{i}") for i in call]):
                assert (kept.seq is None) == kept.duplicate == (kept.id in given_places)
                if kept.seq is not None:
                    given_places[kept.id] = kept.seq
            store.close()
        assert sorted(given_places.values()) == list(range(1, len(given_places) + 1))


def test_a_copy_of_the_files_taken_at_any_moment_is_a_sound_store(store: Store, tmp_path: Path) -> None:
    """What a power cut leaves: the database and its log as they are, without an orderly end."""
    for i in range(40):
        store.keep([draft(f"n{i}")])
        if i % 4:
            continue
        store.outbox.release([(i, i)])
        left = tmp_path / f"left-{i}"
        shutil.copytree(store.directory, left)
        found = Store(left)
        assert found.outbox.last_seq == i + 1
        assert payloads(found) == payloads(store)
        assert (found.epoch, found.id_key) == (store.epoch, store.id_key)
        found.close()


def test_two_daemons_cannot_have_one_store_and_the_second_may_when_the_first_is_gone(tmp_path: Path) -> None:
    first = Store(tmp_path)
    with pytest.raises(RefusedError, match="store-in-use"):
        Store(tmp_path)
    first.close()
    Store(tmp_path).close()


def test_a_store_that_could_not_be_opened_lets_go_of_its_directory(tmp_path: Path) -> None:
    Store(tmp_path).close()
    (tmp_path / "id.key").write_bytes(b"short")
    for _ in range(2):
        with pytest.raises(RefusedError, match="store-key-damaged"):
            Store(tmp_path)


def test_nobody_else_may_read_what_is_kept(store: Store) -> None:
    store.keep([draft("one")])
    files = sorted(store.directory.iterdir())
    assert {"id.key", "lock", "outbox.sqlite", "outbox.sqlite-wal"} <= {path.name for path in files}
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700


def test_a_directory_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="ascii")
    with pytest.raises(RefusedError, match="store-unusable"):
        Store(tmp_path / "file")
    (tmp_path / "odd" / "outbox.sqlite").mkdir(parents=True)
    with pytest.raises(RefusedError, match="store-unusable"):
        Store(tmp_path / "odd")


def test_a_database_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / "outbox.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(RefusedError, match="store-newer"):
        Store(tmp_path)


def test_a_start_cut_short_by_power_is_made_good_by_the_next(tmp_path: Path) -> None:
    """Migrated, but without an epoch: as after a cut between the two."""
    store = Store(tmp_path)
    store._connection.execute("DELETE FROM fact")
    assert look(tmp_path).epoch == ""
    store.close()
    again = Store(tmp_path)
    assert again.epoch.startswith("e-")
    again.close()


def test_a_new_store_is_a_new_epoch(tmp_path: Path) -> None:
    one, other = Store(tmp_path / "one"), Store(tmp_path / "other")
    assert one.epoch != other.epoch
    assert one.id_key != other.id_key
    one.close()
    other.close()


def test_size_counts_database_and_log(store: Store) -> None:
    store.keep([draft("one")])
    names = ("outbox.sqlite", "outbox.sqlite-wal")
    assert store.size_bytes() == sum((store.directory / name).stat().st_size for name in names)
    (store.directory / "outbox.sqlite-wal").unlink()
    assert store.size_bytes() == (store.directory / "outbox.sqlite").stat().st_size


def test_a_store_can_be_looked_at_beside_the_daemon_without_showing_a_value(store: Store) -> None:
    store.keep([draft("one"), draft("two"), draft("three", "uncertain")])
    store.outbox.mark_at_broker([1])
    found = look(store.directory)
    assert (found.epoch, found.last_seq, found.held, found.aside) == (store.epoch, 2, {"uncertain": 1}, 0)
    assert (found.depth.waiting, found.depth.at_broker, found.depth.oldest_seq) == (2, 1, 1)
    assert "82.40" not in str(found)


@pytest.mark.parametrize("name", ["plain", "with space", "odd#name", "why?", "100%25", "blå"])
def test_a_store_can_be_looked_at_wherever_it_lies_also_when_the_daemon_is_off(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path / name)
    store.keep([draft("one")])
    store.close()
    assert look(tmp_path / name).last_seq == 1


def test_where_there_is_no_store_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="store-missing"):
        look(tmp_path)
    (tmp_path / "outbox.sqlite").touch()
    with pytest.raises(TransientError, match="store-io"):
        look(tmp_path)


def test_a_closed_store_says_so_in_the_project_s_words(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.close()
    calls = (
        lambda: store.keep([draft("one")]),
        lambda: store.cursor(REF),
        lambda: store.twin(REF),
        store.held,
        lambda: store.save_twin(REF, {}),
        lambda: store.add_frames([kept_frame()]),
        lambda: store.waiting_frames(REF),
        store.outbox.depth,
        store.outbox.aside,
        lambda: store.outbox.waiting(0, 1, 1),
    )
    for call in calls:
        with pytest.raises(GatewayError, match="store-"):
            call()
