"""An assignment is one person's period, and no other: its days are those of the calendar, and its end is an end."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.assignments import (
    Assignment,
    Span,
    checked_id,
    create,
    current,
    days_after,
    due,
    end_of,
    extend,
    finish,
    pause,
    resume,
    state,
    unfinished,
)
from gateway.errors import RefusedError

OSLO = ZoneInfo("Europe/Oslo")
START = datetime(2026, 1, 12, 9, 30, tzinfo=UTC)
WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)
FIRST = "asg-9f2c7b"
NEXT = "asg-1d88e0"


def open_one(end: datetime | None = START + 2 * WEEK) -> Assignment:
    return create([], FIRST, "assessment-14-days", START, end)


def refused(call: Any, *args: Any) -> str:
    with pytest.raises(RefusedError) as caught:
        call(*args)
    return caught.value.reason


@pytest.mark.parametrize("text", ["asg-9f2c7b", "asg-Ab3dEf", "asg-" + "x1" * 20, "asg-20260112a7"])
def test_an_id_is_drawn_not_written(text: str) -> None:
    assert checked_id(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("9f2c7b", "assignment-id"),
        ("asg-short", "assignment-id"),
        ("asg-" + "x" * 41, "assignment-id"),
        ("asg-9f2c7b\n", "assignment-id"),
        ("asg-ola nordmann", "assignment-id"),
        ("asg-13717404089", "assignment-id-personal"),
        ("asg-a13717404089", "assignment-id-personal"),
        ("asg-137174x04089", "assignment-id-personal"),
        ("asg-91234567", "assignment-id-personal"),
        ("asg-OlaNordmann", "assignment-id-personal"),
        ("asg-Nordmann", "assignment-id-personal"),
    ],
)
def test_an_id_that_points_to_a_person_is_refused_and_not_repeated(text: str, reason: str) -> None:
    with pytest.raises(RefusedError) as caught:
        checked_id(text)
    assert (caught.value.reason, caught.value.detail) == (reason, "")


def test_each_period_of_each_person_has_an_id_of_its_own() -> None:
    ended = finish(open_one(), "end", START + WEEK)
    assert refused(create, [ended], FIRST, "follow-up", START + WEEK, None) == "assignment-id-used"
    assert refused(create, [ended], FIRST.upper().replace("ASG", "asg"), "follow-up", START + WEEK, None)
    assert create([ended], NEXT, "follow-up", START + WEEK, None).id == NEXT


def test_a_kit_serves_one_person_at_a_time() -> None:
    assert refused(create, [open_one()], NEXT, "follow-up", START + 3 * WEEK, None) == "assignment-open"
    ended = finish(open_one(), "end", START + WEEK)
    assert refused(create, [ended], NEXT, "follow-up", START + WEEK - SECOND, None) == "assignment-overlaps"
    assert refused(create, [], NEXT, "follow-up", START, START) == "assignment-end-past"


def test_the_end_is_the_first_moment_that_no_longer_counts() -> None:
    one = open_one()
    assert one.collects(START)
    assert not one.collects(START - SECOND)
    assert one.collects(START + 2 * WEEK - SECOND)
    assert not one.collects(START + 2 * WEEK)
    assert current([one], START) == one
    assert current([one], START + 2 * WEEK) is None
    assert open_one(None).collects(START + 100 * WEEK)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        # In the week before the clocks go forward (29 March 2026), and before they go back (25 October).
        (datetime(2026, 3, 20, 9, 30), datetime(2026, 4, 3, 9, 30)),  # noqa: DTZ001
        (datetime(2026, 10, 16, 9, 30), datetime(2026, 10, 30, 9, 30)),  # noqa: DTZ001
        (datetime(2026, 3, 15, 0, 0), datetime(2026, 3, 29, 0, 0)),  # noqa: DTZ001
    ],
)
def test_fourteen_days_end_at_the_same_time_of_day_whatever_the_clocks_did(start: datetime, end: datetime) -> None:
    found = days_after(start.replace(tzinfo=OSLO), 14, OSLO)
    assert found.astimezone(OSLO).replace(tzinfo=None) == end
    assert found.tzinfo is UTC


def test_an_end_in_the_hour_that_never_comes_or_comes_twice_is_one_moment() -> None:
    never = days_after(datetime(2026, 3, 15, 2, 30, tzinfo=OSLO), 14, OSLO)
    assert never == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    twice = days_after(datetime(2026, 10, 11, 2, 30, tzinfo=OSLO), 14, OSLO)
    assert twice == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(st.datetimes(datetime(2025, 1, 1), datetime(2029, 1, 1)), st.integers(1, 400))  # noqa: DTZ001
def test_later_is_later_and_never_more_than_an_hour_off(local: datetime, days: int) -> None:
    start = local.replace(tzinfo=OSLO).astimezone(UTC)
    elapsed = days_after(start, days, OSLO) - start
    assert abs(elapsed - timedelta(days=days)) <= timedelta(hours=1)


def test_a_day_is_over_at_midnight_of_the_home() -> None:
    assert end_of(date(2026, 3, 29), OSLO) == datetime(2026, 3, 29, 22, 0, tzinfo=UTC)
    assert end_of(date(2026, 10, 25), OSLO) == datetime(2026, 10, 25, 23, 0, tzinfo=UTC)


def test_extended_before_its_end_it_goes_on_without_a_gap() -> None:
    one = extend(open_one(), START + 4 * WEEK, START + WEEK)
    assert one.spans == (Span(START, START + 4 * WEEK),)
    assert refused(extend, open_one(), START + WEEK, START + WEEK) == "assignment-end-past"
    assert extend(open_one(), None, START).end is None


def test_extended_after_its_end_what_came_in_between_stays_outside() -> None:
    one = extend(open_one(), START + 5 * WEEK, START + 3 * WEEK)
    assert [one.collects(START + n * WEEK) for n in range(6)] == [True, True, False, True, True, False]
    assert one.told == 0


def test_finished_is_for_good() -> None:
    one = finish(open_one(), "transfer", START + WEEK)
    assert (one.end, one.outcome) == (START + WEEK, "transfer")
    assert finish(open_one(None), "end", START + WEEK).end == START + WEEK
    assert finish(open_one(), "end", START + 5 * WEEK).end == START + 2 * WEEK
    for call in (lambda: extend(one, None, START), lambda: finish(one, "end", START), lambda: resume(one)):
        assert refused(call) == "assignment-ended"


def test_one_that_never_began_collects_nothing() -> None:
    one = finish(open_one(), "end", START - WEEK)
    assert not one.collects(START)
    assert one.outcome == "end"


def test_a_pause_ends_by_itself_or_by_word_and_lies_ahead() -> None:
    one = pause(open_one(), date(2026, 1, 20), date(2026, 1, 15))
    assert one.paused_until == date(2026, 1, 20)
    assert resume(one).paused_until is None
    assert refused(pause, open_one(), date(2026, 1, 15), date(2026, 1, 15)) == "assignment-pause-past"
    assert one.collects(START + SECOND)


def test_its_state_in_a_word() -> None:
    one = open_one()
    assert state(one, None) == "unknown"
    assert state(one, START - SECOND) == "upcoming"
    assert state(one, START) == "active"
    assert state(pause(one, date(2026, 2, 1), date(2026, 1, 15)), START) == "paused"
    assert state(one, START + 2 * WEEK) == "outcome-missing"
    assert state(finish(one, "end", START), None) == "ended"
    assert unfinished([finish(one, "end", START)]) is None
    assert unfinished([one]) == one


@pytest.mark.parametrize("month", [1, 3, 10])
def test_notice_is_given_three_days_before_and_at_the_end(month: int) -> None:
    end = datetime(2026, month, 30, 8, 0, tzinfo=UTC)
    one = create([], FIRST, "assessment-14-days", end - 2 * WEEK, end)
    notice = days_after(end, -3, OSLO)
    assert [due(one, at, OSLO) for at in (notice - SECOND, notice, end - SECOND, end, end + WEEK)] == [0, 1, 1, 2, 2]
    assert due(finish(one, "end", end), end, OSLO) == 0
    assert due(open_one(None), START + 50 * WEEK, OSLO) == 0
