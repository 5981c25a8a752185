"""Passive scanning, as the configuration may ask for it, over the real BlueZ."""

from collections.abc import Iterator

import pytest

from tests.vm.devices import Devices
from tests.vm.guest import until
from tests.vm.home import Home
from tests.vm.hub import Hub
from tests.vm.real_bluez import experimental
from tests.vm.test_devices import read

pytestmark = pytest.mark.timeout(1200)

TIMES = 4


@pytest.fixture(scope="module")
def passive(bonded: Hub, devices: Devices) -> Iterator[Hub]:
    """The daemon only listens; BlueZ runs with what that needs."""
    bonded.systemctl("stop")
    with experimental(bonded.guest):
        bonded.configure(devices.listed, "[bluetooth]\npassive = true\n")
        bonded.ensure_running()
        yield bonded
        bonded.systemctl("stop")
    bonded.configure(devices.listed)


def scans_actively(hub: Hub) -> bool:
    """As the daemon does after all where passive scanning is refused, or hears nothing."""
    return "Discovering: yes" in hub.guest.run("bluetoothctl show")


def test_a_device_that_lies_where_it_lay_is_read_each_time(passive: Hub, home: Home, devices: Devices) -> None:
    """Its signal is as strong as before, which BlueZ does not think worth telling."""
    passive.ensure_running()
    for _ in range(TIMES):
        assert read(passive, home, devices.scale, devices.scale_measures, "scale").keys() == {"weight"}
    assert not scans_actively(passive)


def test_so_is_a_bonded_cuff(passive: Hub, home: Home, devices: Devices) -> None:
    passive.ensure_running()
    for _ in range(TIMES):
        values = read(passive, home, devices.cuff, devices.cuff_measures, "cuff")
        assert values.keys() >= {"systolic", "diastolic"}
    assert not scans_actively(passive)


def test_a_silent_home_is_listened_to_again_once_the_adapter_has_shown_that_it_obeys(
    passive: Hub, home: Home, devices: Devices
) -> None:
    passive.ensure_running()
    until(lambda: scans_actively(passive), 90, "an active scan")
    until(lambda: not scans_actively(passive), 60, "a passive one")
    assert read(passive, home, devices.scale, devices.scale_measures, "scale").keys() == {"weight"}
    assert not scans_actively(passive)
