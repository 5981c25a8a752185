"""What a new person measures is sent as soon as it can be told from what the device remembers; nothing before."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.attribution import Standing
from gateway.baseline import Baseline
from gateway.dating import Dating
from gateway.errors import TransientError
from tests.kit import MINUTE, OSLO, START, Kind, Kit, kit

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CUFF = Kind()


@pytest.fixture
def home() -> Iterator[Kit]:
    """A cuff with a memory and a clock, and a scale that has neither."""
    with kit({"cuff": CUFF, "scale": Kind(stamps=False, readable=False, memory=False)}) as made:
        yield made


def reasons(home: Kit) -> list[str]:
    return sorted(f"{row.status} {row.reason}" for row in home.store.holding.rows())


def told(home: Kit, name: str = "cuff", **how: Any) -> str:
    """Somebody measures, and the device tells it a while later."""
    home.wait(MINUTE)
    record = home.measure(name)
    home.wait(20 * MINUTE)
    home.contact(name, **how)
    home.wait(20 * MINUTE)
    return record.value


def test_without_an_assignment_ever_all_is_as_it_was(home: Kit) -> None:
    value = told(home)
    (reading,) = home.outbox()
    assert (str(reading.values[0].value), reading.assignment) == (value, None)
    assert (reading.attribution.status, reading.attribution.method) == ("assigned", "sole-user")


def test_after_the_first_contact_everything_of_a_good_clock_is_sent(home: Kit) -> None:
    home.assign(["cuff", "scale"])
    home.wait(HOUR)
    home.contact("cuff")
    sent = [told(home) for _ in range(5)]
    assert home.assigned() == sent
    assert reasons(home) == []
    assert {reading.assignment for reading in home.outbox()} == {home.open}


def test_a_device_without_a_memory_needs_no_first_contact(home: Kit) -> None:
    home.assign(["cuff", "scale"])
    home.wait(2 * MINUTE)
    home.contact("scale", live=True)
    assert len(home.assigned()) == 1


def test_what_the_last_person_left_in_the_memory_stays_here(home: Kit) -> None:
    home.assign(["cuff"])
    home.contact("cuff")
    home.measure("cuff")
    home.finish()
    home.wait(DAY)
    home.assign(["cuff"])
    home.wait(HOUR)
    own = home.measure("cuff").value
    home.contact("cuff")
    home.wait(HOUR)
    assert home.assigned() == []
    assert reasons(home) == ["foreign before-assignment", "uncertain baseline"]
    assert home.assigned() == []
    later = told(home)
    assert home.assigned() == [later]
    assert own != later


def test_a_first_contact_that_is_cut_short_is_none(home: Kit) -> None:
    home.assign(["cuff"])
    for _ in range(3):
        home.measure("cuff")
    home.wait(HOUR)
    home.contact("cuff", cut=1)
    assert home.notes == []
    assert home.assigned() == []
    home.contact("cuff")
    assert home.notes == ["baseline.taken"]
    assert reasons(home) == ["uncertain baseline"] * 3
    value = told(home)
    assert home.assigned() == [value]


def test_a_first_contact_that_the_hub_itself_ends_is_none(home: Kit) -> None:
    home.assign(["cuff"])
    home.whose.stopping()
    home.contact("cuff")
    assert home.notes == []
    home.restart()
    home.contact("cuff")
    assert home.notes == ["baseline.taken"]


def test_a_contact_that_was_open_when_the_device_was_given_is_none(home: Kit) -> None:
    collector = home.collectors["cuff"]
    collector.opened()
    home.assign(["cuff"])
    collector.closed(None)
    assert home.notes == []


def test_a_restart_forgets_nothing(home: Kit) -> None:
    home.assign(["cuff"])
    home.contact("cuff")
    home.restart()
    value = told(home)
    assert home.assigned() == [value]


def test_a_cable_never_ends_so_silence_ends_the_first_contact() -> None:
    with kit({"cuff": replace(CUFF, radio=False)}) as home:
        home.assign(["cuff"])
        collector = home.collectors["cuff"]
        collector.opened()
        collector.clock(home.devices["cuff"].shows(home.now))
        home.wait(HOUR)
        home._tell(home.devices["cuff"], home.measure("cuff"), said=True)
        home.wait(timedelta(seconds=50))
        home._tell(home.devices["cuff"], home.measure("cuff"), said=True)
        assert home.assigned() == []
        home.wait(timedelta(seconds=70))
        value = home.measure("cuff").value
        home._tell(home.devices["cuff"], home.records[-1], said=True)
        assert home.assigned() == [value]
        collector.closed(None)
        assert home.notes == ["baseline.taken"]


def test_a_cable_that_is_pulled_has_told_nothing_of_a_silent_device() -> None:
    with kit({"cuff": replace(CUFF, radio=False)}) as home:
        home.assign(["cuff"])
        home.contact("cuff")
        assert home.notes == []


def test_before_it_serves_a_device_is_not_asked_what_it_remembers(home: Kit) -> None:
    start = (home.now + DAY).isoformat(timespec="seconds")
    home.act("assignment.create", id="asg-1d88e0", purpose="follow-up", start=start, devices=["cuff"])
    home.contact("cuff")
    collector = home.collectors["cuff"]
    collector.opened()
    home._tell(home.devices["cuff"], home.measure("cuff"), said=True)
    home.wait(2 * MINUTE)
    home._tell(home.devices["cuff"], home.measure("cuff"), said=True)
    collector.closed(None)
    assert home.notes == []
    home.wait(2 * DAY)
    home.contact("cuff")
    assert home.notes == ["baseline.taken"]


def test_a_clock_that_was_changed_is_not_believed_until_the_next_contact(home: Kit) -> None:
    cuff = home.devices["cuff"]
    cuff.offset = -400 * DAY
    home.assign(["cuff"])
    home.wait(HOUR)
    home.contact("cuff")
    steady = told(home)
    cuff.reset_at = home.now
    told(home)
    after = told(home)
    assert home.assigned() == [steady, after]
    assert reasons(home) == ["uncertain clock-changed"]


def test_while_the_hub_does_not_know_the_time_no_clock_is_compared(home: Kit) -> None:
    home.assign(["cuff"])
    home.contact("cuff")
    home.world.clock = "unsynchronised"
    told(home)
    assert home.assigned() == []
    assert home.store.outbox.last_seq == 1


def test_what_cannot_be_written_down_is_taken_again(home: Kit) -> None:
    home.assign(["cuff"])
    save, calls = home.store.assignments.save_baseline, []

    def refuse(number: int, baseline: Baseline) -> None:
        calls.append(number)
        raise TransientError("store-full")

    home.store.assignments.save_baseline = refuse  # type: ignore[method-assign]
    home.contact("cuff")
    assert (home.notes, len(calls)) == (["baseline.refused"], 1)
    home.store.assignments.save_baseline = save  # type: ignore[method-assign]
    home.contact("cuff")
    assert home.notes == ["baseline.refused", "baseline.taken"]


def test_bytes_without_a_contact_disturb_nothing(home: Kit) -> None:
    home.assign(["cuff"])
    home._tell(home.devices["cuff"], home.measure("cuff"), said=True)
    home.collectors["cuff"].closed(None)
    assert reasons(home) == ["uncertain baseline"] or home.assigned() == []


@pytest.mark.parametrize("day", [datetime(2027, 3, 20, 9, 30), datetime(2027, 10, 23, 9, 30)])  # noqa: DTZ001
@pytest.mark.parametrize("off", [False, True])
def test_fourteen_days_are_over_at_the_same_time_of_day_in_both_weeks_in_which_the_clocks_change(
    home: Kit, day: datetime, *, off: bool
) -> None:
    """Until the last moment it is collected, from then on nothing is; also by a hub that was off at the end."""
    home.wait(day.replace(tzinfo=OSLO) - home.now)
    home.assign(["cuff", "scale"], days=14)
    end = (day + timedelta(days=14)).replace(tzinfo=OSLO)
    assert home.act_table()["end"] == end.isoformat(timespec="milliseconds").replace(".000", "")
    home.wait(HOUR)
    home.contact("cuff")
    home.wait(end - home.now - HOUR)
    home.measure("cuff")
    home.wait(end - home.now - timedelta(seconds=121))
    # Told two minutes later: one second before the end.
    home.contact("scale", live=True)
    assert len(home.assigned()) == 1
    if off:
        home.restart()
        home.wait(DAY)
    home.wait(timedelta(seconds=1))
    home.contact("cuff")
    home.contact("scale", live=True)
    assert len(home.assigned()) == 1
    assert reasons(home) == ["uncertain after-end"] * 2


# --- Readings that came before the hub knew the time ------------------------------------------------------------------


def dated(home: Kit, truth: datetime | None) -> None:
    dating = Dating(
        home.store.undated, home.world.env, OSLO, lambda _count: None, lambda: True, settled=home.whose.settled
    )
    if truth is not None:
        home.world.set_clock(truth)
        dating._look()
    else:
        dating._give_up()


def adrift(home: Kit) -> None:
    home.world.set_clock(datetime(1970, 1, 1, tzinfo=UTC), "unsynchronised")


@pytest.mark.parametrize(
    ("truth", "found"),
    [
        (START + 2 * HOUR, []),
        (START + 3 * DAY, ["uncertain no-assignment"]),
        (START + 2 * MINUTE, ["uncertain no-assignment"]),
    ],
)
def test_dated_later_it_is_sent_only_if_it_came_in_the_period(home: Kit, truth: datetime, found: list[str]) -> None:
    """Else it is held back after all, and its place in the sequence is void."""
    home.wait(HOUR)
    home.assign(["scale"], days=1)
    adrift(home)
    home.contact("scale", live=True)
    assert home.store.outbox.last_seq == 1
    assert reasons(home) == []
    dated(home, truth)
    assert reasons(home) == found
    rows = home.store.outbox.waiting(0, 9, 9)
    assert [row.kind for row in rows] == ["void" if found else "weight"]
    if found:
        assert '"from":1,"to":1,"reason":"not-assigned"' in rows[0].payload
        assert "reading.held" in home.notes
        assert sum(d.what.readings for d in home.store.deviations.all() if d.what.type == "unattributed") == 1
        assert [line for line in home.store.places.lines(1, 1)] == [(1, None)]


def test_dated_later_a_cuffs_memory_is_measured_by_its_clock(home: Kit) -> None:
    home.assign(["cuff"])
    home.wait(HOUR)
    home.contact("cuff")
    home.wait(HOUR)
    value = home.measure("cuff").value
    home.wait(HOUR)
    truth = home.now
    home.world.clock = "unsynchronised"
    home.contact("cuff")
    dated(home, truth + MINUTE)
    assert home.assigned() == [value]


def test_where_there_is_never_a_time_it_must_be_certain(home: Kit) -> None:
    home.assign(["scale"])
    home.store.undated.raise_floor(home.now + MINUTE)
    home.wait(HOUR)
    adrift(home)
    home.contact("scale", live=True)
    dated(home, None)
    assert len(home.assigned()) == 1
    home.world.set_clock(START + 2 * HOUR)
    home.finish()
    home.assign(["scale"], days=1)
    adrift(home)
    home.contact("scale", live=True)
    dated(home, None)
    assert reasons(home) == ["uncertain undated"]


def test_what_came_before_there_were_assignments_stays_as_it_is(home: Kit) -> None:
    adrift(home)
    home.contact("scale", live=True)
    home.world.set_clock(START + HOUR)
    home.assign(["scale"])
    dated(home, START + 2 * HOUR)
    (reading,) = home.outbox()
    assert (reading.assignment, reading.attribution.status) == (None, "assigned")


def test_of_a_device_that_is_gone_from_the_configuration_nothing_is_settled(home: Kit) -> None:
    home.assign(["scale"])
    adrift(home)
    home.contact("scale", live=True)
    del home.whose._owners["scale"]
    dated(home, START + HOUR)
    assert len(home.outbox()) == 1


# --- Devices come and go ----------------------------------------------------------------------------------------------


def test_a_device_that_was_replaced_is_not_listened_to_and_the_new_one_begins_anew() -> None:
    with kit({"old": CUFF, "new": CUFF}) as home:
        home.assign(["old"])
        home.contact("old")
        home.measure("old")
        home.wait(HOUR)
        home.act("equipment.replace", old="old", new="new", reason="leaks")
        home.wait(HOUR)
        home.contact("old")
        home.contact("new")
        value = told(home, "new")
        assert home.assigned() == [value]
        assert reasons(home) == ["foreign retired"]


def test_a_device_that_comes_back_from_another_home_begins_anew(home: Kit) -> None:
    home.assign(["cuff"])
    home.contact("cuff")
    home.act("equipment.take", device="cuff", reason="lent")
    told(home)
    home.measure("cuff")
    home.wait(MINUTE)
    home.act("equipment.give", device="cuff")
    home.wait(MINUTE)
    home.contact("cuff")
    assert home.assigned() == []
    assert reasons(home) == ["foreign before-assignment", "uncertain device-not-assigned"]
    value = told(home)
    assert home.assigned() == [value]


def test_standing_is_of_the_configuration_until_something_is_decided(home: Kit) -> None:
    owner = home.whose.add("another", Standing((1,), household=True), radio=True)
    assert owner.standing == Standing((1,), household=True)
