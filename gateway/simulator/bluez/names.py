"""Names on the bus, and BlueZ's errors by name (doc/org.bluez.*.rst; src/error.c of BlueZ 5.66 to 5.87)."""

from typing import Final

SERVICE: Final = "org.bluez"
ROOT: Final = "/org/bluez"
ADAPTER: Final = "org.bluez.Adapter1"
DEVICE: Final = "org.bluez.Device1"
GATT_SERVICE: Final = "org.bluez.GattService1"
GATT_CHARACTERISTIC: Final = "org.bluez.GattCharacteristic1"
GATT_DESCRIPTOR: Final = "org.bluez.GattDescriptor1"
AGENT: Final = "org.bluez.Agent1"
AGENT_MANAGER: Final = "org.bluez.AgentManager1"
MONITOR: Final = "org.bluez.AdvertisementMonitor1"
MONITOR_MANAGER: Final = "org.bluez.AdvertisementMonitorManager1"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"
OBJECT_MANAGER: Final = "org.freedesktop.DBus.ObjectManager"
INTROSPECTABLE: Final = "org.freedesktop.DBus.Introspectable"
PEER: Final = "org.freedesktop.DBus.Peer"
BUS: Final = "org.freedesktop.DBus"
BUS_PATH: Final = "/org/freedesktop/DBus"


class BusError(Exception):
    """An error reply: D-Bus error name and text."""

    def __init__(self, name: str, text: str = "") -> None:
        super().__init__(name, text)
        self.name = name
        self.text = text


def bluez_error(name: str, text: str = "") -> BusError:
    """org.bluez.Error.`name`."""
    return BusError(f"org.bluez.Error.{name}", text)


def failed(text: str) -> BusError:
    """org.bluez.Error.Failed with one of BlueZ's reasons (src/error.h)."""
    return bluez_error("Failed", text)


def in_progress() -> BusError:
    """The answer to a second request while the first is under way."""
    return bluez_error("InProgress", "Operation already in progress")


def unknown_object(path: str) -> BusError:
    """The answer for an object that is gone."""
    return BusError("org.freedesktop.DBus.Error.UnknownObject", f"Method call on an object that is not there: {path}")


_ATT = {
    0x02: ("NotPermitted", "Read not permitted"),
    0x03: ("NotPermitted", "Write not permitted"),
    0x05: ("NotPermitted", "Not paired"),
    0x06: ("NotSupported", "Operation is not supported"),
    0x07: ("InvalidArguments", "Invalid offset"),
    0x08: ("NotAuthorized", "Operation Not Authorized"),
    0x0C: ("NotPermitted", "Not paired"),
    0x0D: ("InvalidValueLength", "Invalid Length"),
    0x0F: ("NotPermitted", "Not paired"),
    0xFD: ("ImproperlyConfigured", "Improperly Configured"),
}


def att_error(code: int) -> BusError:
    """An ATT error code as BlueZ words it (src/gatt-client.c, create_gatt_dbus_error)."""
    if code in _ATT:
        return bluez_error(*_ATT[code])
    return failed(f"Operation failed with ATT error: 0x{code:02x}")
