"""What goes wrong with a reading in the store is exactly one deviation, in the same transaction."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.audit import When, flaws, parse_head
from gateway.errors import GatewayError
from gateway.keeping import Draft
from gateway.store import Store
from gateway.timebase import DeviceClaim, Undated
from tests.readings import NOON, REF, draft, kept_frame, reading


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store")
    opened.deviations.moment = lambda: When(NOON, "7c9e1f", 10.0)
    yield opened
    opened.close()


def timeless(name: str, *, waits: bool = False) -> Draft:
    """A reading without a time; `waits` for the hub to know it."""
    without = reading(name).changed(measured_at=None)
    what = Undated("7c9e1f", 1.0, DeviceClaim(), None) if waits else None
    return Draft(without, [("port", name.encode().hex())], undated=what)


def counted(store: Store) -> list[tuple[str, str, int, str | None]]:
    return [(d.what.type, d.what.cause, d.what.readings, d.what.device) for d in store.deviations.all()]


def test_what_is_held_back_is_counted_once_though_it_comes_again(store: Store) -> None:
    store.keep([draft("one", "foreign"), draft("two", "uncertain"), draft("three", "foreign")])
    store.keep([draft("one", "foreign"), draft("four")])
    assert counted(store) == [("foreign", "sole-user", 2, REF), ("unattributed", "sole-user", 1, REF)]
    assert store.deviations.all()[0].when == When(NOON, "7c9e1f", 10.0)


def test_a_reading_without_a_time_is_counted_when_nothing_more_can_be_known(store: Store) -> None:
    store.keep([timeless("one"), timeless("two", waits=True), timeless("three", waits=True), draft("four")])
    assert counted(store) == [("clock", "device-clock", 1, REF)]
    store.undated.date([(2, reading("two"), ""), (3, timeless("three").reading, "")])
    assert counted(store) == [("clock", "device-clock", 2, REF)]


def test_what_is_refused_for_good_is_lost_but_what_points_to_a_person_is_another_matter(store: Store) -> None:
    store.keep([draft("one"), draft("two")])
    store.outbox.set_aside(1, "mqtt-too-large", "{}")
    store.outbox.set_aside(1, "mqtt-too-large", "{}")
    store.outbox.set_aside(2, "personal-data", "{}")
    store.outbox.set_aside(9, "mqtt-too-large", "{}")
    assert counted(store) == [("lost", "mqtt-too-large", 1, REF), ("personal-data", "personal-data", 1, REF)]


def test_places_that_the_receiver_asked_for_in_vain_are_lost_once(store: Store) -> None:
    store.keep([draft("one"), draft("two"), draft("three")])
    store.outbox.release([(1, 3)])
    store.outbox.give_up([(1, 2)], "released")
    store.outbox.give_up([(1, 2)], "released")
    assert counted(store) == [("lost", "released", 2, None)]


def test_bytes_that_nobody_can_read_are_counted_for_each_device_and_reason(store: Store) -> None:
    for reason in ("not-a-toy", "not-a-toy", "incomplete"):
        store.refuse_frame(kept_frame(), reason)
    assert counted(store) == [("undecodable", "not-a-toy", 2, REF), ("undecodable", "incomplete", 1, REF)]


def test_a_deviation_is_there_if_and_only_if_the_reading_is(store: Store) -> None:
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(GatewayError):
        store.keep([draft(str(n), "foreign") for n in range(500)])
    assert counted(store) == []
    assert store.held() == {}


def test_records_outlive_damage_to_the_database(tmp_path: Path) -> None:
    place = tmp_path / "store"
    store = Store(place)
    store.keep([draft("one", "foreign")])
    store.deviations.close(1, "coordinator", "talked", When(NOON, "7c9e1f", 11.0))
    store.keep([draft("two", "foreign")])
    before = [row.digest for row in store.audit.rows()]
    store.mark_damaged()
    store.close()
    mended = Store(place)
    assert [row.digest for row in mended.audit.rows()] == before
    assert list(flaws(mended.audit.rows(), parse_head(mended.audit.head()))) == []
    assert counted(mended) == [("foreign", "sole-user", 1, REF), ("foreign", "sole-user", 1, REF)]
    assert [d.closed is None for d in mended.deviations.all()] == [False, True]
    assert mended.held() == {"foreign": 2}
    mended.keep([draft("three", "foreign")])
    assert counted(mended)[1][2] == 2
    mended.close()


def test_what_waits_too_long_for_its_confirmation_is_late_once(store: Store) -> None:
    store.keep([draft("one"), draft("two")])
    assert store.count_late(NOON + timedelta(hours=71)) == 0
    assert store.count_late(NOON + timedelta(hours=72)) == 2
    assert store.count_late(NOON + timedelta(hours=73)) == 0
    store.keep([draft("three")])
    store.outbox.release([(1, 1)])
    assert store.count_late(NOON + timedelta(hours=80)) == 1
    assert counted(store) == [("late", "unconfirmed", 3, None)]


def test_a_void_is_not_late(store: Store) -> None:
    store.keep([draft("one")])
    store.outbox.set_aside(1, "mqtt-too-large", "{}")
    assert store.count_late(NOON + timedelta(hours=80)) == 0


def test_new_events_stir_whoever_tells_of_them(store: Store) -> None:
    stirred: list[int] = []
    store.events.stirred = lambda: stirred.append(1)
    store.keep([draft("one", "foreign"), draft("two", "foreign")])
    assert stirred == [1]
