"""A measurement becomes a reading: nothing is lost, nothing is made up, and the same act keeps its id."""

import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drivers.api import Absent, Measurement, Quantity, Sample
from drivers.quantities import WEIGHT
from gateway.making import Origin, Place, make_reading
from gateway.timebase import ClockFix, Moment
from tests.readings import KEY, NOON, REF, kept_frame

PLACE = Place(hub="hub-0042", epoch="e-51c0a2", id_key=KEY, zone=ZoneInfo("Europe/Oslo"))
ORIGIN = Origin(REF, {}, None)
FIRST = kept_frame()
UNDATED = Measurement(kind="weight", samples=(Sample(WEIGHT, Decimal("82.40")),))
DATED = replace(UNDATED, device_time=datetime(2026, 3, 14, 12, 50), time_raw="ea07030e0c3200")  # noqa: DTZ001


def made(measurement: Measurement, **changes: Any) -> dict[str, Any]:
    parts: dict[str, Any] = {"first": FIRST, "fix": None, "origin": ORIGIN, "place": PLACE} | changes
    wire = make_reading(measurement, **parts).wire(1)
    table: dict[str, Any] = json.loads(wire)
    return table


def test_a_measurement_without_time_becomes_a_reading_dated_by_its_receipt() -> None:
    assert made(UNDATED) == {
        "schema": "dho.reading/1",
        "id": made(UNDATED)["id"],
        "hub": "hub-0042",
        "epoch": "e-51c0a2",
        "seq": 1,
        "boot": "7c9e1f",
        "assignment": None,
        "device": {"ref": REF, "kind": "weight"},
        "measured_at": "2026-03-14T13:00:00+01:00",
        "time": {"source": "hub", "hub_clock": "synchronised", "uncertainty_s": "60"},
        "received_at": "2026-03-14T13:00:00+01:00",
        "origin": "live",
        "acquisition": "automatic",
        "values": [{"type": "weight", "mdc": 188736, "value": "82.40", "unit": "kg"}],
        "quality": {"status": "valid", "flags": []},
        "attribution": {"status": "assigned", "method": "sole-user"},
    }


def test_a_device_s_time_its_offset_and_the_uncertainty_are_told() -> None:
    fix = ClockFix(datetime(2026, 3, 14, 12, 50, 10), 10.0)  # noqa: DTZ001
    told = made(DATED, fix=fix)
    assert told["measured_at"] == "2026-03-14T12:59:50+01:00"
    assert list(told["time"].items()) == [
        ("source", "device"),
        ("device_time", "2026-03-14T12:50:00"),
        ("offset_s", "590"),
        ("hub_clock", "synchronised"),
        ("uncertainty_s", "2"),
    ]


def test_a_reading_that_cannot_be_dated_is_made_all_the_same() -> None:
    blind = replace(FIRST, moment=Moment(NOON, 10.0, "unsynchronised"))
    told = made(DATED, first=blind)
    assert told["measured_at"] is None
    assert told["time"] == {"source": "none", "device_time": "2026-03-14T12:50:00", "hub_clock": "unsynchronised"}


def test_what_is_known_of_the_device_is_told_and_nothing_that_names_it() -> None:
    twin = {"model": "UA-651BLE", "firmware": "1.2", "serial": "5160", "battery": 90}
    told = made(UNDATED, origin=Origin(REF, twin, None))
    assert told["device"] == {"ref": REF, "kind": "weight", "model": "UA-651BLE", "firmware": "1.2"}
    odd = made(UNDATED, origin=Origin(REF, {"model": 7, "firmware": None}, None))
    assert odd["device"] == {"ref": REF, "kind": "weight"}


def test_a_value_that_is_no_number_says_why_and_a_quantity_without_a_code_has_none() -> None:
    samples = (Sample(WEIGHT, Absent.OUT_OF_RANGE), Sample(Quantity("fit", "1"), Decimal(3)))
    assert made(replace(UNDATED, samples=samples))["values"] == [
        {"type": "weight", "mdc": 188736, "value": None, "unit": "kg", "absent": "out-of-range"},
        {"type": "fit", "value": "3", "unit": "1"},
    ]


def test_doubts_of_the_device_and_of_its_clock_are_flags() -> None:
    told = made(replace(UNDATED, flags=("body-movement",), status="questionable", time_fault="clock-not-set"))
    assert told["quality"] == {"status": "questionable", "flags": ["body-movement", "clock-not-set"]}
    assert told["time"] == {"source": "none", "hub_clock": "synchronised"}


@pytest.mark.parametrize(("user", "status"), [(1, "assigned"), (2, "foreign"), (None, "uncertain")])
def test_the_user_slot_decides_whose_it_is(user: int | None, status: str) -> None:
    told = made(replace(UNDATED, user=user), origin=Origin(REF, {}, (1,)))
    assert told["attribution"]["status"] == status


def test_only_a_simulated_home_marks_its_readings() -> None:
    assert made(UNDATED, place=replace(PLACE, simulated=True))["simulated"] is True
    assert "simulated" not in made(UNDATED)


def test_a_dated_act_keeps_its_id_however_it_comes() -> None:
    """Live, re-read another day, from memory, with another verdict or a corrected clock: one id."""
    first = made(DATED)["id"]
    later = replace(FIRST, boot="another", moment=Moment(NOON.replace(month=4), 9.0, "rtc"))
    assert made(DATED, first=later)["id"] == first
    assert made(replace(DATED, stored=True, flags=("x",), status="invalid"))["id"] == first
    assert made(DATED, fix=ClockFix(datetime(2026, 1, 1), 10.0))["id"] == first  # noqa: DTZ001
    assert made(DATED, origin=Origin(REF, {"model": "x"}, (3,)))["id"] == first


def test_other_values_times_numbers_or_devices_are_other_acts() -> None:
    changed = [
        made(DATED),
        made(replace(DATED, samples=(Sample(WEIGHT, Decimal("82.4")),))),
        made(replace(DATED, time_raw="ea07030e0c3201")),
        made(replace(DATED, record=8)),
        made(replace(DATED, user=2)),
        made(DATED, origin=Origin("dev-000000000000", {}, None)),
        made(DATED, place=replace(PLACE, id_key=b"o" * 32)),
    ]
    assert len({table["id"] for table in changed}) == len(changed)


def test_undated_acts_are_told_apart_by_the_moment_they_came_and_by_nothing_else() -> None:
    first = made(UNDATED)["id"]
    assert made(UNDATED, first=replace(FIRST, moment=Moment(NOON.replace(month=4), 10.0, "rtc")))["id"] == first
    assert made(UNDATED, first=replace(FIRST, moment=Moment(NOON, 10.000002, "synchronised")))["id"] != first
    assert made(UNDATED, first=replace(FIRST, boot="another"))["id"] != first


def test_a_kind_beyond_the_contract_is_no_reading() -> None:
    with pytest.raises(ValueError, match=r"^Device"):
        make_reading(replace(UNDATED, kind="shoe-size"), FIRST, None, ORIGIN, PLACE)
