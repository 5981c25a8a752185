"""What is rendered from code is complete and can be used as it stands."""

import json
import tomllib
from datetime import UTC, datetime
from decimal import Decimal

from gateway import rendering
from gateway.checking import load, model_of
from gateway.reading import Attribution, Device, Quality, Reading, Time, Value
from gateway.registry import known_drivers, shapes
from gateway.settings import Settings


def test_the_example_is_a_configuration_that_is_accepted() -> None:
    settings = load(tomllib.loads(rendering.example()), shapes(known_drivers()))
    assert [device.transport for device in settings.device] == ["serial", "ble"]


def test_every_key_shown_with_a_hash_may_be_uncommented() -> None:
    text = "\n".join(line.removeprefix("# ") for line in rendering.example().splitlines())
    settings = model_of(Settings).model_validate(tomllib.loads(text)).model_dump()
    assert settings["mqtt"]["ca_file"] == "/etc/dho-gateway/broker-ca.pem"


def test_the_example_shows_every_key_of_the_schema() -> None:
    text = rendering.example()
    schema = json.loads(rendering.settings_schema())
    models = [model for model in schema["$defs"].values() if "properties" in model]
    assert len(models) >= 7
    for model in models:
        for key in model["properties"]:
            assert f"\n{key} = " in text or f"\n# {key} = " in text


def test_the_schema_of_a_reading_names_what_is_on_the_wire_in_its_order_and_stays_open() -> None:
    schema = json.loads(rendering.reading_schema())
    moment = datetime(2026, 1, 12, 7, 41, tzinfo=UTC)
    reading = Reading(
        schema="dho.reading/1",
        id="018f6f7e-7e1c-8a52-9d0b-3f1c2a9b7d11",
        hub="hub-0042",
        epoch="e-51c0a2",
        seq=None,
        boot="7c9e1f",
        assignment=None,
        device=Device(ref="dev-3f9c21", kind="weight"),
        measured_at=moment,
        time=Time(source="hub", hub_clock="synchronised"),
        received_at=moment,
        origin="live",
        acquisition="automatic",
        values=(Value(type="body-weight", value=Decimal("82.40"), unit="kg"),),
        quality=Quality(status="valid"),
        attribution=Attribution(status="assigned", method="sole-user"),
    )
    wire = json.loads(reading.wire(7))
    assert set(schema["required"]) <= set(wire)
    assert [key for key in schema["properties"] if key in wire] == list(wire)
    assert schema["properties"]["seq"] == {"type": "integer", "minimum": 1, "title": "Seq"}
    assert "additionalProperties" not in json.dumps(schema)


def test_the_table_of_devices_has_a_row_for_each_driver() -> None:
    drivers = known_drivers()
    rows = rendering.driver_table(drivers.values()).splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(drivers)
    assert all(row.count("|") == 6 for row in rows)
