"""Nothing is given to the wrong person: what is not known to be the followed person's is held back, for a reason."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from gateway.assignments import Assignment, Span, extend, finish
from gateway.attribution import (
    Evidence,
    Situation,
    Standing,
    Tenure,
    Verdict,
    Visit,
    attribute,
    decide,
    settle,
)
from gateway.baseline import Baseline, nothing_to_remember

START = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
HOUR, MINUTE, WEEK = timedelta(hours=1), timedelta(minutes=1), timedelta(days=7)
END = START + 2 * WEEK
NOW = START + WEEK
ONE = Assignment("asg-9f2c7b", "follow-up", (Span(START, END),))
BASELINE = Baseline(done=True, at=START + HOUR, number=40)
TENURE = Tenure(ONE.id, START, None, None, BASELINE)
CUFF = Standing(tenures=(TENURE,))
SCALE = Standing(memory=False, tenures=(replace(TENURE, baseline=nothing_to_remember(START)),))
HUB = Situation(ever=True, assignments=(ONE,))
VISIT = Visit(ONE.id, NOW - 5 * MINUTE, NOW + 10 * MINUTE)
VISITED = replace(HUB, visits=(VISIT,))

# A live reading of a device without a clock, and one from the memory of a cuff whose clock is right.
LIVE = Evidence(measured_at=NOW, uncertainty_s=Decimal(60), received_at=NOW)
STORED = Evidence(
    stored=True,
    measured_at=NOW - 5 * HOUR,
    uncertainty_s=Decimal(2),
    received_at=NOW,
    device_time=True,
    clock="right",
)


@pytest.mark.parametrize(
    ("user", "mapped", "verdict"),
    [
        (None, None, Verdict("assigned", "sole-user")),
        (2, None, Verdict("assigned", "sole-user")),
        (1, (1,), Verdict("assigned", "user-index")),
        (2, (1, 2), Verdict("assigned", "user-index")),
        (2, (1,), Verdict("foreign", "user-index", "other-user")),
        (None, (1,), Verdict("uncertain", "none", "user-unknown")),
        (0, (), Verdict("foreign", "user-index", "other-user")),
        (None, (), Verdict("uncertain", "none", "user-unknown")),
    ],
)
def test_whose_a_reading_is_by_the_user_slot(
    user: int | None, mapped: Collection[int] | None, verdict: Verdict
) -> None:
    assert attribute(user, mapped) == verdict
    assert decide(replace(LIVE, user=user), Standing(users=mapped), Situation()) == verdict


def found(seen: Evidence, device: Standing = SCALE, hub: Situation = HUB, **changes: Any) -> tuple[str, str]:
    verdict = decide(replace(seen, **changes), device, hub)
    return verdict.status, verdict.reason


def test_a_reading_in_the_period_belongs_to_its_assignment() -> None:
    for device, seen in ((SCALE, LIVE), (CUFF, LIVE), (CUFF, STORED)):
        assert decide(seen, device, HUB) == Verdict("assigned", "sole-user", "", ONE.id)


@pytest.mark.parametrize("device", [SCALE, CUFF, Standing(visit=True)])
def test_what_a_retired_device_says_is_nobodys(device: Standing) -> None:
    for hub in (HUB, VISITED, Situation()):
        assert found(LIVE, replace(device, retired=True), hub) == ("foreign", "retired")


# --- In which period --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("received", "reason"),
    [
        (START - MINUTE, "no-assignment"),
        (END, "after-end"),
        (END + WEEK, "after-end"),
    ],
)
def test_nothing_is_collected_outside_the_period(received: datetime, reason: str) -> None:
    """Not even what was measured inside it: a hub that comes back after the end collects nothing for it."""
    assert found(LIVE, received_at=received, measured_at=received) == ("uncertain", reason)
    assert found(STORED, CUFF, received_at=received) == ("uncertain", reason)


def test_without_any_assignment_left_nothing_is_assigned_either() -> None:
    """The database was lost, or wiped: that there was an assignment is remembered."""
    assert found(LIVE, SCALE, Situation(ever=True)) == ("uncertain", "no-assignment")


def test_a_hub_that_was_wiped_hears_no_memory_before_there_is_an_assignment() -> None:
    """It served somebody without one; what devices remember may be theirs, and nothing would tell."""
    wiped = Situation(wiped=True)
    assert found(STORED, Standing(), wiped) == found(LIVE, Standing(), wiped) == ("uncertain", "no-assignment")
    assert found(LIVE, Standing(), wiped, said=False) == ("assigned", "")
    assert found(LIVE, Standing(memory=False), wiped) == ("assigned", "")


@pytest.mark.parametrize(
    ("measured", "slack", "expected"),
    [
        (START - HOUR, 2, ("foreign", "before-assignment")),
        (START - timedelta(seconds=1), 60, ("uncertain", "at-the-start")),
        (START + timedelta(seconds=59), 60, ("uncertain", "at-the-start")),
        (START + timedelta(seconds=60), 60, ("assigned", "")),
        (START, 0, ("assigned", "")),
        # Nobody knows how exact: as inexact as a receipt.
        (START + timedelta(seconds=59), None, ("uncertain", "at-the-start")),
        (START + timedelta(seconds=60), None, ("assigned", "")),
        (END - timedelta(seconds=1), 0, ("assigned", "")),
        # It cannot be younger than its receipt, which came before the end.
        (END - timedelta(seconds=1), 600, ("assigned", "")),
    ],
)
def test_its_own_time_must_lie_in_the_period_with_all_its_uncertainty(
    measured: datetime, slack: int | None, expected: tuple[str, str]
) -> None:
    uncertainty = None if slack is None else Decimal(slack)
    received = max(measured, START)
    told: dict[str, Any] = {"measured_at": measured, "uncertainty_s": uncertainty, "received_at": received}
    cuff = replace(CUFF, tenures=(replace(TENURE, baseline=Baseline(done=True)),))
    assert found(LIVE, cuff, **told) == expected


@pytest.mark.parametrize("doubt", [0, 120, 5 * 3600])
def test_what_has_no_memory_tells_what_is_just_being_measured(doubt: int) -> None:
    """It comes after the act that began the period, by order: how bad the hub's clock is does not matter."""
    told: dict[str, Any] = {"measured_at": START, "uncertainty_s": Decimal(60 + doubt), "received_at": START}
    told["hub_doubt_s"] = Decimal(doubt)
    assert found(LIVE, SCALE, **told) == ("assigned", "")
    assert found(LIVE, SCALE, **told, device_time=True) == ("uncertain", "at-the-start")
    assert found(LIVE, CUFF, **told)[0] == "uncertain"


@pytest.mark.parametrize("doubt", [2, 120, 5 * 3600])
@pytest.mark.parametrize("device", [SCALE, CUFF])
def test_what_came_before_the_end_only_by_a_clock_that_may_be_wrong_is_held_back(device: Standing, doubt: int) -> None:
    """That an end that was set beforehand is not past yet, nothing but the hub's clock says."""
    certain = END - timedelta(seconds=doubt + 1)
    for came, expected in ((certain, ("assigned", "")), (END - timedelta(seconds=1), ("uncertain", "after-end"))):
        told: dict[str, Any] = {"measured_at": came, "received_at": came, "uncertainty_s": Decimal(60 + doubt)}
        assert found(LIVE, device, **told, hub_doubt_s=Decimal(doubt)) == expected
        assert found(LIVE, device, **told) == ("assigned", "")


def test_what_was_measured_between_the_end_and_the_extension_is_not_collected() -> None:
    later = extend(ONE, END + 4 * WEEK, END + WEEK)
    hub = replace(HUB, assignments=(later,))
    received = END + 2 * WEEK
    for measured, expected in (
        (END - HOUR, ("assigned", "")),
        (END + HOUR, ("uncertain", "after-end")),
        (END + WEEK + HOUR, ("assigned", "")),
    ):
        assert found(STORED, CUFF, hub, measured_at=measured, received_at=received) == expected
    # For all that is known, it was measured in between.
    doubtful = {"measured_at": END - MINUTE, "uncertainty_s": Decimal(600), "received_at": received}
    assert found(STORED, CUFF, hub, **doubtful) == ("uncertain", "after-end")
    # It began before the end, for all that is known.
    early = {"measured_at": END + WEEK, "uncertainty_s": Decimal(600), "received_at": received}
    assert found(STORED, CUFF, hub, **early) == ("uncertain", "after-end")


def test_each_reading_belongs_to_the_assignment_in_which_it_came() -> None:
    other = Assignment("asg-1d88e0", "follow-up", (Span(END, None),))
    hub = Situation(ever=True, assignments=(finish(ONE, "end", END), other))
    second = replace(TENURE, assignment=other.id, since=END, baseline=replace(BASELINE, at=END + HOUR))
    cuff = replace(CUFF, tenures=(replace(TENURE, until=END), second))
    assert decide(STORED, cuff, hub).assignment == ONE.id
    late = replace(STORED, received_at=END + WEEK, measured_at=END + WEEK - HOUR)
    assert decide(late, cuff, hub).assignment == other.id
    # The first person's reading, handed over to the second's hub.
    assert found(replace(late, measured_at=END - HOUR), cuff, hub) == ("foreign", "before-assignment")
    unnumbered = replace(late, measured_at=END + HOUR / 2)
    assert found(unnumbered, cuff, hub) == ("uncertain", "baseline")


def test_a_device_that_serves_nobody_or_somebody_else_is_not_listened_to() -> None:
    assert found(LIVE, Standing()) == ("uncertain", "device-not-assigned")
    assert found(LIVE, replace(SCALE, tenures=(replace(TENURE, until=NOW - HOUR),))) == (
        "uncertain",
        "device-not-assigned",
    )
    given_later = replace(SCALE, tenures=(replace(TENURE, since=NOW - HOUR),))
    assert found(LIVE, given_later) == ("assigned", "")
    assert found(LIVE, given_later, measured_at=NOW - 2 * HOUR) == ("foreign", "before-assignment")


# --- Who --------------------------------------------------------------------------------------------------------------


def test_slots_of_the_assignment_go_before_those_of_the_configuration() -> None:
    scale = replace(SCALE, users=(1,))
    assert found(LIVE, scale, user=1) == ("assigned", "")
    assert found(LIVE, scale, user=2) == ("foreign", "other-user")
    assert found(LIVE, scale) == ("uncertain", "user-unknown")
    scale = replace(scale, tenures=(replace(SCALE.tenures[0], users=(2,)),))
    assert found(LIVE, scale, user=2) == ("assigned", "")
    assert found(LIVE, scale, user=1) == ("foreign", "other-user")


def test_in_a_household_somebody_must_be_named() -> None:
    scale = replace(SCALE, household=True)
    assert found(LIVE, scale) == ("uncertain", "household")
    assert found(LIVE, scale, user=1) == ("uncertain", "household")
    assert found(LIVE, replace(scale, users=(1,)), user=1) == ("assigned", "")
    assert found(LIVE, replace(scale, users=(1,)), user=2) == ("foreign", "other-user")
    assert found(LIVE, scale, Situation()) == ("uncertain", "household")


def test_what_may_be_the_persons_names_the_assignment_and_what_is_foreign_does_not() -> None:
    scale = replace(SCALE, users=(1,))
    assert decide(LIVE, scale, HUB).assignment == ONE.id
    assert decide(replace(LIVE, user=2), scale, HUB).assignment is None


def test_what_speaks_for_another_person_counts_more_than_a_doubt() -> None:
    assert found(STORED, replace(CUFF, household=True), measured_at=START - HOUR) == ("foreign", "before-assignment")


# --- From when --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("uncertain", "baseline")),
        ({"stored": False}, ("uncertain", "baseline")),
        ({"measured_at": START - HOUR}, ("foreign", "before-assignment")),
        ({"record": 39}, ("foreign", "baseline")),
        ({"record": 41}, ("uncertain", "baseline")),
        ({"print": "p"}, ("uncertain", "baseline")),
        # The device itself says that it measures just now.
        ({"said": False, "stored": False, "measured_at": NOW}, ("assigned", "")),
    ],
)
def test_until_the_memory_was_told_whatever_comes_may_be_of_the_person_before(
    changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    cuff = Standing(tenures=(replace(TENURE, baseline=Baseline(number=40)),))
    assert found(STORED, cuff, **changes) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"record": 40}, ("foreign", "baseline")),
        ({"record": 41}, ("assigned", "")),
        ({"print": "p"}, ("uncertain", "baseline")),
        ({"print": "q", "stored": False}, ("assigned", "")),
        ({"measured_at": START + HOUR / 2}, ("uncertain", "baseline")),
        ({"measured_at": START + HOUR / 2, "record": 41}, ("uncertain", "baseline")),
        ({"measured_at": START + HOUR / 2, "stored": False}, ("uncertain", "baseline")),
        ({"measured_at": START - HOUR, "record": 41}, ("foreign", "before-assignment")),
        ({"measured_at": None, "device_time": False}, ("uncertain", "undated")),
        ({"measured_at": None, "record": 41}, ("uncertain", "undated")),
        ({"clock": "changed"}, ("uncertain", "clock-changed")),
        ({"clock": "changed", "record": 41}, ("uncertain", "clock-changed")),
        ({"clock": "changed", "stored": False}, ("uncertain", "clock-changed")),
        ({"clock": "changed", "stored": False, "device_time": False}, ("assigned", "")),
        ({"clock": "unverified"}, ("uncertain", "clock-unverified")),
        ({"clock": "unverified", "record": 41}, ("assigned", "")),
        ({"clock": "unverified", "stored": False}, ("assigned", "")),
        ({"clock": "steady"}, ("assigned", "")),
    ],
)
def test_what_was_in_the_memory_or_cannot_be_told_from_it_is_held_back(
    changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    baseline = replace(BASELINE, prints=frozenset({"p"}))
    cuff = Standing(tenures=(replace(TENURE, baseline=baseline),))
    assert found(STORED, cuff, **changes) == expected


def test_a_memory_without_numbers_makes_every_number_new() -> None:
    cuff = Standing(tenures=(replace(TENURE, baseline=Baseline(done=True)),))
    assert found(STORED, cuff, record=1, clock="unverified") == ("assigned", "")
    assert found(STORED, cuff) == ("assigned", "")


def test_the_clock_of_a_device_without_a_memory_is_not_asked() -> None:
    assert found(STORED, SCALE, clock="changed", stored=False) == ("assigned", "")


# --- Visits -----------------------------------------------------------------------------------------------------------


def test_during_a_visit_the_persons_own_device_is_read_by_the_visitor() -> None:
    assert decide(LIVE, SCALE, VISITED) == Verdict("assigned", "visit", "", ONE.id, "visit")
    assert decide(LIVE, replace(SCALE, household=True), VISITED).status == "assigned"
    assert decide(replace(LIVE, user=1), replace(SCALE, users=(1,)), VISITED) == Verdict(
        "assigned", "user-index", "", ONE.id, "visit"
    )
    assert found(LIVE, replace(SCALE, users=(1,)), VISITED, user=2) == ("foreign", "other-user")
    # What comes out of a memory was not measured by the visitor.
    assert decide(STORED, CUFF, VISITED).acquisition == "automatic"
    assert found(STORED, replace(CUFF, household=True), VISITED) == ("uncertain", "household")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "uncertain"),
        ({"said": False}, "assigned"),
        ({"device_time": True, "clock": "right"}, "assigned"),
        ({"device_time": True, "clock": "right", "measured_at": NOW - 6 * MINUTE}, "uncertain"),
        ({"device_time": True, "clock": "steady"}, "uncertain"),
        ({"device_time": True}, "uncertain"),
    ],
)
def test_what_a_households_device_hands_over_during_a_visit_may_be_older(changes: dict[str, Any], status: str) -> None:
    """Another of the household may have measured before, unseen by the visitor."""
    verdict = decide(replace(LIVE, **changes), replace(CUFF, household=True), VISITED)
    assert (verdict.status, verdict.reason) == (status, "household" if status == "uncertain" else "")
    assert verdict.acquisition == ("visit" if status == "assigned" else "automatic")


NURSES = Standing(visit=True, memory=False)


def test_a_visitors_own_device_counts_during_the_visit_only() -> None:
    assert decide(LIVE, NURSES, VISITED) == Verdict("assigned", "visit", "", ONE.id, "visit")
    later = NOW + 10 * MINUTE
    assert found(LIVE, NURSES, VISITED, received_at=later, measured_at=later) == ("foreign", "outside-visit")
    assert found(LIVE, NURSES, VISITED, received_at=None) == ("foreign", "outside-visit")
    assert found(LIVE, NURSES, HUB) == ("foreign", "outside-visit")
    ended = replace(VISITED, assignments=(finish(ONE, "end", NOW - MINUTE),))
    assert found(LIVE, NURSES, ended) == ("foreign", "outside-visit")
    assert found(LIVE, NURSES, Situation()) == ("foreign", "outside-visit")
    another = replace(VISITED, visits=(replace(VISIT, assignment="asg-1d88e0"),))
    assert found(LIVE, NURSES, another) == ("foreign", "outside-visit")


def test_what_a_visitors_device_remembers_of_others_stays_with_them() -> None:
    bag = replace(NURSES, memory=True)
    assert found(STORED, bag, VISITED) == ("foreign", "visit-memory")
    assert found(LIVE, bag, VISITED, measured_at=NOW - HOUR) == ("foreign", "visit-memory")
    assert found(LIVE, bag, VISITED, measured_at=None) == ("foreign", "visit-memory")
    assert found(LIVE, bag, VISITED) == ("uncertain", "clock-unverified")
    assert found(LIVE, bag, VISITED, said=False) == ("assigned", "")
    assert found(LIVE, bag, VISITED, device_time=True, clock="right") == ("assigned", "")
    assert found(LIVE, bag, VISITED, device_time=True, clock="changed") == ("uncertain", "clock-unverified")


# --- Before the hub knows the time ------------------------------------------------------------------------------------

ADRIFT = Evidence(received_at=None, measured_at=None)


def test_before_the_hub_knows_the_time_all_but_the_time_is_judged() -> None:
    assert decide(ADRIFT, SCALE, HUB) == Verdict("assigned", "sole-user", "", ONE.id)
    assert found(ADRIFT, replace(SCALE, users=(1,)), user=2) == ("foreign", "other-user")
    assert found(ADRIFT, Standing()) == ("uncertain", "device-not-assigned")
    assert found(ADRIFT, Standing(tenures=(replace(TENURE, baseline=Baseline()),))) == ("uncertain", "baseline")
    assert found(ADRIFT, SCALE, replace(HUB, assignments=(finish(ONE, "end", NOW),))) == ("uncertain", "after-end")


def settled(seen: Evidence, device: Standing = SCALE, hub: Situation = HUB, **changes: Any) -> tuple[str, str]:
    verdict = settle(replace(seen, **changes), ONE.id, device, hub)
    return verdict.status, verdict.reason


def test_with_its_time_it_is_judged_by_it() -> None:
    assert settled(LIVE) == ("assigned", "")
    assert settled(LIVE, received_at=END, measured_at=END) == ("uncertain", "no-assignment")
    assert settled(LIVE, received_at=START - HOUR, measured_at=START - HOUR) == ("uncertain", "no-assignment")
    assert settled(STORED, CUFF) == ("assigned", "")
    assert settled(STORED, CUFF, measured_at=START - HOUR) == ("foreign", "before-assignment")
    assert settled(STORED, CUFF, clock="changed") == ("uncertain", "clock-changed")
    assert settled(LIVE, Standing()) == ("uncertain", "no-assignment")
    assert settled(LIVE, SCALE, Situation(ever=True)) == ("uncertain", "no-assignment")


ENDLESS = replace(HUB, assignments=(replace(ONE, spans=(Span(START, None),)),))


@pytest.mark.parametrize(
    ("earliest", "latest", "hub", "expected"),
    [
        (START, END - MINUTE, HUB, "assigned"),
        (START, END, HUB, "uncertain"),
        (START - MINUTE, END - MINUTE, HUB, "uncertain"),
        (START, None, HUB, "uncertain"),
        (START, None, ENDLESS, "assigned"),
        (None, END - MINUTE, HUB, "uncertain"),
        (END, None, HUB, "uncertain"),
    ],
)
def test_one_that_will_never_have_a_time_counts_if_it_certainly_came_in_the_period(
    earliest: datetime | None, latest: datetime | None, hub: Situation, expected: str
) -> None:
    assert settled(ADRIFT, SCALE, hub, earliest=earliest, latest=latest)[0] == expected
    assert settled(ADRIFT, SCALE, hub, earliest=earliest, latest=latest, stored=True) == ("uncertain", "undated")


def test_nor_may_it_be_older_than_the_device_has_served() -> None:
    given = replace(SCALE, tenures=(replace(TENURE, since=START + HOUR),))
    assert settled(ADRIFT, given, ENDLESS, earliest=START) == ("uncertain", "undated")
