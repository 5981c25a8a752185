"""The outbox: who has what, and that nothing leaves it unasked."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store import Store, parcel
from gateway.store.outbox import Depth, Outbox
from tests.readings import NOON, draft

_ALL = 2**62


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    opened.keep([draft(f"n{i}") for i in range(1, 11)])
    yield opened
    opened.close()


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return store.outbox


def waiting(outbox: Outbox, after: int = 0, upto: int = _ALL, limit: int = 100) -> list[int]:
    return [row.seq for row in outbox.waiting(after, upto, limit)]


def test_what_waits_is_given_in_order_within_its_bounds(outbox: Outbox) -> None:
    assert waiting(outbox) == list(range(1, 11))
    assert waiting(outbox, after=3, upto=7) == [4, 5, 6, 7]
    assert waiting(outbox, after=3, limit=2) == [4, 5]
    assert outbox.waiting(0, 1, 1)[0].kind == "weight"


def test_what_a_broker_has_waits_no_more_but_is_not_gone(outbox: Outbox) -> None:
    outbox.mark_at_broker([2, 3])
    assert waiting(outbox) == [1, 4, 5, 6, 7, 8, 9, 10]
    assert outbox.depth() == Depth(10, 2, 1, NOON.isoformat())


def test_only_what_is_confirmed_leaves(outbox: Outbox) -> None:
    assert outbox.release([(1, 3), (5, 5)]) == 4
    assert outbox.release([(1, 5)]) == 1
    assert waiting(outbox) == [6, 7, 8, 9, 10]
    assert outbox.depth().oldest_seq == outbox.oldest() == 6
    outbox.release([(1, 10)])
    assert outbox.depth() == Depth(0, 0, None, None)
    assert outbox.oldest() is None


def test_the_last_place_given_is_remembered_when_all_is_released(store: Store) -> None:
    store.outbox.release([(1, 10)])
    assert Outbox(store._connection, store.places, store.seal, lambda _what: None).last_seq == 10


def test_what_is_asked_for_again_waits_again_and_what_is_gone_is_named(outbox: Outbox) -> None:
    outbox.mark_at_broker(range(1, 11))
    outbox.release([(1, 2), (5, 6), (10, 10)])
    assert outbox.send_again([(1, 10)]) == [(1, 2), (5, 6), (10, 10)]
    assert waiting(outbox) == [3, 4, 7, 8, 9]
    assert outbox.send_again([(3, 4), (7, 7)]) == []
    assert outbox.send_again([(5, 5), (1, 1)]) == [(5, 5), (1, 1)]


def test_a_message_refused_for_good_is_kept_apart_and_a_void_takes_its_place(store: Store) -> None:
    outbox = store.outbox
    original = outbox.waiting(1, 2, 1)[0].payload
    outbox.mark_at_broker([2])
    outbox.set_aside(2, "mqtt-payload-invalid", '{"void":2}')
    (row,) = outbox.waiting(1, 2, 1)
    assert (row.seq, row.kind, row.payload) == (2, "void", '{"void":2}')
    assert outbox.aside() == 1
    query = "SELECT number, seq, kind, reason, payload, frames FROM aside"
    number, *kept, payload, frames = store._connection.execute(query).fetchone()
    assert kept == [2, "weight", "mqtt-payload-invalid"]
    message, raw = parcel.opened(store.seal, "aside", number, payload, frames)
    assert (message, json.loads(raw)) == (original, [["port", b"n2".hex()]])


def test_setting_aside_twice_or_what_is_gone_changes_nothing_more(outbox: Outbox) -> None:
    outbox.set_aside(2, "first", '{"void":2}')
    outbox.set_aside(2, "second", '{"void":2}')
    assert outbox.aside() == 1
    outbox.release([(3, 3)])
    outbox.set_aside(3, "late", '{"void":3}')
    assert outbox.aside() == 1
    assert 3 not in waiting(outbox)


def test_a_void_is_confirmed_like_any_message(outbox: Outbox) -> None:
    outbox.set_aside(2, "refused", '{"void":2}')
    assert outbox.release([(1, 2)]) == 2
    assert outbox.aside() == 1


def test_what_is_offered_again_keeps_its_id_and_gets_a_new_place_in_the_old_order(store: Store) -> None:
    outbox = store.outbox
    originals = {row.seq: json.loads(row.payload) for row in outbox.waiting(0, 3, 3)}
    for seq in (3, 1, 2):
        outbox.set_aside(seq, "mqtt-not-authorised", f'{{"void":{seq}}}')
    outbox.set_aside(4, "mqtt-packet-too-large", '{"void":4}')
    assert outbox.refused() == [("weight", "mqtt-not-authorised", 3), ("weight", "mqtt-packet-too-large", 1)]
    assert outbox.offer_again("weight", "mqtt-not-authorised", 2) == [11, 12]
    assert outbox.offer_again("weight", "mqtt-not-authorised", 2) == [13]
    assert outbox.offer_again("weight", "mqtt-not-authorised", 2) == []
    assert (outbox.last_seq, outbox.aside()) == (13, 1)
    again = [json.loads(row.payload) for row in outbox.waiting(10, _ALL, 9)]
    assert again == [{**originals[seq], "seq": seq + 10, "epoch": store.epoch} for seq in (1, 2, 3)]
    assert outbox.frames(11) == json.dumps([("port", b"n1".hex())])
    assert store.keep([draft("n1")])[0].duplicate
    assert store.keep([draft("n99")])[0].seq == 14
    assert [(seq, reading_id) for seq, reading_id in store.places.lines(1, 4)] == [(seq, None) for seq in (1, 2, 3, 4)]
    assert [reading_id for _seq, reading_id in store.places.lines(11, 13)] == [
        originals[seq]["id"] for seq in (1, 2, 3)
    ]


def test_places_given_anew_are_remembered_by_the_next_start(tmp_path: Path) -> None:
    first = Store(tmp_path)
    first.keep([draft("one")])
    first.outbox.set_aside(1, "mqtt-not-authorised", '{"void":1}')
    first.outbox.offer_again("weight", "mqtt-not-authorised", 5)
    first.close()
    second = Store(tmp_path)
    assert second.outbox.last_seq == 2
    assert second.keep([draft("one")])[0].duplicate
    assert second.keep([draft("two")])[0].seq == 3
    second.close()


def test_a_reading_refused_again_is_counted_once(store: Store) -> None:
    store.outbox.set_aside(1, "mqtt-not-authorised", '{"void":1}')
    store.outbox.set_aside(2, "mqtt-not-authorised", '{"void":2}')
    (seq,) = store.outbox.offer_again("weight", "mqtt-not-authorised", 1)
    store.outbox.set_aside(seq, "mqtt-not-authorised", '{"void":11}')
    (lost,) = store.deviations.all()
    assert (lost.what.cause, lost.what.readings) == ("mqtt-not-authorised", 2)
    assert store.outbox.refused() == [("weight", "mqtt-not-authorised", 2)]
