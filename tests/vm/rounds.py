"""Rounds of measuring, counted at both ends: what a device holds for handed over, and what the receiver has."""

import os
from collections.abc import Callable
from typing import Any

from gateway.simulator.peripheral import VirtualDevice
from tests.vm.devices import Devices
from tests.vm.guest import until
from tests.vm.home import Home
from tests.vm.hub import Hub


def asked(name: str, default: int) -> int:
    """How much of it is wanted: the variable DHO_VM_<NAME>."""
    return int(os.environ.get(f"DHO_VM_{name}", default))


def starts_by_itself(hub: Hub) -> None:
    """The daemon comes back with the power, and what was set up is on the disk, as it is when an installer has left."""
    hub.systemctl("enable")
    hub.guest.run("sync")


class Count:
    """What has been measured since it was made: what `counted` devices will not give again, and what arrived."""

    def __init__(self, hub: Hub, home: Home, devices: Devices, *counted: VirtualDevice) -> None:
        self._hub, self._home, self._counted = hub, home, counted
        self._since = devices.latest.isoformat()
        self._before = self._all_confirmed()

    @property
    def confirmed(self) -> int:
        """Values that the devices will not give again."""
        return self._all_confirmed() - self._before

    def received(self) -> dict[str, dict[str, Any]]:
        """Readings by id, of devices that tell their time."""
        found = self._hub.received().items()
        return {i: reading for i, reading in found if reading["time"].get("device_time", "") > self._since}

    def wait(self, within: float = 300.0) -> None:
        """Until the receiver has as many readings as were confirmed; returns with too many as well."""
        until(lambda: len(self.received()) >= self.confirmed, within, f"{self.confirmed} readings at the receiver")

    def _all_confirmed(self) -> int:
        return self._home.do(lambda: sum(len(device.confirmed) for device in self._counted))


def contact(home: Home, device: VirtualDevice, measure: Callable[[], None], within: float = 420.0) -> None:
    """Somebody measures; returns when the device has given everything and is alone."""
    home.do(measure)
    alone(home, device, within)


def alone(home: Home, device: VirtualDevice, within: float = 420.0) -> None:
    """Until the device has given everything and is not connected."""
    until(lambda: home.do(lambda: not device.has_news and not device.linked), within, "the end of a contact")


def moments(readings: dict[str, dict[str, Any]]) -> set[str]:
    """The devices' times of readings: each measurement of the virtual home has its own."""
    return {reading["time"]["device_time"] for reading in readings.values()}
