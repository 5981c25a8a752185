"""The table of models says what its drivers do, and names nothing both supported and not."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from drivers import BUILTIN
from drivers.api import BleDriver
from drivers.ble.device_time import CURRENT_TIME, DATE_TIME, is_default
from drivers.quirks import MODELS, NOT_SUPPORTED, Model, suggest

DRIVERS = {driver.name: driver for driver in BUILTIN}
VECTORS = Path(__file__).parents[2] / "vectors"
# Of the drivers over Bluetooth, those of a profile and not of a model.
PROFILES = {"thermometer", "heart-rate", "glucose", "body-composition", "blood-pressure", "weight-scale"}


def driver_of(model: Model) -> BleDriver:
    driver = DRIVERS[model.driver]
    assert isinstance(driver, BleDriver)
    return driver


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.model)
def test_a_models_clock_is_where_its_driver_looks(model: Model) -> None:
    driver = driver_of(model)
    if model.clock == "in-service":
        assert (driver.clocks, driver.set_clock) == ((DATE_TIME,), "before-subscribing")
    elif model.clock == "current-time":
        assert CURRENT_TIME in driver.clocks
    elif model.clock == "in-session":
        assert driver.talk is not None
    elif model.clock == "none":
        assert driver.clocks == ()


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.model)
def test_the_date_of_a_clock_never_set_is_never_used(model: Model) -> None:
    assert all(is_default(datetime.fromisoformat(date)) for date in model.default_dates)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.model)
def test_a_model_says_when_it_is_heard_and_its_pattern_is_one(model: Model) -> None:
    assert model.window
    re.compile(model.name)


def test_every_driver_for_a_model_has_a_row() -> None:
    ours = {d.name for d in BUILTIN if isinstance(d, BleDriver)} - PROFILES
    assert ours <= {model.driver for model in MODELS}


def test_devices_are_known_by_the_names_they_were_seen_with() -> None:
    seen = {
        "Nonin3230_502347512": {"nonin-3230"},
        "PC-60FW": {"pc-60fw"},
        "A&D_UA-651BLE_88C32F": {"and-ua651ble"},
        "UB-1100BLE_88C32F": {"and-ua651ble"},
        "BM54": {"beurer-bm54"},
        "MI_SCALE": {"mi-scale"},
        "MI SCALE2": {"mi-scale"},
        "MIBFS": {"mi-body-composition-scale"},
        "HEM-7143T1": {"omron-hem-7142t2"},
        "somebody's telephone": set(),
        "": set(),
    }
    assert {name: {model.driver for model in suggest(name)} for name in seen} == seen


def test_what_is_not_supported_has_a_reason_and_is_not_supported() -> None:
    assert all(entry.why for entry in NOT_SUPPORTED)
    names = [entry.device for entry in NOT_SUPPORTED]
    assert len(names) == len(set(names))
    assert not {model.model for model in MODELS} & set(names)


def test_published_bytes_that_no_driver_reads_are_named_with_the_reason() -> None:
    rows = json.loads((VECTORS / "not-read.json").read_text())["not_read"]
    read = {
        r["id"]
        for p in VECTORS.glob("*.json")
        for part in json.loads(p.read_text()).values()
        if isinstance(part, list)
        for r in part
        if p.name != "not-read.json"
    }
    assert all(row["reason"] and row["source"] and row["id"] not in read for row in rows)
