"""Honest time: never a false date, never a discarded reading, and what is claimed is what can be shown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.timebase import ClockFix, DeviceClaim, HonestTime, HubClock, Moment, resolve

OSLO = ZoneInfo("Europe/Oslo")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def naive(text: str) -> datetime:
    return datetime.fromisoformat(text)


def receipt(text: str = "2026-01-12T06:41:15", clock: HubClock = "synchronised") -> Moment:
    return Moment(utc(text), 500.0, clock)


def text_of(found: HonestTime) -> str | None:
    return None if found.measured_at is None else found.measured_at.isoformat()


def test_a_device_s_time_is_corrected_by_what_its_clock_showed_at_this_contact() -> None:
    # The device is 370 s behind; its clock was read 3 s before the values came.
    fix = ClockFix(naive("2026-01-12T07:35:02"), 497.0)
    found = resolve(DeviceClaim(naive("2026-01-12T07:30:02")), receipt(), fix, OSLO)
    assert text_of(found) == "2026-01-12T07:36:12+01:00"
    assert (found.source, found.offset_s, found.uncertainty_s, found.origin) == (
        "device",
        Decimal(370),
        Decimal(2),
        "live",
    )


def test_measured_time_is_device_time_plus_offset_to_the_second() -> None:
    fix = ClockFix(naive("2026-01-12T07:35:02"), 497.0)
    moment = replace(receipt(), utc=utc("2026-01-12T06:41:15.204"))
    found = resolve(DeviceClaim(naive("2026-01-12T07:35:02")), moment, fix, OSLO)
    assert text_of(found) == "2026-01-12T07:41:12+01:00"
    assert found.offset_s == Decimal(370)


def test_a_hub_clock_set_between_reading_the_device_s_clock_and_the_values_moves_no_date() -> None:
    # The device's clock was read while the hub still believed it was 1970; then the network set it.
    fix = ClockFix(naive("2026-01-12T07:41:00"), 485.0)
    found = resolve(DeviceClaim(naive("2026-01-12T07:40:00")), receipt(), fix, OSLO)
    assert text_of(found) == "2026-01-12T07:40:00+01:00"


def test_elapsed_time_is_right_over_a_change_to_summer_time_that_the_device_does_not_make() -> None:
    # 29 March 2026, 02:00 becomes 03:00. The device stays on winter time.
    fix = ClockFix(naive("2026-03-29T02:30:00"), 500.0)
    found = resolve(DeviceClaim(naive("2026-03-29T01:30:00")), receipt("2026-03-29T01:30:00"), fix, OSLO)
    assert text_of(found) == "2026-03-29T01:30:00+01:00"
    assert found.offset_s == Decimal(3600)


def test_elapsed_time_is_right_over_a_change_to_winter_time() -> None:
    # 25 October 2026, 03:00 becomes 02:00. Measured an hour before, still in summer time by the zone.
    fix = ClockFix(naive("2026-10-25T03:10:00"), 500.0)
    found = resolve(DeviceClaim(naive("2026-10-25T02:10:00")), receipt("2026-10-25T01:10:00"), fix, OSLO)
    assert text_of(found) == "2026-10-25T02:10:00+02:00"


@pytest.mark.parametrize(
    ("device", "received", "expected"),
    [
        ("2026-10-25T02:30:00", "2026-10-25T00:31:00", "2026-10-25T02:30:00+02:00"),
        ("2026-10-25T02:30:00", "2026-10-25T01:31:00", "2026-10-25T02:30:00+01:00"),
        ("2026-03-29T02:30:00", "2026-03-29T01:31:00", "2026-03-29T03:30:00+02:00"),
        ("2026-03-29T03:30:00", "2026-03-29T01:31:00", "2026-03-29T03:30:00+02:00"),
    ],
)
def test_in_the_hour_that_comes_twice_or_never_the_nearest_meaning_counts(
    device: str, received: str, expected: str
) -> None:
    found = resolve(DeviceClaim(naive(device)), receipt(received), None, OSLO)
    assert (text_of(found), found.source) == (expected, "device")


def test_a_clock_that_cannot_be_read_is_believed_only_while_it_agrees_with_the_hub() -> None:
    near = resolve(DeviceClaim(naive("2026-01-12T07:35:00")), receipt(), None, OSLO)
    assert (near.source, near.uncertainty_s, near.offset_s) == ("device", Decimal(600), None)
    far = resolve(DeviceClaim(naive("2026-01-12T07:31:00")), receipt(), None, OSLO)
    assert (far.measured_at, far.source, far.uncertainty_s, far.origin) == (None, "none", None, "live")
    stored = resolve(DeviceClaim(naive("2026-01-02T07:31:00"), stored=True), receipt(), None, OSLO)
    assert (stored.measured_at, stored.origin) == (None, "stored")


@pytest.mark.parametrize("stored", [None, False, True])
@pytest.mark.parametrize("fix", [None, ClockFix(naive("2026-01-12T07:35:02"), 497.0)])
def test_a_hub_that_does_not_know_the_time_dates_nothing(stored: bool | None, fix: ClockFix | None) -> None:
    claim = DeviceClaim(naive("2026-01-12T07:41:00"), stored=stored)
    found = resolve(claim, receipt(clock="unsynchronised"), fix, OSLO)
    assert (found.measured_at, found.source, found.uncertainty_s) == (None, "none", None)
    assert found.origin == ("stored" if stored else "live")


def test_a_live_value_without_time_is_dated_by_its_receipt() -> None:
    found = resolve(DeviceClaim(), receipt(), None, OSLO)
    assert (text_of(found), found.source, found.uncertainty_s) == ("2026-01-12T07:41:15+01:00", "hub", Decimal(60))


def test_a_stored_value_without_time_is_dated_by_nothing() -> None:
    found = resolve(DeviceClaim(stored=True), receipt(), None, OSLO)
    assert (found.measured_at, found.source, found.origin) == (None, "none", "stored")


def test_a_live_value_whose_device_time_is_faulty_has_unknown_uncertainty() -> None:
    found = resolve(DeviceClaim(faulty=True, stored=False), receipt(), None, OSLO)
    assert (found.source, found.uncertainty_s) == ("hub", None)


def test_a_value_of_a_device_whose_clock_was_reset_may_come_from_its_memory() -> None:
    """Unless the device says that it is live, the moment of receipt would be a guess: no date at all."""
    found = resolve(DeviceClaim(faulty=True), receipt(), None, OSLO)
    assert (found.measured_at, found.source, found.origin) == (None, "none", "live")


def test_a_clock_nobody_checks_widens_the_uncertainty() -> None:
    fix = ClockFix(naive("2026-01-12T07:41:15"), 500.0)
    dated = resolve(DeviceClaim(naive("2026-01-12T07:41:00")), receipt(clock="rtc"), fix, OSLO)
    live = resolve(DeviceClaim(), receipt(clock="rtc"), None, OSLO)
    assert (dated.uncertainty_s, live.uncertainty_s) == (Decimal(122), Decimal(180))


def test_a_measurement_from_the_future_is_never_dated_by_its_device() -> None:
    fix = ClockFix(naive("2026-01-12T07:41:15"), 500.0)
    just = resolve(DeviceClaim(naive("2026-01-12T07:43:15")), receipt(), fix, OSLO)
    assert just.source == "device"
    future = resolve(DeviceClaim(naive("2026-01-12T07:43:16")), receipt(), fix, OSLO)
    assert (future.source, future.measured_at) == ("none", None)
    live = resolve(DeviceClaim(naive("2026-01-12T07:43:16"), stored=False), receipt(), fix, OSLO)
    assert (live.source, text_of(live), live.uncertainty_s) == ("hub", "2026-01-12T07:41:15+01:00", None)
    assert future.offset_s == Decimal(0)


@pytest.mark.parametrize(
    ("minutes", "stored", "origin"),
    [(5, None, "live"), (11, None, "stored"), (11, False, "live"), (0, True, "stored")],
)
def test_origin_is_what_the_device_says_or_else_the_age(minutes: int, stored: bool | None, origin: str) -> None:
    fix = ClockFix(naive("2026-01-12T07:41:15"), 500.0)
    time = naive("2026-01-12T07:41:15") - timedelta(minutes=minutes)
    assert resolve(DeviceClaim(time, stored=stored), receipt(), fix, OSLO).origin == origin


moments = st.datetimes(naive("2024-01-01T00:00:00"), naive("2032-01-01T00:00:00"))


@given(
    now=moments,
    ago=st.integers(0, 40 * 86_400),
    wrong_by=st.integers(-(10**9), 10**9),
    waited=st.integers(0, 600),
    zone=st.sampled_from(["Europe/Oslo", "UTC", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]),
)
def test_with_a_read_clock_the_date_is_right_however_wrong_the_clock_and_wherever_the_home(
    now: datetime, ago: int, wrong_by: int, waited: int, zone: str
) -> None:
    """The device counts seconds truly, from any wrong beginning, over any change of the hour."""
    now = now.replace(microsecond=0)
    device_now = now + timedelta(seconds=wrong_by)
    moment = Moment(now.replace(tzinfo=UTC) + timedelta(seconds=waited), 1000.0 + waited, "synchronised")
    claim = DeviceClaim(device_now - timedelta(seconds=ago))
    found = resolve(claim, moment, ClockFix(device_now, 1000.0), ZoneInfo(zone))
    assert found.measured_at == now.replace(tzinfo=UTC) - timedelta(seconds=ago)
    assert found.source == "device"


@given(
    time=st.none() | moments,
    now=moments,
    clock=st.sampled_from(["synchronised", "rtc", "unsynchronised"]),
    faulty=st.booleans(),
    stored=st.sampled_from([None, True, False]),
)
def test_whatever_comes_a_date_is_never_later_than_its_receipt_nor_without_a_source(
    time: datetime | None, now: datetime, clock: HubClock, faulty: bool, stored: bool | None
) -> None:
    moment = Moment(now.replace(tzinfo=UTC), 0.0, clock)
    found = resolve(DeviceClaim(None if faulty else time, faulty, stored), moment, None, OSLO)
    assert (found.measured_at is None) == (found.source == "none")
    if found.measured_at is not None:
        assert clock != "unsynchronised"
        assert found.measured_at - moment.utc <= timedelta(minutes=10)
