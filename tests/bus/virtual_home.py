"""The virtual home's Bluetooth in front of the real bleak."""

import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from bleak import BleakClient, BleakScanner
from bleak.args.bluez import BlueZDiscoveryFilters, BlueZScannerArgs
from bleak.backends.bluezdbus.version import BlueZFeatures
from bleak.backends.device import BLEDevice

from gateway.simulator.bluez.core import Timing
from gateway.simulator.bluez.radio import Peripheral, Radio
from gateway.simulator.bluez.scripted import ScriptedRadio
from gateway.simulator.bluez.virtual import VirtualBluetooth

# Else a device is told of only where it is not as strong as it was when it was last heard.
EACH_TIME = BlueZScannerArgs(filters=BlueZDiscoveryFilters(DuplicateData=True))
BUS_VARIABLE = "DBUS_SYSTEM_BUS_ADDRESS"


@asynccontextmanager
async def virtual_bluetooth(
    devices: Iterable[Peripheral] = (),
    timing: Timing | None = None,
    radio: Callable[[Iterable[Peripheral]], Radio] = ScriptedRadio,
) -> AsyncIterator[VirtualBluetooth]:
    """A virtual home that this process takes for the machine's Bluetooth."""
    # bleak would start bluetoothctl to learn a version, and warn where it is not installed.
    BlueZFeatures.checked_bluez_version = True
    before = os.environ.get(BUS_VARIABLE)
    async with VirtualBluetooth(radio=radio(devices), timing=timing) as bluetooth:
        os.environ.update(bluetooth.environ)
        try:
            yield bluetooth
        finally:
            if before is None:
                del os.environ[BUS_VARIABLE]
            else:
                os.environ[BUS_VARIABLE] = before


async def hear(address: str, seconds: float) -> BLEDevice | None:
    """Scans until the device is heard; None if it is not."""
    return await BleakScanner.find_device_by_address(address, timeout=seconds, bluez=EACH_TIME)


async def find(address: str, seconds: float = 5.0) -> BLEDevice:
    """Scans until the device is heard."""
    device = await hear(address, seconds)
    assert device is not None, f"{address} was not heard"
    return device


async def subscribe(client: BleakClient, uuid: str) -> list[bytes]:
    """Starts indications; the list fills as they come."""
    got: list[bytes] = []
    await client.start_notify(uuid, lambda _characteristic, value: got.append(bytes(value)))
    return got
