"""What the parts of the look-alike share: the objects, the radio, the known devices, the faults asked for."""

import asyncio
from dataclasses import dataclass, field

from dbus_fast import Variant

from gateway.simulator.bluez.names import ADAPTER, DEVICE, bluez_error, unknown_object
from gateway.simulator.bluez.objects import ObjectTree, Properties
from gateway.simulator.bluez.radio import Advert, Link, Radio, RemoteService


@dataclass(slots=True)
class Timing:
    """Seconds. `temporary`: how long an unbonded device stays known after it was last seen (main.conf
    TemporaryTimeout); `connect`: the kernel's limit for making a link; `no_agent`: how long Pair takes to fail without
    an agent; `disconnect`: how long BlueZ waits before it hangs up (about 2 on the real one); `agent`: how long an
    agent may take to answer.
    """

    temporary: float = 30.0
    connect: float = 20.0
    no_agent: float = 3.0
    disconnect: float = 0.0
    agent: float = 60.0


@dataclass(slots=True)
class Faults:
    """How many more times each thing goes wrong.

    abort_by_local: the link comes up and goes at once; connect_in_progress, read_in_progress, stop_in_progress: the
    call is refused as if another were under way; connect_hang: Connect says nothing until the kernel gives up;
    drop_in_discovery: the link dies while services are discovered; notify_hang: StartNotify never answers; deaf: the
    adapter hears nothing until it is switched off and on (any number but 0); blind: discovery is accepted and does not
    begin, until the same; hung: discovery and power are refused until the service is restarted (any number but 0);
    no_monitors: passive scanning is refused, released_monitors: it is let go of at once (any number but 0); uncached: a
    device's services are forgotten at the end of each link, as with [GATT] Cache=no in main.conf (any number but 0);
    slow_power: at the service's start the adapter is off, and is switched on just after somebody was told so.
    """

    abort_by_local: int = 0
    connect_in_progress: int = 0
    connect_hang: int = 0
    drop_in_discovery: int = 0
    read_in_progress: int = 0
    stop_in_progress: int = 0
    notify_hang: int = 0
    deaf: int = 0
    blind: int = 0
    hung: int = 0
    no_monitors: int = 0
    released_monitors: int = 0
    uncached: int = 0
    slow_power: int = 0

    def take(self, name: str) -> bool:
        """Whether it goes wrong this time; counts down."""
        left = int(getattr(self, name))
        if left:
            setattr(self, name, left - 1)
        return left > 0


@dataclass(slots=True, eq=False)
class Known:
    """A device BlueZ knows: its object, its link, and who wants its values.

    `handles`: characteristic path to value handle. `notify`: characteristic path to the clients with a session; they
    outlast the link. `unlinked` is set while there is no link.
    """

    advert: Advert
    path: str
    link: Link | None = None
    connecting: "asyncio.Task[None] | None" = None
    pairing: bool = False
    temporary: bool = True
    trusted: bool = False
    reaper: asyncio.TimerHandle | None = None
    tree: tuple[RemoteService, ...] | None = None
    handles: dict[str, int] = field(default_factory=dict)
    notify: dict[str, list[str]] = field(default_factory=dict)
    resolved: bool = False
    unlinked: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def address(self) -> str:
        """Its Bluetooth address."""
        return self.advert.address

    def require_link(self) -> Link:
        """The link; org.bluez.Error.Failed 'Not connected' without one."""
        if self.link is None:
            raise bluez_error("Failed", "Not connected")
        return self.link


class Core:
    """The shared state of one bluetoothd."""

    def __init__(self, radio: Radio, adapter: str, timing: Timing) -> None:
        self.tree = ObjectTree()
        self.radio = radio
        self.adapter = f"/org/bluez/{adapter}"
        self.timing = timing
        self.faults = Faults()
        self.devices: dict[str, Known] = {}
        self.lost: dict[str, int] = {}

    @property
    def powered(self) -> bool:
        """Whether the adapter is on."""
        return bool(self.tree.value(self.adapter, ADAPTER, "Powered"))

    def require_power(self) -> None:
        """org.bluez.Error.NotReady when the adapter is off."""
        if not self.powered:
            raise bluez_error("NotReady", "Resource Not Ready")

    def device_path(self, address: str) -> str:
        """The object path of a device."""
        return f"{self.adapter}/dev_{address.replace(':', '_')}"

    def device_of(self, path: str) -> Known:
        """The device an object belongs to."""
        known = self.devices.get(path.split("/service", maxsplit=1)[0])
        if known is None:
            raise unknown_object(path)
        return known

    def count_lost(self, known: Known) -> None:
        """A value was confirmed and nobody had asked for it."""
        self.lost[known.address] = self.lost.get(known.address, 0) + 1

    def export(self, known: Known) -> None:
        """Makes the device's object."""
        advert = known.advert
        bonded = self.radio.bonded(known.address)
        properties: Properties = {
            "Address": Variant("s", advert.address),
            "AddressType": Variant("s", advert.address_type),
            "Alias": Variant("s", advert.name or advert.address.replace(":", "-")),
            "Paired": Variant("b", bonded),
            "Bonded": Variant("b", bonded),
            "Trusted": Variant("b", known.trusted),
            "Blocked": Variant("b", False),
            "LegacyPairing": Variant("b", False),
            "Connected": Variant("b", False),
            "ServicesResolved": Variant("b", False),
            "UUIDs": Variant("as", list(advert.services)),
            "Adapter": Variant("o", self.adapter),
        }
        if advert.name:
            properties["Name"] = Variant("s", advert.name)
        properties.update(heard(advert))
        self.devices[known.path] = known
        self.tree.add(known.path, {DEVICE: properties})

    def remove(self, known: Known) -> None:
        """Takes the device and its services away."""
        if known.reaper is not None:
            known.reaper.cancel()
        self.devices.pop(known.path, None)
        self.tree.remove(known.path)

    def touch(self, known: Known) -> None:
        """Seen just now: an unbonded device that was never connected is forgotten some time after the last sign."""
        if known.reaper is not None:
            known.reaper.cancel()
            known.reaper = None
        if known.temporary and known.link is None and known.connecting is None:
            loop = asyncio.get_running_loop()
            known.reaper = loop.call_later(self.timing.temporary, self.remove, known)


def heard(advert: Advert) -> Properties:
    """The properties that come from the advertisement itself."""
    properties: Properties = {}
    if advert.manufacturer_data:
        data = {company: Variant("ay", payload) for company, payload in advert.manufacturer_data.items()}
        properties["ManufacturerData"] = Variant("a{qv}", data)
    if advert.service_data:
        data_by_uuid = {uuid: Variant("ay", payload) for uuid, payload in advert.service_data.items()}
        properties["ServiceData"] = Variant("a{sv}", data_by_uuid)
    return properties
