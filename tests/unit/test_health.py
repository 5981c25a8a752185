"""What the hub tells of itself is complete, stable and names nobody."""

import json
from datetime import UTC, datetime, timedelta

from gateway import health

AT = datetime(2026, 1, 12, 6, 41, 15, 204_000, tzinfo=UTC)


def test_documents_are_compact_and_keep_their_letters() -> None:
    assert health.encode({"b": "blåtann", "a": 1}) == '{"b":"blåtann","a":1}'.encode()


def test_a_last_will_has_no_moment_and_a_state_has() -> None:
    assert health.state("lost", "7c9e1f", None) == {"schema": "dho.state/1", "state": "lost", "boot": "7c9e1f"}
    assert health.state("ready", "7c9e1f", AT)["at"] == "2026-01-12T06:41:15.204+00:00"


def test_about_names_hub_epoch_and_boot_before_its_facts() -> None:
    document = health.about("hub-0042", "e-51c0a2", "7c9e1f", {"version": "0.1.0"})
    assert json.dumps(document) == (
        '{"schema": "dho.about/1", "hub": "hub-0042", "epoch": "e-51c0a2", "boot": "7c9e1f", "version": "0.1.0"}'
    )


def test_a_device_s_twin_never_tells_serial_number_address_or_anything_unknown() -> None:
    known = {
        "model": "UA-651BLE",
        "serial": "5160400012",
        "address": "AA:BB:CC:DD:EE:FF",
        "system_id": "0102",
        "battery": 90,
        "firmware": None,
        "last_seen": "2026-01-12T07:41:15+01:00",
    }
    document = health.device("dev-3f9c21", {"kind": "blood-pressure"}, known, {"connected": True})
    assert document == {
        "schema": "dho.device/1",
        "ref": "dev-3f9c21",
        "kind": "blood-pressure",
        "model": "UA-651BLE",
        "battery": 90,
        "last_seen": "2026-01-12T07:41:15+01:00",
        "connected": True,
    }


def test_health_names_each_code_once_in_order() -> None:
    document = health.health(AT, "7c9e1f", {"outbox": {"waiting": 3}}, ["store-full", "ble-gone", "store-full"])
    assert document["codes"] == ["ble-gone", "store-full"]
    assert document["outbox"] == {"waiting": 3}


def test_an_age_is_never_negative_and_nothing_has_no_age() -> None:
    assert health.age_s(None, AT) is None
    assert health.age_s((AT - timedelta(seconds=90)).isoformat(), AT) == 90
    assert health.age_s((AT + timedelta(days=1)).isoformat(), AT) == 0


def test_what_the_machine_does_not_tell_is_left_out() -> None:
    assert health.machine(health.Machine(31_457_280, 2_000_000_000, 51.5)) == {
        "memory_mb": 31.5,
        "disk_free_mb": 2000,
        "temperature_c": 51.5,
    }
    assert health.machine(health.Machine(None, None, None)) == {}
