"""Places of the sequence: each id once, known for as long as is promised, and told as the ledger needs it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.keeping import Kept
from gateway.store import Store
from gateway.store.places import Places, blob
from tests.readings import NOON, draft, reading


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store")
    yield opened
    opened.close()


def ids(*names: str) -> list[str]:
    return [reading(name).id for name in names]


def test_lines_name_each_place_in_order_and_say_void_where_nothing_comes(store: Store) -> None:
    store.keep([draft(name) for name in "abcdef"])
    store.outbox.set_aside(2, "mqtt-payload-invalid", "{}")
    store.outbox.release([(3, 5)])
    store.outbox.give_up([(4, 4), (5, 5)], "released")
    lines = list(store.places.lines(1, 6))
    assert lines == [(1, ids("a")[0]), (2, None), (3, ids("c")[0]), (4, None), (5, None), (6, ids("f")[0])]
    assert list(store.places.lines(3, 4)) == [(3, ids("c")[0]), (4, None)]
    assert list(store.places.lines(6, 6)) == [(6, ids("f")[0])]


def test_the_same_places_may_be_given_up_again_and_overlap(store: Store) -> None:
    store.keep([draft(name) for name in "abcdef"])
    store.outbox.release([(1, 6)])
    for stretch in ((1, 3), (2, 5), (1, 3), (6, 6)):
        store.outbox.give_up([stretch], "released")
    assert [name for _seq, name in store.places.lines(1, 6)] == [None] * 6


def test_ids_whose_first_half_is_the_same_are_told_apart(store: Store) -> None:
    """Looked up by half of the id, decided by all of it."""
    one, other = bytes(8) + b"12345678", bytes(8) + b"87654321"
    places = Places(store._connection)
    places.add(1, one, None)
    places.remember({one: 1})
    assert (places.knows(one), places.knows(other)) == (True, False)
    places.add(2, other, None)
    places.remember({other: 2})
    assert places.knows(one)
    assert places.knows(other)


def test_the_oldest_released_are_forgotten_in_small_steps_and_no_other(store: Store) -> None:
    for start in range(0, 1300, 100):
        store.keep([draft(f"n{i}") for i in range(start, start + 100)])
    store.outbox.release([(1, 1200)])
    store.outbox.give_up([(1, 1), (1200, 1200)], "released")
    assert store.places.prune(100) == 500
    assert store.places.first() == 501
    assert store.places.prune(100) == 500
    assert store.places.prune(100) == 200
    assert store.places.prune(100) == 0
    assert store.places.first() == 1201
    assert store.keep([draft("n1200")])[0].duplicate
    assert store.keep([draft("n0")]) == [Kept(reading("n0").id, 1301)]
    assert store._connection.execute("SELECT count(*) FROM void").fetchone() == (0,)


def test_what_is_not_confirmed_is_never_forgotten(store: Store) -> None:
    store.keep([draft(f"n{i}") for i in range(10)])
    store.outbox.release([(1, 2), (4, 10)])
    assert store.places.prune(1) == 2
    assert store.places.prune(1) == 0
    assert [seq for seq, _ in store.places.lines(1, 10)] == list(range(3, 11))


def test_all_is_known_again_after_a_restart(tmp_path: Path) -> None:
    first = Store(tmp_path)
    first.keep([draft(f"n{i}") for i in range(50)])
    first.outbox.release([(1, 50)])
    first.close()
    again = Store(tmp_path)
    assert all(again.places.knows(blob(reading(f"n{i}").id)) for i in range(50))
    assert not again.places.knows(blob(reading("new").id))
    again.close()


def test_readings_a_day_are_those_of_the_last_week(store: Store) -> None:
    assert store.places.first() == 0
    assert store.places.per_day(NOON) == 0
    store.keep([draft(f"n{i}") for i in range(10)])
    assert store.places.per_day(NOON + timedelta(hours=1)) == 10
    assert store.places.per_day(NOON + timedelta(days=5)) == 2
    assert store.places.per_day(NOON + timedelta(days=8)) == 0
