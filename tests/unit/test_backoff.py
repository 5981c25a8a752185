"""Waits grow, end somewhere, and are spread."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import backoff
from gateway.backoff import Backoff, CatchUp

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


# What has waited, when the broker is back


def drain(rule: CatchUp, backlog: int, now: float, end: float, step: float = 0.1) -> list[float]:
    """The moments at which messages of a backlog go, looked after every `step` seconds with a window of 20."""
    sent: list[float] = []
    while now < end and len(sent) < backlog:
        for _message in range(min(rule.allowance(now, 20), backlog - len(sent))):
            rule.took()
            sent.append(now)
        now += step
    return sent


@pytest.mark.parametrize("away_s", [0, 3, 599])
def test_after_a_short_absence_nothing_is_held_back(away_s: float) -> None:
    rule = CatchUp(50)
    rule.begin(1000.0, away_s, 0.99)
    assert rule.allowance(1000.0, 20) == 20
    assert rule.wait_s(1000.0) is None


def test_after_a_long_one_it_begins_later_and_keeps_its_pace() -> None:
    rule = CatchUp(50)
    rule.begin(1000.0, 6000, 0.5)
    assert rule.allowance(1149.9, 20) == 0
    assert rule.wait_s(1100.0) == 50
    sent = drain(rule, 500, 1000.0, 2000.0)
    assert sent[0] == pytest.approx(1150, abs=0.2)
    assert sent[-1] - sent[0] == pytest.approx(10, abs=0.5)
    rule.finished()
    assert rule.allowance(2000.0, 20) == 20


def test_one_that_is_told_when_to_look_sends_as_fast_as_it_may() -> None:
    rule = CatchUp(50)
    rule.begin(0.0, 6000, 0.0)
    now, count = 0.0, 0
    while count < 200:
        room = rule.allowance(now, 20)
        for _message in range(room):
            rule.took()
        count += room
        now += rule.wait_s(now) or 0.0
    assert now == pytest.approx(4, rel=0.1)


def test_time_in_which_nothing_could_go_is_not_made_up_for() -> None:
    rule = CatchUp(50)
    rule.begin(0.0, 6000, 0.0)
    assert rule.allowance(60.0, 100) == 10


def test_without_a_bound_only_the_beginning_is_spread() -> None:
    rule = CatchUp(0)
    rule.begin(0.0, 6000, 0.1)
    assert (rule.allowance(29.0, 20), rule.wait_s(29.0)) == (0, 1.0)
    assert (rule.allowance(30.0, 20), rule.wait_s(30.0)) == (20, None)


def test_losing_the_broker_again_before_it_has_caught_up_changes_nothing() -> None:
    rule = CatchUp(50)
    rule.begin(0.0, 6000, 0.5)
    rule.begin(20.0, 2.0, 0.0)
    assert rule.allowance(140.0, 20) == 0
    assert rule.allowance(151.0, 20) > 0


def test_three_hundred_hubs_that_come_back_after_a_storm_do_not_come_all_at_once() -> None:
    """Six hours without a network, then 1,500 readings each; what the backend sees, second by second."""
    load: Counter[int] = Counter()
    ends = []
    for hub in range(300):
        rule = CatchUp(50)
        rule.begin(0.0, 6 * 3600, random.Random(hub).random())  # noqa: S311 - dice
        sent = drain(rule, 1500, 0.0, 3600.0)
        assert len(sent) == 1500
        load.update(int(moment) for moment in sent)
        ends.append(sent[-1])
    assert max(load.values()) < 3000, "together they would send 15,000 a second, or as many as the broker can take"
    assert max(ends) < 340
    assert min(load) < 5
