"""Waits grow, end somewhere, and are spread."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import backoff
from gateway.backoff import Backoff

RULES = [rule for rule in vars(backoff).values() if isinstance(rule, Backoff)]


def test_waits_double_up_to_the_cap() -> None:
    rule = Backoff(first_s=0.5, cap_s=3)
    assert [rule.wait_s(n, 0.0) for n in (1, 2, 3, 4, 5)] == [0.5, 1, 2, 3, 3]


def test_no_failure_yet_waits_like_the_first() -> None:
    assert Backoff(first_s=0.5, cap_s=3).wait_s(0, 0.0) == 0.5


def test_the_dice_take_off_at_most_the_spread() -> None:
    rule = Backoff(first_s=4, cap_s=60, spread=0.25)
    assert rule.wait_s(1, 0.0) == 4
    assert rule.wait_s(1, 1.0) == 3


@pytest.mark.parametrize("rule", RULES)
@given(failures=st.integers(0, 10**9), dice=st.floats(0, 1, exclude_max=True))
def test_no_rule_ever_waits_longer_than_its_cap_or_not_at_all(rule: Backoff, failures: int, dice: float) -> None:
    wait = rule.wait_s(failures, dice)
    assert rule.first_s * (1 - rule.spread) <= wait <= rule.cap_s
