"""Ranges behave as the set of numbers that they stand for."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.receiver.ranges import Ranges

stretches = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1])))


def _numbers(ranges: list[tuple[int, int]]) -> set[int]:
    return {number for first, last in ranges for number in range(first, last + 1)}


@given(stretches)
def test_any_order_of_any_stretches_gives_the_same_disjoint_sorted_ranges(added: list[tuple[int, int]]) -> None:
    ranges, model = Ranges(added), _numbers(added)
    listed = list(ranges)
    assert _numbers(listed) == model
    assert ranges.count == len(model)
    assert all(one[1] + 1 < other[0] for one, other in pairwise(listed))
    assert ranges == Ranges(reversed(added))
    assert [n for n in range(80) if n in ranges] == sorted(model)


@given(stretches, st.integers(0, 80))
def test_through_beyond_and_gaps_account_for_every_number(added: list[tuple[int, int]], upto: int) -> None:
    """What an ack says (`through`, `also`) and what is missing never overlap, and leave nothing out."""
    ranges, model = Ranges(added), _numbers(added)
    through, beyond, gaps = ranges.through, _numbers(ranges.beyond()), _numbers(ranges.gaps(upto))
    assert through == next(n for n in range(100) if n + 1 not in model)
    assert set(range(1, through + 1)) | beyond == model
    assert gaps == set(range(1, upto + 1)) - model
    assert ranges.last == max(model, default=0)


@pytest.mark.parametrize(("first", "last"), [(0, 5), (-3, -1), (5, 4)])
def test_what_is_no_range_is_refused(first: int, last: int) -> None:
    with pytest.raises(ValueError, match="no range"):
        Ranges().add(first, last)


def test_a_range_of_any_length_costs_nothing() -> None:
    ranges = Ranges([(1, 2**53), (2**53 + 5, 2**60)])
    assert ranges.gaps(2**60) == [(2**53 + 1, 2**53 + 4)]
    assert ranges != "something else"
