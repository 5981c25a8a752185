"""The devices of the configuration, as acts and attribution know them."""

from collections.abc import Mapping

from drivers.api import Driver
from gateway.acts.api import Listed
from gateway.identity import device_ref
from gateway.settings import SerialDevice, Settings


def listed(settings: Settings, drivers: Mapping[str, Driver], id_key: bytes) -> dict[str, Listed]:
    """Every configured device, by the installer's word."""
    found = {}
    for device in settings.device:
        address = device.port if isinstance(device, SerialDevice) else device.address
        ref = device_ref(id_key, address)
        driver = drivers[device.driver]
        found[device.name] = Listed(
            ref,
            device.name,
            driver.kind,
            device.users,
            device.household,
            device.visit,
            driver.memory,
            not isinstance(device, SerialDevice),
        )
    return found
