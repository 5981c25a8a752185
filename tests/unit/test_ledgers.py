"""Ledgers on their way: once a day, on request, and until a broker has them."""

from collections.abc import Iterator

from gateway.ledgers import MOST_PLACES, Ledgers
from tests.world import World

DAY = 86_400.0


class Places:
    """Every place from `lowest` to `last_seq`, without a void."""

    def __init__(self, last_seq: int, lowest: int = 1) -> None:
        self.last_seq, self.lowest = last_seq, lowest

    def lines(self, first: int, last: int) -> Iterator[tuple[int, str | None]]:
        return ((seq, f"id-{seq}") for seq in range(first, last + 1))

    def first(self) -> int:
        return self.lowest if self.last_seq else 0


def make(places: Places, world: World | None = None) -> Ledgers:
    return Ledgers(places, places, "hub-0042", "e-1", (world or World()).env)


def span(document: dict[str, object] | None) -> tuple[object, object, object] | None:
    return None if document is None else (document["from"], document["to"], document["count"])


def test_by_default_it_is_about_the_newest_places() -> None:
    assert span(make(Places(7)).make()) == (1, 7, 7)
    assert span(make(Places(25_000)).make()) == (25_000 - MOST_PLACES + 1, 25_000, MOST_PLACES)


def test_any_places_may_be_asked_for_that_were_given_and_are_known() -> None:
    ledgers = make(Places(25_000, lowest=101))
    assert span(ledgers.make(200, 300)) == (200, 300, 101)
    assert span(ledgers.make(1, 300)) == (101, 300, 200)
    assert span(ledgers.make(24_990)) == (24_990, 25_000, 11)
    assert span(ledgers.make(200)) == (200, 200 + MOST_PLACES - 1, MOST_PLACES)
    assert span(ledgers.make(None, 90_000)) == (15_001, 25_000, MOST_PLACES)
    assert span(ledgers.make(1, 100)) is None
    assert span(ledgers.make(25_001)) is None
    assert make(Places(0)).make() is None


def test_one_a_day_from_soon_after_the_start_and_repeated_until_it_is_told() -> None:
    world = World()
    world.dice = 0.5
    places = Places(3)
    ledgers = make(places, world)
    world.monotonic += 329
    assert ledgers.waiting() == []
    world.monotonic += 2
    (first,) = ledgers.waiting()
    assert [first] == ledgers.waiting()
    ledgers.told(first)
    assert ledgers.waiting() == []
    places.last_seq = 5
    world.monotonic += DAY + 1
    (second,) = ledgers.waiting()
    assert span(second) == (1, 5, 5)
    world.monotonic += DAY + 1
    # Nobody took yesterday's: today's says it too.
    assert ledgers.waiting() is not None
    assert len(ledgers.waiting()) == 1


def test_hubs_that_start_together_do_not_send_theirs_together() -> None:
    def first_at(dice: float) -> float:
        world = World()
        world.dice = dice
        ledgers = make(Places(1), world)
        began = world.monotonic
        while not ledgers.waiting():
            world.monotonic += 10
        return world.monotonic - began

    moments = [first_at(number / 10) for number in range(10)]
    assert min(moments) >= 60
    assert max(moments) <= 610
    assert len(set(moments)) == 10


def test_one_that_was_asked_for_waits_like_any_other_and_a_hub_without_readings_has_none() -> None:
    ledgers = make(Places(3))
    asked = ledgers.ask(2, 3)
    assert ledgers.waiting() == [asked]
    empty = make(Places(0))
    assert empty.ask(None, None) is None
    assert empty.waiting() == []
