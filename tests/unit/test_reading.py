"""The wire form of a reading is the contract's: keys in order, optional ones left out, decimals and instants exact."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.reading import Attribution, Device, Quality, Reading, Time, Value, Void, instant_text
from tests.readings import reading

CET = timezone(timedelta(hours=1))

# The example of the contract, as one line.
CONTRACT = (
    '{"schema":"dho.reading/1","id":"018f6f7e-7e1c-8a52-9d0b-3f1c2a9b7d11","hub":"hub-0042","epoch":"e-51c0a2",'
    '"seq":1842,"boot":"7c9e1f","assignment":"asg-9f2c7b",'
    '"device":{"ref":"dev-3f9c21","kind":"blood-pressure","model":"UA-651BLE","firmware":"1.2"},'
    '"measured_at":"2026-01-12T07:41:12+01:00",'
    '"time":{"source":"device","device_time":"2026-01-12T07:35:02","offset_s":"370","hub_clock":"synchronised",'
    '"uncertainty_s":"2"},'
    '"received_at":"2026-01-12T07:41:15.204+01:00","origin":"live","acquisition":"automatic",'
    '"values":[{"type":"systolic","mdc":150021,"value":"127","unit":"mm[Hg]"},'
    '{"type":"diastolic","mdc":150022,"value":"84","unit":"mm[Hg]"},'
    '{"type":"pulse-rate","mdc":149546,"value":"71","unit":"/min"}],'
    '"quality":{"status":"valid","flags":["body-movement"]},'
    '"attribution":{"status":"assigned","method":"sole-user"}}'
)


def the_contract_s_reading() -> Reading:
    return Reading(
        schema="dho.reading/1",
        id="018f6f7e-7e1c-8a52-9d0b-3f1c2a9b7d11",
        hub="hub-0042",
        epoch="e-51c0a2",
        seq=None,
        boot="7c9e1f",
        assignment="asg-9f2c7b",
        device=Device(ref="dev-3f9c21", kind="blood-pressure", model="UA-651BLE", firmware="1.2"),
        measured_at=datetime(2026, 1, 12, 7, 41, 12, tzinfo=CET),
        time=Time(
            source="device",
            device_time=datetime(2026, 1, 12, 7, 35, 2),  # noqa: DTZ001 - as the device told it
            offset_s=Decimal(370),
            hub_clock="synchronised",
            uncertainty_s=Decimal(2),
        ),
        received_at=datetime(2026, 1, 12, 7, 41, 15, 204_000, tzinfo=CET),
        origin="live",
        acquisition="automatic",
        values=(
            Value(type="systolic", mdc=150021, value=Decimal(127), unit="mm[Hg]"),
            Value(type="diastolic", mdc=150022, value=Decimal(84), unit="mm[Hg]"),
            Value(type="pulse-rate", mdc=149546, value=Decimal(71), unit="/min"),
        ),
        quality=Quality(status="valid", flags=("body-movement",)),
        attribution=Attribution(status="assigned", method="sole-user"),
    )


def test_the_contract_s_example_comes_out_byte_for_byte() -> None:
    assert the_contract_s_reading().wire(1842) == CONTRACT


def test_what_was_sent_can_be_read_back_as_the_same_reading() -> None:
    sent = the_contract_s_reading()
    assert Reading.from_text(sent.wire(1842)) == sent.changed(seq=1842)


def test_optional_keys_that_are_not_set_are_left_out_and_null_stays_where_it_means_something() -> None:
    table = json.loads(reading().wire(7))
    assert table["device"] == {"ref": "dev-3f9c21aa0b11", "kind": "weight"}
    assert list(table["time"]) == ["source", "hub_clock", "uncertainty_s"]
    assert table["assignment"] is None
    assert "simulated" not in table
    undated = reading().changed(measured_at=None)
    assert json.loads(undated.wire(7))["measured_at"] is None


def test_a_simulated_reading_says_so_at_the_end() -> None:
    wire = reading().changed(simulated=True).wire(7)
    assert wire.endswith(',"simulated":true}')


def test_the_place_in_the_sequence_stands_where_the_contract_has_it() -> None:
    assert list(json.loads(reading().wire(7)))[:6] == ["schema", "id", "hub", "epoch", "seq", "boot"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("2.0", "2.0"),
        ("2.00", "2.00"),
        ("2E+1", "20"),
        ("0E+2", "0"),
        ("1E-7", "0.0000001"),
        ("-0.0", "-0.0"),
        ("36.50", "36.50"),
    ],
)
def test_a_decimal_keeps_its_decimals_and_never_has_an_exponent(number: str, text: str) -> None:
    value = Value(type="spo2", value=Decimal(number), unit="%")
    assert json.loads(value.text())["value"] == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**6), max_value=10**6, places=None))
def test_no_decimal_changes_its_value_on_the_wire(number: Decimal) -> None:
    told = json.loads(Value(type="spo2", value=number, unit="%").text())["value"]
    assert Decimal(told) == number
    assert "E" not in told.upper()


def test_an_absent_value_is_null_with_its_reason() -> None:
    value = Value(type="spo2", mdc=150456, value=None, unit="%", absent="not-a-number")
    assert value.text() == ('{"type":"spo2","mdc":150456,"value":null,"unit":"%","absent":"not-a-number"}')


@pytest.mark.parametrize("special", ["NaN", "Infinity", "-Infinity"])
def test_a_value_that_is_no_number_cannot_pass_for_one(special: str) -> None:
    with pytest.raises(ValueError, match=r"^Value"):
        Value(type="spo2", value=Decimal(special), unit="%")


def test_a_kind_the_contract_does_not_know_is_no_reading() -> None:
    with pytest.raises(ValueError, match=r"^Device"):
        Device.from_text('{"ref":"dev-1","kind":"shoe-size"}')


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 1, 12, 7, 41, 12, tzinfo=CET), "2026-01-12T07:41:12+01:00"),
        (datetime(2026, 1, 12, 7, 41, 12, 204_999, tzinfo=CET), "2026-01-12T07:41:12.204+01:00"),
        (datetime(2026, 1, 12, 6, 41, 12, 400, tzinfo=UTC), "2026-01-12T06:41:12+00:00"),
    ],
)
def test_an_instant_has_its_offset_and_milliseconds_only_where_there_are_any(instant: datetime, text: str) -> None:
    assert instant_text(instant) == text


def test_a_void_names_what_is_missing_and_why() -> None:
    void = Void(hub="hub-0042", epoch="e-51c0a2", from_=3, to=5, reason="released")
    assert json.loads(void.text()) == {
        "schema": "dho.void/1",
        "hub": "hub-0042",
        "epoch": "e-51c0a2",
        "from": 3,
        "to": 5,
        "reason": "released",
    }
