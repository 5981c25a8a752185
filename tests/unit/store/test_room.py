"""The cap: database and log together stay below it, nothing unconfirmed goes, and it takes again when there is room."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.errors import TransientError
from gateway.store import Store
from gateway.store.database import FILE
from tests.readings import draft, kept_frame

MAX = 400_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store", MAX)
    yield opened
    opened.close()


def fill(store: Store) -> int:
    """Keeps readings until the store refuses; gives how many it took."""
    for number in range(100_000):
        try:
            store.keep([draft(f"n{number}")])
        except TransientError as error:
            if error.reason != "store-full":
                raise
            return number
        assert store.size_bytes() <= MAX
    raise AssertionError("never full")


def test_a_full_store_keeps_all_it_took_and_says_why_it_takes_no_more(store: Store) -> None:
    count = fill(store)
    assert count > 500
    assert store.trouble == "store-full"
    assert store.outbox.depth().waiting == store.outbox.last_seq == count
    for refused in (
        lambda: store.keep([draft("another", "foreign")]),
        lambda: store.add_frames([kept_frame()]),
        lambda: store.refuse_frame(kept_frame(), "noise"),
        store.probe,
    ):
        with pytest.raises(TransientError, match="store-full"):
            refused()
    assert store.outbox.last_seq == count
    assert store.size_bytes() <= MAX


def test_a_full_store_still_does_what_makes_room_and_what_must_be_known(store: Store) -> None:
    count = fill(store)
    store.outbox.set_aside(1, "mqtt-packet-too-large", "{}")
    store.outbox.mark_at_broker([2, 3])
    store.save_twin("dev-1", {"battery": 10})
    assert store.keep([draft("n5")])[0].duplicate
    assert store.outbox.release([(2, 200)]) == 199
    store.probe()
    assert store.trouble is None
    assert store.keep([draft("late")])[0].seq == count + 1


def test_it_fills_up_to_the_same_mark_again(store: Store) -> None:
    count = fill(store)
    for _round in range(3):
        store.outbox.release([(1, store.outbox.last_seq)])
        assert store.room.left() > 0
        for start in range(0, count // 2, 100):
            store.keep([draft(f"r{_round} {i}") for i in range(start, start + 100)])
            assert store.size_bytes() <= MAX


def test_a_log_that_somebody_keeps_from_being_written_back_counts_too(store: Store) -> None:
    store.keep([draft("one")])
    with closing(sqlite3.connect(store.directory / FILE, isolation_level=None)) as beside:
        beside.execute("BEGIN")
        beside.execute("SELECT * FROM reading").fetchone()
        fill(store)
    store.outbox.release([(1, store.outbox.last_seq)])
    store.probe()


def test_without_a_log_there_is_still_room(store: Store) -> None:
    left = store.room.left()
    assert 0 < left < MAX
    (store.directory / f"{FILE}-wal").unlink()
    assert store.room.left() == left
