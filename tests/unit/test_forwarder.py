"""Out of the hub: in order, bounded, once as far as can be, and never forgotten before it is confirmed."""

import json
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.ack import Ack
from gateway.errors import TransientError
from gateway.forwarder import Waiting
from gateway.voids import render_void
from tests.aio import run
from tests.way import Way
from tests.world import settle


def scene(way: Way, play: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await way.start()
        await play()
        await way.stop()

    run(whole())
    assert way.failures == []


@pytest.fixture
def way(tmp_path: Path) -> Way:
    return Way(tmp_path / "store")


def test_nothing_is_sent_before_there_is_a_connection(way: Way) -> None:
    async def play() -> None:
        await way.keep(3)
        assert way.sent == []
        await way.connect()
        assert way.sent == [1, 2, 3]

    scene(way, play)


def test_the_window_bounds_what_is_on_the_way_and_order_is_kept(way: Way) -> None:
    async def play() -> None:
        await way.keep(23)
        await way.connect()
        assert way.flying == [1, 2, 3, 4, 5]
        await way.take(2)
        assert way.flying == [3, 4, 5, 6, 7]
        await way.take_everything()
        assert way.sent == list(range(1, 24))

    scene(way, play)


def test_a_reading_leaves_the_outbox_when_the_receiver_has_it_and_not_before(way: Way) -> None:
    async def play() -> None:
        await way.keep(3)
        await way.connect()
        await way.take_everything()
        await way.world.advance(10)
        assert (way.waiting, way.store.outbox.depth().at_broker) == (3, 3)
        await way.deliver()
        assert way.waiting == 0
        assert way.told == {"sent": 3, "released": 3}

    scene(way, play)


def test_a_place_that_was_made_void_is_told_though_the_broker_took_the_reading_that_had_it(way: Way) -> None:
    """What was taken and not written down yet was another message."""

    async def play() -> None:
        await way.keep(3)
        await way.connect()
        await way.take()
        way.store.outbox.put_void(2, render_void("hub-0042", way.store.epoch, 2, 2, "wiped"))
        way.forwarder.changed()
        await settle()
        assert (way.sent, way.broker.log[3:]) == ([1, 2, 3], [("void", 2)])
        await way.take_everything()
        await way.world.advance(10)
        assert (way.waiting, way.store.outbox.depth().at_broker) == (3, 3)

    scene(way, play)


def test_where_the_broker_confirms_its_word_releases_at_once(tmp_path: Path) -> None:
    way = Way(tmp_path / "store", confirm="broker")

    async def play() -> None:
        await way.keep(7)
        await way.connect()
        await way.take(2)
        assert way.waiting == 5
        await way.take_everything()
        assert way.waiting == 0
        await way.world.advance(90_000)
        assert way.sent == [1, 2, 3, 4, 5, 6, 7]

    scene(way, play)


def test_what_was_on_the_way_at_a_cut_is_sent_again_and_what_the_broker_has_is_not(way: Way) -> None:
    async def play() -> None:
        await way.keep(5)
        await way.connect()
        await way.take(2)
        await way.cut()
        await way.connect()
        assert way.flying == [3, 4, 5]

    scene(way, play)


def test_what_is_confirmed_before_its_turn_is_not_sent(way: Way) -> None:
    """Also where it has been read from the outbox already."""

    async def play() -> None:
        await way.keep(20)
        await way.connect()
        await way.take(1)
        assert way.flying == [2, 3, 4, 5, 6]
        way.forwarder.acknowledge(Ack(((1, 1), (7, 9)), ()))
        await way.take_everything()
        assert way.sent == [1, 2, 3, 4, 5, 6, *range(10, 21)]

    scene(way, play)


def test_the_outbox_is_asked_once_for_a_window_and_not_for_every_message(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    waiting = way.outbox.waiting

    def counted(after: int, upto: int, limit: int) -> Sequence[Waiting]:
        asked.append(after)
        return waiting(after, upto, limit)

    async def play() -> None:
        monkeypatch.setattr(way.outbox, "waiting", counted)
        await way.keep(100)
        await way.connect()
        for _message in range(100):
            await way.take(1)
        assert way.sent == list(range(1, 101))
        assert len(asked) <= 100 // 5 + 2

    scene(way, play)


def test_readings_that_must_wait_for_their_date_go_in_order_when_they_have_it(way: Way) -> None:
    """Before the connection and during it; nothing overtakes them."""

    async def play() -> None:
        way.outbox.barrier = 3
        await way.keep(5)
        await way.connect()
        await way.take_everything()
        await way.keep(2)
        await way.take_everything()
        assert way.sent == [1, 2]
        way.outbox.barrier = 7
        way.forwarder.stored()
        await way.take_everything()
        assert sorted(way.sent) == [1, 2, 3, 4, 5, 6]
        way.outbox.barrier = None
        way.forwarder.stored()
        await way.take_everything()
        assert way.sent[-1] == 7

    scene(way, play)


def test_a_lost_answer_is_a_double_and_no_loss(way: Way) -> None:
    async def play() -> None:
        await way.keep(2)
        await way.connect()
        way.broker.take(way.broker.on_the_way[0], answer=False)
        await way.cut()
        await way.quiet()
        way.check_complete()
        assert way.receiver.doubles == 1

    scene(way, play)


def test_what_is_stored_during_a_backlog_goes_first_and_each_lane_keeps_its_order(way: Way) -> None:
    async def play() -> None:
        await way.keep(20)
        await way.connect()
        await way.keep(10)
        await way.take_everything()
        assert way.sent[:5] == [1, 2, 3, 4, 5]
        assert way.sent[5:15] == list(range(21, 31))
        assert way.sent[15:] == list(range(6, 21))

    scene(way, play)


def test_what_the_broker_took_in_an_earlier_connection_is_sent_again_when_asked_for(way: Way) -> None:
    async def play() -> None:
        await way.keep(5)
        await way.connect()
        await way.take_everything()
        await way.cut()
        await way.connect()
        assert way.sent == [1, 2, 3, 4, 5]
        way.forwarder.acknowledge(Ack((), ((3, 3),)))
        await way.take_everything()
        assert way.sent == [1, 2, 3, 4, 5, 3]

    scene(way, play)


# A broker that comes back after a long time


@pytest.fixture
def slow(tmp_path: Path) -> Way:
    """Ten readings a second of what waited; the dice say half of the delay."""
    made = Way(tmp_path / "slow", catch_up_per_s=10)
    made.world.dice = 0.5
    return made


def test_after_a_long_absence_the_backlog_waits_and_keeps_its_pace_while_new_readings_go_at_once(slow: Way) -> None:
    async def play() -> None:
        await slow.keep(40)
        await slow.world.advance(2000)
        await slow.connect()
        await slow.world.advance(99)
        assert slow.sent == []
        await slow.keep(1)
        assert slow.sent == [41]
        await slow.take()
        await slow.world.advance(2)
        first = len(slow.sent)
        assert 1 < first < 20
        for _second in range(60):
            await slow.take()
            await slow.world.advance(0.1)
        assert slow.sent == [41, *range(1, 41)]

    scene(slow, play)


def test_a_receiver_that_asks_for_what_is_still_to_come_does_not_hurry_it(slow: Way) -> None:
    """It sees new readings before the backlog, and takes that for a gap."""

    async def play() -> None:
        await slow.keep(20)
        await slow.world.advance(2000)
        await slow.connect()
        await slow.keep(1)
        await slow.take()
        await slow.deliver()
        await slow.world.advance(5)
        assert slow.sent == [21]
        await slow.world.advance(100)
        slow.forwarder.acknowledge(Ack((), ((1, 20),)))
        for _second in range(60):
            await slow.take()
            await slow.world.advance(0.1)
        assert sorted(set(slow.sent)) == list(range(1, 22))

    scene(slow, play)


def test_after_a_short_absence_nothing_is_held_back(slow: Way) -> None:
    async def play() -> None:
        await slow.connect()
        await slow.cut()
        await slow.keep(30)
        await slow.world.advance(500)
        await slow.connect()
        await slow.take_everything()
        assert len(slow.sent) == 30

    scene(slow, play)


def test_a_hub_that_is_turned_away_again_and_again_keeps_its_delay(slow: Way) -> None:
    async def play() -> None:
        await slow.keep(30)
        await slow.world.advance(2000)
        for _try in range(3):
            await slow.connect()
            await slow.world.advance(20)
            await slow.cut()
        assert slow.sent == []
        await slow.connect()
        await slow.world.advance(50)
        assert slow.sent != []

    scene(slow, play)


def test_places_that_are_gone_are_void_in_the_ledger_too_once_the_receiver_was_told(way: Way) -> None:
    async def play() -> None:
        await way.keep(3)
        await way.connect()
        await way.take_everything()
        await way.deliver()
        way.forwarder.acknowledge(Ack((), ((2, 2),)))
        await settle()
        assert [name is None for _seq, name in way.store.places.lines(1, 3)] == [False, True, False]

    scene(way, play)


def test_what_the_receiver_has_from_another_time_is_not_sent_at_all(way: Way) -> None:
    async def play() -> None:
        await way.keep(20)
        await way.connect()
        way.forwarder.acknowledge(Ack(((1, 18),), ()))
        await settle()
        await way.take_everything()
        assert way.sent == [1, 2, 3, 4, 5, 19, 20]

    scene(way, play)


def test_a_restart_does_not_repeat_what_the_broker_has(way: Way) -> None:
    async def play() -> None:
        await way.keep(12)
        await way.connect()
        await way.take(4)
        await way.world.advance(2.5)
        await way.take(3)
        await way.crash()
        await way.connect()
        await way.take_everything()
        assert way.sent == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 5, 6, 7, 8, 9, 10, 11, 12]

    scene(way, play)


def test_what_the_broker_took_is_written_down_at_an_orderly_end(way: Way) -> None:
    async def play() -> None:
        await way.keep(3)
        await way.connect()
        await way.take_everything()
        assert way.store.outbox.depth().at_broker == 0
        await way.supervisor.stop(5)
        assert way.store.outbox.depth().at_broker == 3

    scene(way, play)


def test_a_broker_s_word_is_not_written_down_where_the_receiver_s_made_it_needless(way: Way) -> None:
    async def play() -> None:
        await way.keep(3)
        await way.connect()
        way.outbox.fail_in = {"mark_at_broker": 1}
        await way.take_everything()
        await way.deliver()
        await way.world.advance(5)
        assert way.waiting == 0

    scene(way, play)


def test_words_of_the_receiver_that_come_together_all_count(way: Way) -> None:
    async def play() -> None:
        await way.keep(3)
        await way.connect()
        await way.take_everything()
        way.forwarder.acknowledge(Ack(((2, 2),), ()))
        way.forwarder.acknowledge(Ack(((3, 3),), ((1, 1),)))
        await settle()
        assert way.waiting == 1
        assert way.flying == [1]

    scene(way, play)


def test_many_words_of_the_broker_are_written_down_before_their_time(tmp_path: Path) -> None:
    way = Way(tmp_path / "store", window=250)

    async def play() -> None:
        await way.keep(250)
        await way.connect()
        await way.take(199)
        assert way.store.outbox.depth().at_broker == 0
        await way.take(1)
        assert way.store.outbox.depth().at_broker == 200

    scene(way, play)


# Asked for again


def test_what_is_asked_for_again_is_sent_again_and_what_is_gone_is_answered_with_a_void(way: Way) -> None:
    async def play() -> None:
        await way.keep(5)
        await way.connect()
        await way.take_everything()
        way.broker.queue.clear()
        way.forwarder.acknowledge(Ack(((1, 2),), ((1, 4),)))
        await settle()
        assert way.broker.log[5:] == [("void", 1), ("weight", 3), ("weight", 4)]
        void = way.broker.on_the_way[0].table
        assert (void["from"], void["to"], void["reason"], void["epoch"]) == (1, 2, "released", way.store.epoch)

    scene(way, play)


def test_what_is_on_the_way_is_not_sent_beside_itself_when_asked_for(way: Way) -> None:
    async def play() -> None:
        await way.keep(10)
        await way.connect()
        way.forwarder.acknowledge(Ack((), ((1, 10),)))
        await settle()
        assert way.flying == [1, 2, 3, 4, 5]
        await way.take_everything()
        assert sorted(way.sent) == list(range(1, 11))

    scene(way, play)


def test_a_receiver_that_asks_for_ever_is_answered_and_stops_nothing(way: Way) -> None:
    async def play() -> None:
        await way.keep(30)
        await way.connect()
        for _ in range(50):
            way.forwarder.acknowledge(Ack((), ((1, 3), (20, 22))))
            await way.take(2)
        assert len(way.forwarder._asked) <= 20
        await way.quiet()
        way.check_complete()
        assert way.forwarder._asked == []

    scene(way, play)


def test_a_receiver_that_asks_faster_than_the_window_empties_gets_it_all_from_the_oldest(way: Way) -> None:
    async def play() -> None:
        await way.connect()
        await way.keep(40)
        await way.take_everything()
        way.broker.queue.clear()
        for seq in range(30, 1, -1):
            way.forwarder.acknowledge(Ack((), ((seq, seq),)))
        await settle()
        assert len(way.flying) == 5
        await way.take_everything()
        assert set(range(2, 31)) <= set(way.sent[40:])

    scene(way, play)


def test_what_is_asked_for_while_away_goes_with_the_next_connection(way: Way) -> None:
    async def play() -> None:
        await way.keep(3)
        await way.connect()
        await way.take_everything()
        await way.cut()
        way.forwarder.acknowledge(Ack(((1, 1),), ((1, 2),)))
        await settle()
        assert len(way.broker.log) == 3
        await way.connect()
        assert way.broker.log[3:] == [("void", 1), ("weight", 2)]

    scene(way, play)


async def released(way: Way, count: int) -> None:
    """So many readings are with the receiver, and gone from the hub."""
    await way.keep(count)
    await way.connect()
    await way.take_everything()
    await way.deliver()
    way.broker.log.clear()


def test_a_void_that_was_asked_for_is_told_at_each_connection_until_a_broker_has_it(way: Way) -> None:
    async def play() -> None:
        await released(way, 1)
        way.forwarder.acknowledge(Ack((), ((1, 1),)))
        await settle()
        for _ in range(3):
            assert [sent.kind for sent in way.broker.on_the_way] == ["void"]
            await way.cut()
            await way.connect()
        await way.take_everything()
        await way.cut()
        await way.connect()
        assert way.broker.log == [("void", 1)] * 4

    scene(way, play)


def test_a_void_the_broker_took_though_its_word_was_lost_is_told_once_more(way: Way) -> None:
    async def play() -> None:
        await released(way, 1)
        way.forwarder.acknowledge(Ack((), ((1, 1),)))
        await settle()
        way.broker.take(way.broker.on_the_way[0], answer=False)
        await way.cut()
        await way.connect()
        await way.take_everything()
        assert way.broker.log == [("void", 1)] * 2

    scene(way, play)


def test_a_void_that_is_on_its_way_is_not_told_twice_and_is_told_again_to_who_asks_again(way: Way) -> None:
    async def play() -> None:
        await released(way, 1)
        for _time in range(2):
            for _word in range(3):
                way.forwarder.acknowledge(Ack((), ((1, 1),)))
                await settle()
            await way.take_everything()
        assert way.broker.log == [("void", 1)] * 2

    scene(way, play)


def test_voids_that_were_asked_for_go_from_the_oldest_through_a_bounded_window(way: Way) -> None:
    async def play() -> None:
        await released(way, 24)
        way.forwarder.acknowledge(Ack((), tuple((seq, seq) for seq in range(1, 24, 2))))
        await settle()
        assert way.flying == [1, 3, 5, 7, 9]
        await way.take(2)
        assert way.flying == [5, 7, 9, 11, 13]
        await way.keep(1)
        assert way.flying == [5, 7, 9, 11, 13, 25], "readings have a window of their own"
        await way.take_everything()
        assert [seq for kind, seq in way.broker.log if kind == "void"] == list(range(1, 24, 2))

    scene(way, play)


def test_of_all_that_a_receiver_asks_for_while_nothing_goes_out_only_so_many_voids_are_remembered(way: Way) -> None:
    """It asks for the others again."""

    async def play() -> None:
        await released(way, 2001)
        await way.cut()
        way.forwarder.acknowledge(Ack((), tuple((seq, seq) for seq in range(1, 2002, 2))))
        await settle()
        await way.connect()
        await way.take_everything()
        assert way.broker.log == [("void", seq) for seq in range(1, 2000, 2)]

    scene(way, play)


def test_a_void_that_an_overfull_uplink_did_not_take_goes_after_a_pause(way: Way) -> None:
    async def play() -> None:
        await released(way, 1)
        way.forwarder.acknowledge(Ack((), ((1, 1),)))
        await settle()
        way.broker.choke(way.broker.on_the_way[0])
        await settle()
        assert way.flying == []
        await way.world.advance(1.1)
        assert way.flying == [1]

    scene(way, play)


def test_a_void_that_was_asked_for_and_is_refused_for_good_is_not_repeated(way: Way) -> None:
    async def play() -> None:
        await released(way, 1)
        way.forwarder.acknowledge(Ack((), ((1, 1),)))
        await settle()
        way.broker.refuse(way.broker.on_the_way[0])
        await settle()
        await way.cut()
        await way.connect()
        assert way.broker.log == [("void", 1)]

    scene(way, play)


# Refused


def test_a_message_refused_for_good_becomes_a_void_and_the_next_pass(way: Way) -> None:
    async def play() -> None:
        await way.keep(8)
        await way.connect()
        way.broker.refuse(way.broker.on_the_way[2])
        await settle()
        await way.take_everything()
        await way.quiet()
        way.check_complete()
        assert way.receiver.voids == {3: "mqtt-payload-invalid"}
        assert (way.store.outbox.aside(), way.told["refused"]) == (1, 1)

    scene(way, play)


def test_messages_refused_together_all_become_voids(way: Way) -> None:
    async def play() -> None:
        await way.keep(4)
        await way.connect()
        for sent in list(way.broker.on_the_way[1:3]):
            way.broker.refuse(sent)
        await settle()
        assert way.broker.log[4:] == [("void", 2), ("void", 3)]

    scene(way, play)


def test_a_message_refused_as_the_connection_goes_becomes_a_void_with_the_next(way: Way) -> None:
    async def play() -> None:
        await way.keep(3)
        await way.connect()
        way.broker.refuse(way.broker.on_the_way[0])
        await way.cut()
        await way.connect()
        assert way.broker.log[3:] == [("void", 1), ("weight", 2), ("weight", 3)]

    scene(way, play)


def test_a_void_that_is_refused_too_is_not_repeated_for_ever(way: Way) -> None:
    async def play() -> None:
        await way.keep(1)
        await way.connect()
        way.broker.refuse(way.broker.on_the_way[0])
        await settle()
        way.broker.refuse(way.broker.on_the_way[0])
        await way.world.advance(60)
        assert way.broker.on_the_way == []
        assert way.store.outbox.depth().at_broker == 1

    scene(way, play)


DENIED = "mqtt-not-authorised"


async def refuse_all(way: Way) -> None:
    """The broker denies whatever is on the way, but the voids."""
    for sent in list(way.broker.on_the_way):
        if sent.kind != "void":
            way.broker.refuse(sent, DENIED)
    await settle()
    await way.take()


def test_what_was_denied_is_offered_again_one_first_and_comes_whole_when_the_rights_are_mended(way: Way) -> None:
    async def play() -> None:
        await way.keep(30)
        await way.connect()
        while way.broker.on_the_way:
            await refuse_all(way)
        await way.deliver()
        assert (way.store.outbox.aside(), way.waiting, way.told["refused"]) == (30, 0, 30)
        await way.world.advance(901)
        assert way.flying == [31], "one, to see"
        await way.take()
        assert way.flying == [32, 33, 34, 35, 36], "the others, now that it was taken"
        await way.take_everything()
        await way.deliver()
        way.check_complete()
        assert (way.store.outbox.aside(), way.told["offered"]) == (0, 30)
        assert sorted(way.receiver.voids) == list(range(1, 31))
        assert [seq for _id, seq in sorted(way.receiver.seq_of.items(), key=lambda one: one[1])] == list(range(31, 61))

    scene(way, play)


def test_while_it_is_denied_a_trial_costs_one_place_ever_more_seldom(way: Way) -> None:
    async def play() -> None:
        await way.keep(5)
        await way.connect()
        await refuse_all(way)
        for _day in range(20):
            for _hour in range(24):
                await way.world.advance(3600)
                await refuse_all(way)
        assert 5 <= way.store.outbox.last_seq - 5 <= 12
        assert way.store.outbox.aside() == 5
        (lost,) = way.store.deviations.all()
        assert (lost.what.cause, lost.what.readings) == (DENIED, 5), "each is counted once"

    scene(way, play)


def test_that_the_broker_takes_another_of_the_kind_brings_the_denied_ones_back_at_once(way: Way) -> None:
    async def play() -> None:
        await way.keep(2)
        await way.connect()
        await refuse_all(way)
        await way.world.advance(120)
        await way.keep(1)
        await way.take_everything()
        assert way.sent == [1, 2, 3, 4, 5]
        await way.deliver()
        way.check_complete()

    scene(way, play)


def test_a_trial_that_only_the_receiver_speaks_of_is_a_success_too(way: Way) -> None:
    """The broker's word is lost with the connection; the receiver's comes before the reading is sent again."""

    async def play() -> None:
        await way.keep(2)
        await way.connect()
        await refuse_all(way)
        await way.world.advance(901)
        way.broker.take(way.broker.on_the_way[0], answer=False)
        way.receiver.take_all(way.broker)
        await way.cut()
        way.forwarder.acknowledge(way.receiver.ack(way.store.outbox.last_seq))
        await settle()
        await way.connect()
        assert way.flying == [4]
        await way.quiet()
        way.check_complete()

    scene(way, play)


def test_what_is_no_matter_of_rights_is_not_offered_by_itself(way: Way) -> None:
    async def play() -> None:
        await way.keep(1)
        await way.connect()
        way.broker.refuse(way.broker.on_the_way[0])
        await settle()
        await way.world.advance(30 * 86_400)
        assert way.sent == [1]

    scene(way, play)


def test_what_was_denied_before_a_restart_is_not_forgotten(way: Way) -> None:
    async def play() -> None:
        await way.keep(3)
        await way.connect()
        await refuse_all(way)
        await way.crash()
        await way.connect()
        await way.world.advance(901)
        await way.take_everything()
        await way.quiet()
        way.check_complete()
        assert way.store.outbox.aside() == 0

    scene(way, play)


def test_a_void_reads_as_the_contract_has_it() -> None:
    assert json.loads(render_void("hub-0042", "e-51c0a2", 3, 5, "released")) == {
        "schema": "dho.void/1",
        "hub": "hub-0042",
        "epoch": "e-51c0a2",
        "from": 3,
        "to": 5,
        "reason": "released",
    }


# Connected, and yet not through


def test_what_an_overfull_uplink_did_not_take_goes_after_a_pause_from_the_oldest(way: Way) -> None:
    async def play() -> None:
        await way.keep(12)
        await way.connect()
        way.broker.choke(way.broker.on_the_way[1])
        await settle()
        await way.take()
        assert way.flying == []
        await way.world.advance(1.1)
        assert way.flying == [2, 6, 7, 8, 9]
        await way.take_everything()
        assert sorted(way.sent) == sorted([*range(1, 13), 2])

    scene(way, play)


def test_what_came_since_the_connection_keeps_its_order_through_a_pause_and_goes_before_the_rest(way: Way) -> None:
    async def play() -> None:
        await way.keep(12)
        await way.connect()
        way.broker.choke(way.broker.on_the_way[1])
        await settle()
        await way.keep(7)
        await way.world.advance(1.1)
        await way.keep(1)
        await way.take_everything()
        assert [seq for seq in way.sent if seq > 12] == list(range(13, 21))
        assert way.sent[5:13] == list(range(13, 21))

    scene(way, play)


def test_an_uplink_that_takes_nothing_is_tried_ever_more_seldom(way: Way) -> None:
    async def play() -> None:
        await way.keep(1)
        await way.connect()
        for _ in range(600):
            for sent in list(way.broker.on_the_way):
                way.broker.choke(sent)
            await way.world.advance(1)
        assert 8 <= len(way.sent) <= 17
        await way.quiet()
        way.check_complete()

    scene(way, play)


def test_a_pause_that_ends_without_a_connection_keeps_nobody_busy(way: Way) -> None:
    async def play() -> None:
        await way.keep(1)
        await way.connect()
        way.broker.choke(way.broker.on_the_way[0])
        await settle()
        await way.cut()
        await way.world.advance(3600)
        await way.connect()
        assert way.flying == [1]

    scene(way, play)


def test_a_message_that_was_called_off_is_sent_again(way: Way) -> None:
    async def play() -> None:
        await way.keep(1)
        await way.connect()
        way.broker.on_the_way.pop().answer.cancel()
        await way.world.advance(2)
        assert way.flying == [1]

    scene(way, play)


# A receiver that says nothing, or not enough


def test_a_silent_receiver_is_sent_what_the_broker_has_again_ever_more_seldom(way: Way) -> None:
    async def play() -> None:
        await way.keep(2)
        await way.connect()
        times = []
        for minute in range(30 * 24 * 60):
            if way.broker.on_the_way:
                times.append(minute)
                await way.take_everything()
            await way.world.advance(60)
        assert times[:5] == [0, 30, 60, 120, 240]
        assert all(later - earlier <= 24 * 60 + 1 for earlier, later in pairwise(times))
        assert 30 <= len(times) <= 40
        await way.deliver()
        assert way.waiting == 0

    scene(way, play)


def test_what_is_confirmed_is_never_spoken_of_again_by_a_reminder(way: Way) -> None:
    """Not repeated, and not called void either: the receiver has it."""

    async def play() -> None:
        await way.keep(3)
        await way.connect()
        await way.take_everything()
        way.forwarder.acknowledge(Ack(((1, 2),), ()))
        await settle()
        await way.world.advance(1801)
        assert way.broker.log[3:] == [("weight", 3)]
        await way.take_everything()
        await way.deliver()
        await way.world.advance(90_000)
        assert len(way.broker.log) == 4

    scene(way, play)


def test_a_receiver_that_speaks_but_never_names_its_gap_gets_it_all_the_same_ever_more_seldom(way: Way) -> None:
    """The broker lost one; the receiver goes on confirming what comes after it, and never asks."""

    async def play() -> None:
        await way.connect()
        for _ in range(14 * 24):
            await way.keep(1)
            await way.take_everything()
            way.broker.queue = [sent for sent in way.broker.queue if sent.first != 3]
            await way.deliver(resend=False)
            await way.world.advance(3600)
        assert 15 <= way.sent.count(3) <= 25
        assert len(way.sent) == 14 * 24 + way.sent.count(3) - 1

    scene(way, play)


def test_a_receiver_that_has_caught_up_is_reminded_soon_again_of_what_is_new(way: Way) -> None:
    async def play() -> None:
        await way.connect()
        await way.keep(1)
        await way.take_everything()
        await way.world.advance(14 * 86_400)
        await way.take_everything()
        await way.deliver()
        await way.keep(1)
        await way.take_everything()
        await way.world.advance(1801)
        assert way.flying == [2]

    scene(way, play)


def test_a_week_of_nothing_to_say_does_not_make_reminders_slow(way: Way) -> None:
    async def play() -> None:
        await way.connect()
        await way.world.advance(7 * 86_400)
        await way.keep(1)
        await way.take_everything()
        await way.world.advance(1801)
        assert way.sent == [1, 1]

    scene(way, play)


def test_what_was_sent_a_moment_ago_is_not_repeated(way: Way) -> None:
    async def play() -> None:
        await way.connect()
        await way.world.advance(899)
        await way.keep(1)
        await way.take_everything()
        await way.world.advance(899)
        assert way.sent == [1]

    scene(way, play)


def test_nobody_is_reminded_without_a_connection_and_reconnecting_repeats_nothing(way: Way) -> None:
    async def play() -> None:
        await way.keep(1)
        await way.connect()
        await way.take_everything()
        await way.cut()
        await way.world.advance(30 * 86_400)
        await way.connect()
        await way.take_everything()
        assert way.sent == [1]

    scene(way, play)


def test_where_the_broker_confirms_nobody_is_reminded(tmp_path: Path) -> None:
    way = Way(tmp_path / "store", confirm="broker")

    async def play() -> None:
        await way.keep(1)
        await way.connect()
        await way.world.advance(90_000)
        assert way.sent == [1]

    scene(way, play)


def test_what_lies_at_the_broker_is_not_gone_through_at_every_message(way: Way) -> None:
    async def play() -> None:
        await way.keep(50)
        await way.connect()
        await way.take_everything()
        await way.cut()
        await way.connect()
        way.outbox.asked.clear()
        for _ in range(10):
            await way.keep(1)
            await way.take_everything()
        over_the_backlog = [after for after, upto in way.outbox.asked if after == 0 and upto == 50]
        assert len(over_the_backlog) <= 10
        assert len(way.sent) == 60

    scene(way, play)


# A store that fails

CALLS = ["waiting", "oldest", "mark_at_broker", "release", "send_again", "set_aside", "offer_again"]


@pytest.mark.parametrize("confirm", ["receiver", "broker"])
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("call", CALLS)
def test_a_fault_of_the_store_at_any_step_is_got_over(tmp_path: Path, call: str, nth: int, confirm: str) -> None:
    """The supervisor starts the forwarder again; nothing is lost, nothing sent beside itself, nothing loops."""
    way = Way(tmp_path / "store", confirm=confirm)  # type: ignore[arg-type]  # one of the two words

    async def play() -> None:
        await way.start()
        way.outbox.fail_in = {call: nth}
        await way.keep(12)
        await way.connect()
        await way.world.advance(3)
        await way.take(2)
        await way.world.advance(3)
        way.broker.refuse(way.broker.on_the_way[-1])
        await settle()
        way.broker.refuse(way.broker.on_the_way[-1])
        await way.world.advance(3)
        await way.take()
        way.receiver.take_all(way.broker)
        way.forwarder.acknowledge(Ack(((1, 1),), ((2, 3), (5, 6))))
        await way.world.advance(3)
        way.forwarder.acknowledge(Ack(((2, 2),), ((2, 3), (5, 6))))
        await way.world.advance(120)
        way.forwarder._remind_at = way.world.monotonic
        await way.keep(3)
        await way.cut()
        await way.world.advance(120)
        way.outbox.fail_in = {}
        await way.quiet()
        way.check_complete()
        assert len(way.failures) == way.outbox.faults
        assert len(way.sent) < 60
        await way.stop()

    run(play())


def test_a_fault_at_the_very_end_is_a_fault_and_what_was_taken_is_sent_again_later(way: Way) -> None:
    async def play() -> None:
        await way.start()
        await way.keep(1)
        await way.connect()
        way.outbox.fail_in = {"mark_at_broker": 1}
        await way.take_everything()
        await way.stop()
        assert len(way.failures) == 1

    run(play())


def test_an_ack_that_could_not_be_written_down_is_not_forgotten(way: Way) -> None:
    async def play() -> None:
        await way.start()
        await way.keep(2)
        await way.connect()
        await way.take_everything()
        way.outbox.fail_in = {"release": 1}
        await way.deliver()
        assert way.waiting == 2
        await way.world.advance(1)
        assert way.waiting == 0
        await way.stop()

    run(play())


def test_an_error_nobody_foresaw_does_not_pass_for_delivered(tmp_path: Path) -> None:
    way = Way(tmp_path / "store", confirm="broker")

    async def play() -> None:
        await way.keep(1)
        await way.connect()
        sent = way.broker.on_the_way.pop()
        sent.answer.set_exception(OSError("odd"))
        await way.world.advance(2)
        assert way.waiting == 1
        assert way.flying == [1]

    scene(way, play)


def test_an_answer_of_an_old_connection_changes_nothing_of_the_new_one(way: Way) -> None:
    async def play() -> None:
        await way.keep(1)
        await way.connect()
        (old,) = way.broker.on_the_way
        way.broker.on_the_way = []
        way.broker.connect(way.forwarder)
        await settle()
        assert way.flying == [1]
        old.answer.set_exception(TransientError("connection-lost"))
        await way.world.advance(5)
        assert way.sent == [1, 1]

    scene(way, play)
