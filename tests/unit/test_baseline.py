"""What a device remembered when it was given to a new person is known from then on, and its clock is watched."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.baseline import (
    Baseline,
    ClockMark,
    FirstContact,
    as_table,
    clock_state,
    cut_short,
    from_table,
    nothing_to_remember,
    taken,
)

OSLO = ZoneInfo("Europe/Oslo")
NOON = datetime(2026, 1, 12, 11, 0, tzinfo=UTC)
LOCAL = datetime(2026, 1, 12, 12, 0)  # noqa: DTZ001  # a device's clock has no zone
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def contact(*records: tuple[int | None, str | None]) -> FirstContact:
    made = FirstContact(whole=True)
    for number, name in records:
        made.tells(number, name)
    return made


def test_a_memory_that_was_told_whole_is_known_by_numbers_and_prints() -> None:
    baseline = taken(Baseline(), contact((7, None), (9, None), (8, None), (None, "p")), None, NOON)
    assert (baseline.done, baseline.at, baseline.number) == (True, NOON, 9)
    assert baseline.knows(9, None)
    assert baseline.knows(None, "p")
    assert not baseline.knows(10, None)
    assert not baseline.knows(None, "q")
    assert not baseline.knows(None, None)


def test_numbers_that_the_hub_had_before_belong_to_the_memory_too() -> None:
    assert taken(Baseline(), contact(), 40, NOON).number == 40
    assert taken(Baseline(number=50), contact((45, None)), 40, NOON).number == 50
    assert taken(Baseline(), contact(), None, None) == Baseline(done=True)
    assert not Baseline(done=True).knows(1, None)


def test_a_contact_that_was_cut_short_makes_what_it_told_known_and_no_more() -> None:
    baseline = cut_short(Baseline(number=3), contact((5, None), (None, "p")))
    assert (baseline.done, baseline.number, baseline.prints) == (False, 5, frozenset({"p"}))
    assert cut_short(Baseline(), contact()) == Baseline()


def test_prints_have_a_bound() -> None:
    assert len(contact(*[(None, f"p{n}") for n in range(2000)]).prints) == 1000


def test_a_memory_is_told_when_something_was_heard_and_then_nothing_for_a_minute() -> None:
    one = FirstContact(whole=True)
    assert not one.quiet(1000.0)
    one.heard_at = 1000.0
    assert not one.quiet(1059.9)
    assert one.quiet(1060.0)


def test_a_device_without_a_memory_has_its_baseline_at_once() -> None:
    assert nothing_to_remember(NOON) == Baseline(done=True, at=NOON)


@pytest.mark.parametrize(
    ("off", "state"),
    [(0, "right"), (5, "right"), (-5, "right"), (6, "changed")],
)
def test_a_clock_that_is_right_needs_no_past(off: int, state: str) -> None:
    assert clock_state(None, ClockMark(LOCAL + off * MINUTE, NOON), OSLO) == state


@pytest.mark.parametrize(
    ("shown", "state"),
    [
        (timedelta(), "steady"),
        (timedelta(minutes=3), "steady"),
        (timedelta(minutes=-3), "steady"),
        (timedelta(minutes=8), "changed"),
        (timedelta(hours=-1), "changed"),
    ],
)
def test_a_wrong_clock_is_trusted_while_it_runs_on_evenly(shown: timedelta, state: str) -> None:
    """Two minutes, and twenty seconds for each of ten days: no device drifts more."""
    wrong = LOCAL - 400 * DAY
    before = ClockMark(wrong, NOON)
    assert clock_state(before, ClockMark(wrong + 10 * DAY + shown, NOON + 10 * DAY), OSLO) == state


def test_a_clock_that_was_not_read_says_nothing() -> None:
    assert clock_state(ClockMark(LOCAL, NOON), None, OSLO) == "unverified"


@pytest.mark.parametrize(
    "baseline",
    [
        Baseline(),
        Baseline(done=True, at=NOON, number=9, prints=frozenset({"a", "b"}), clock=ClockMark(LOCAL, NOON)),
    ],
)
def test_it_is_read_as_it_was_written(baseline: Baseline) -> None:
    assert from_table(as_table(baseline)) == baseline


@pytest.mark.parametrize("change", [{"prints": None}, {"number": "9"}, {"at": "yesterday"}, {"clock": ["x", "y"]}])
def test_anything_else_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((ValueError, LookupError)):
        from_table({**as_table(Baseline()), **change})
