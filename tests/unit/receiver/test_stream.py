"""An ack says what is here and asks for what has been missing for long enough."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.ack import parse_ack
from gateway.receiver.ranges import Ranges
from gateway.receiver.stream import Stream
from tests.unit.receiver.samples import wire


def _stream(*numbers: int, patience_s: float = 5.0) -> Stream:
    return Stream(patience_s, Ranges((n, n) for n in numbers))


@given(st.sets(st.integers(1, 40), max_size=30))
def test_the_hub_reads_from_an_ack_exactly_what_is_here(numbers: set[int]) -> None:
    """Receiver's ack to hub's parser: the confirmed places are those stored, whatever came in whichever order."""
    stream = _stream(*numbers)
    ack = parse_ack(wire(stream.ack("e", stream.missing())), "e", 40)
    assert {n for first, last in ack.confirmed for n in range(first, last + 1)} == numbers
    assert {n for first, last in ack.resend for n in range(first, last + 1)} == set(
        range(1, max(numbers, default=0))
    ) - numbers


def test_also_and_resend_are_left_out_when_there_is_nothing_to_say() -> None:
    assert _stream(1, 2).ack("e", []) == {"schema": "dho.ack/1", "epoch": "e", "through": 2}
    assert _stream().ack("e", []) == {"schema": "dho.ack/1", "epoch": "e", "through": 0}


def test_a_gap_is_asked_for_when_it_has_stood_for_a_while_and_then_ever_more_seldom() -> None:
    stream = _stream(1, 4)
    asked = [now for now in range(1000) if stream.due(float(now))]
    assert asked[0] == 5
    waits = [b - a for a, b in pairwise(asked)]
    assert waits[:3] == [10, 20, 40]
    assert max(waits) == 300


def test_a_gap_that_is_being_filled_is_left_in_peace() -> None:
    """A backlog of weeks comes in order, overtaken by what is new: nobody asks for what is on its way."""
    stream = _stream(10_000)
    for now in range(0, 600, 4):
        assert stream.due(float(now)) == []
        stream.have.add(1 + now, 4 + now)


def test_what_the_ledger_names_beyond_the_last_place_is_missing_too() -> None:
    stream = _stream(1, 2)
    assert stream.missing() == []
    stream.known_last = 4
    assert stream.missing() == [(3, 4)]


def test_a_hub_that_came_back_is_given_time_anew() -> None:
    stream = _stream(2)
    assert not stream.due(0)
    assert stream.due(5) == [(1, 1)]
    stream.start_over()
    assert not stream.due(100)
    assert stream.due(105) == [(1, 1)]


def test_an_ack_stays_a_small_message_however_many_gaps_there_are() -> None:
    stream = _stream(*range(2, 10_000, 2))
    stream.due(0)
    assert len(wire(stream.ack("e", stream.due(9)))) < 20_000
