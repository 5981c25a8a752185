"""What is known of one listed device through BlueZ: its objects, its bond, its link, and what stands for it. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dbus_fast import Variant

from gateway.transport.ble.bluez import DEVICE

CHARACTERISTIC = "org.bluez.GattCharacteristic1"

Interfaces = Mapping[str, Mapping[str, Variant]]


@dataclass(slots=True)
class Exported:
    """A characteristic as BlueZ exports it now.

    `indicates`: its values are confirmed, so the device may delete them.
    """

    path: str
    indicates: bool


@dataclass(slots=True)
class Kept:
    """One device. `wanted` are the UUIDs of its measurement characteristics.

    `exported` is by UUID, since paths do not outlast a discovery. `standing` are the UUIDs for which StartNotify was
    accepted. `hushed`: the device was told, in this link, to wait until it is asked. `held`: it shall not be
    asked for anything yet. `notifying` are the
    characteristics of which BlueZ says, in this link, that it has asked for their values. `met`: its services were
    resolved once since BlueZ started. `judged`: its first value has shown whether it sends before it is asked. `links`
    is how many there were.
    """

    address: str
    wanted: frozenset[str]
    path: str = ""
    bonded: bool = False
    connected: bool = False
    resolved: bool = False
    met: bool = False
    hushed: bool = False
    held: bool = False
    judged: bool = False
    links: int = 0
    exported: dict[str, Exported] = field(default_factory=dict)
    standing: set[str] = field(default_factory=set)
    notifying: set[str] = field(default_factory=set)

    @property
    def primed(self) -> bool:
        """Whether a subscription can stand before the link does."""
        return any(uuid in self.exported for uuid in self.wanted)

    @property
    def uncached(self) -> bool:
        """Whether BlueZ has thrown the objects away at the end of a link: it keeps no cache."""
        return self.bonded and self.met and not self.connected and not self.exported

    def missing(self) -> list[str]:
        """What ought to stand and does not."""
        if not self.bonded or self.hushed or self.held:
            return []
        return sorted(u for u in self.wanted if u in self.exported and u not in self.standing)

    def forget(self) -> None:
        """Everything learnt through BlueZ is void."""
        self.bonded = self.connected = self.resolved = self.met = self.hushed = self.judged = False
        self.exported.clear()
        self.standing.clear()
        self.notifying.clear()

    def appeared(self, path: str, interfaces: Interfaces) -> None:
        """An object of this device is exported."""
        if DEVICE in interfaces:
            self.changed(interfaces[DEVICE])
        found = interfaces.get(CHARACTERISTIC)
        if found is not None:
            uuid = str(found["UUID"].value).lower()
            # What BlueZ discovers anew has nobody subscribed, whatever stood before.
            self.standing.discard(uuid)
            self.exported[uuid] = Exported(path, "indicate" in found["Flags"].value)

    def removed(self, path: str) -> None:
        """An object of this device is exported no more."""
        if path == self.path:
            self.forget()
        for uuid in [u for u, e in self.exported.items() if e.path == path]:
            del self.exported[uuid]
            self.standing.discard(uuid)

    def changed(self, properties: Mapping[str, Variant]) -> None:
        """Properties of the device itself."""
        if "Paired" in properties:
            self.bonded = bool(properties["Paired"].value)
        if "ServicesResolved" in properties:
            self.resolved = bool(properties["ServicesResolved"].value)
            self.met = self.met or self.resolved
        if "Connected" in properties:
            self.connected = bool(properties["Connected"].value)
            self.links += self.connected
            self.hushed = self.judged = False
            self.notifying.clear()

    def uuid_of(self, path: str) -> str | None:
        """The characteristic with this path."""
        return next((u for u, e in self.exported.items() if e.path == path), None)
