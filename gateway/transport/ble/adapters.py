"""What BlueZ says of its adapters, and the signals to ask for. Pure. Sources: BlueZ doc/org.bluez.Adapter.rst; D-Bus
specification, "Match Rules"."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from dbus_fast import Variant

SERVICE = "org.bluez"
ADAPTER = "org.bluez.Adapter1"
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECTS = "org.freedesktop.DBus.ObjectManager"
BUS = "org.freedesktop.DBus"
_PATH = re.compile(r"^/org/bluez/(\w+)$")
# Added and removed objects are asked for by adapter: a rule for all would wake us for every passer-by's phone.
_LOOKED_FOR = tuple(f"hci{n}" for n in range(8))


@dataclass(frozen=True, slots=True)
class Adapter:
    """One Bluetooth adapter as BlueZ sees it."""

    name: str
    powered: bool
    discovering: bool


def adapter_name(path: str) -> str | None:
    """The adapter whose object this is; None for any other object."""
    match = _PATH.match(path)
    return match[1] if match else None


def updated(adapter: Adapter, properties: Mapping[str, Variant]) -> Adapter:
    """The adapter with these of its properties."""
    powered, discovering = properties.get("Powered"), properties.get("Discovering")
    return Adapter(
        adapter.name,
        adapter.powered if powered is None else bool(powered.value),
        adapter.discovering if discovering is None else bool(discovering.value),
    )


def rules() -> list[str]:
    """The service's coming and going, its adapters', and their properties."""
    owner = f"type='signal',sender='{BUS}',interface='{BUS}',member='NameOwnerChanged',arg0='{SERVICE}'"
    objects = [
        f"type='signal',sender='{SERVICE}',interface='{OBJECTS}',member='{member}',arg0path='/org/bluez/{name}'"
        for name in _LOOKED_FOR
        for member in ("InterfacesAdded", "InterfacesRemoved")
    ]
    return [owner, changes_of(ADAPTER), *objects]


def changes_of(interface: str) -> str:
    """The changed properties of an interface, of whichever object of BlueZ."""
    return (
        f"type='signal',sender='{SERVICE}',interface='{PROPERTIES}',member='PropertiesChanged',"
        f"path_namespace='/org/bluez',arg0='{interface}'"
    )
