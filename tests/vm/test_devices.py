"""Virtual devices read by the daemon, through the real kernel and the real bluetoothd, up to the receiver."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.simulator.peripheral import Habits, VirtualDevice
from tests.vm.devices import Devices
from tests.vm.guest import until
from tests.vm.home import Home
from tests.vm.hub import Hub

pytestmark = pytest.mark.timeout(1200)


def read(hub: Hub, home: Home, device: VirtualDevice, measure: Callable[[], None], kind: str) -> dict[str, str]:
    """One act of measuring, and the values that the receiver has of it."""
    before = set(hub.stored)

    def new() -> dict[str, dict[str, Any]]:
        return {i: r for i, r in hub.received().items() if i in set(hub.stored) - before}

    home.do(measure)
    until(new, 120, f"a reading of {kind}")
    until(lambda: not home.do(lambda: device.linked), 60, "the end of the contact")
    (reading,) = new().values()
    return {value["type"]: value["value"] for value in reading["values"]}


def test_an_oximeter_is_read(running: Hub, home: Home, devices: Devices) -> None:
    values = read(running, home, devices.oximeter, devices.oximeter_measures, "oximeter")
    assert values == {"spo2": "97", "pulse-rate": "61"}


def test_a_scale_is_read(running: Hub, home: Home, devices: Devices) -> None:
    values = read(running, home, devices.scale, devices.scale_measures, "scale")
    assert values.keys() == {"weight"}


def test_a_spirometer_is_read(running: Hub, home: Home, devices: Devices) -> None:
    values = read(running, home, devices.spirometer, devices.blow, "spirometer")
    assert values["fvc"] == "3.10"


def test_a_bonded_cuff_is_read_again_and_again_with_one_pairing(running: Hub, home: Home, devices: Devices) -> None:
    for _ in range(3):
        values = read(running, home, devices.cuff, devices.cuff_measures, "cuff")
        assert values.keys() >= {"systolic", "diastolic"}
    assert home.pairings[devices.cuff.address] == 1


def test_a_cuff_with_a_code_is_paired_with_the_code_given_beforehand_however_often_it_hangs_up_first(
    running: Hub, home: Home, devices: Devices
) -> None:
    locked = devices.locked
    usual = home.do(lambda: locked.habits)

    def have(habits: Habits) -> None:
        home.do(lambda: setattr(locked, "habits", habits))

    have(replace(usual, idle=0.0))
    try:
        running.pair(
            "mansjett-med-kode",
            lambda: home.do(devices.locked_measures),
            "--passkey 123456",
            broken_off=lambda: have(usual),
        )
    finally:
        have(usual)
    values = read(running, home, locked, devices.locked_measures, "cuff")
    assert values.keys() >= {"systolic", "diastolic"}
    assert home.pairings[locked.address] == 1


def test_nothing_is_lost_and_nothing_comes_twice(running: Hub, home: Home, devices: Devices) -> None:
    """Whatever was confirmed to a device is with the receiver, once."""
    remembering = (devices.cuff, devices.locked, devices.scale)
    addresses = [address for _name, _driver, address in devices.listed]
    indices = [addresses.index(device.address) for device in remembering]
    refs = {e["device"] for e in running.named("device.configured") if e["index"] in indices}

    def counts() -> tuple[int, int]:
        waiting = home.do(lambda: sum(device.pending for device in remembering))
        confirmed = home.do(lambda: sum(len(device.confirmed) for device in remembering))
        return waiting, confirmed - sum(reading["device"]["ref"] in refs for reading in running.received().values())

    until(lambda: counts() == (0, 0), 60, "every measurement at the receiver, once")
