"""org.bluez.Adapter1: power, discovery and what is heard (src/adapter.c)."""

import itertools
from dataclasses import dataclass
from typing import Any

from dbus_fast import Variant

from gateway.simulator.bluez.core import Core, Known, heard
from gateway.simulator.bluez.monitors import Monitors
from gateway.simulator.bluez.names import ADAPTER, DEVICE, MONITOR_MANAGER, bluez_error, failed, in_progress
from gateway.simulator.bluez.objects import Call, Properties
from gateway.simulator.bluez.radio import Advert

HUB_ADDRESS = "02:00:00:00:00:01"
RSSI_NOISE = (0, 2, -1, 3, -3, 1)
# src/device.c, RSSI_THRESHOLD: smaller changes are told only to those who filter.
RSSI_CHANGE = 8


@dataclass(frozen=True, slots=True)
class _Filter:
    """What a client asked for: devices with one of these services, and each time they are heard."""

    services: frozenset[str] = frozenset()
    duplicates: bool = False

    @property
    def filters(self) -> bool:
        """Whether BlueZ takes the discovery for a filtered one."""
        return self.duplicates or bool(self.services)


class Adapter:
    """The one adapter of the look-alike."""

    def __init__(self, core: Core, monitors: Monitors) -> None:
        self._core = core
        self._monitors = monitors
        self._scanners: dict[str, _Filter] = {}
        self._filters: dict[str, _Filter] = {}
        self._noise = itertools.cycle(RSSI_NOISE)
        monitors.on_change = self._listen
        core.tree.on_told = self._told
        core.radio.on_advert = self._heard
        core.tree.serve(
            ADAPTER,
            StartDiscovery=self._start_discovery,
            StopDiscovery=self._stop_discovery,
            SetDiscoveryFilter=self._set_filter,
            RemoveDevice=self._remove_device,
        )
        core.tree.settable(ADAPTER, Powered=self._set_powered)

    def export(self) -> None:
        """Makes the adapter's object, switched on, or about to be."""
        properties = {
            "Address": Variant("s", HUB_ADDRESS),
            "AddressType": Variant("s", "public"),
            "Name": Variant("s", "virtual"),
            "Alias": Variant("s", "virtual"),
            "Class": Variant("u", 0),
            "Powered": Variant("b", not self._core.faults.slow_power),
            "Discoverable": Variant("b", False),
            "Pairable": Variant("b", True),
            "Discovering": Variant("b", False),
            "UUIDs": Variant("as", []),
            "Modalias": Variant("s", "usb:v1D6Bp0246d0542"),
            "Roles": Variant("as", ["central", "peripheral"]),
        }
        monitor = {
            "SupportedMonitorTypes": Variant("as", ["or_patterns"]),
            "SupportedFeatures": Variant("as", []),
        }
        self._core.tree.add(self._core.adapter, {ADAPTER: properties, MONITOR_MANAGER: monitor})

    async def power(self, on: bool) -> None:
        """Switches the adapter. Off drops every link, and every discovery without a word to its owner."""
        core = self._core
        if on == core.powered:
            return
        if not on:
            self._scanners.clear()
            await self._listen()
            for known in list(core.devices.values()):
                if known.link is not None:
                    await known.link.disconnect()
        else:
            core.faults.deaf = core.faults.blind = 0
        core.tree.change(core.adapter, ADAPTER, {"Powered": Variant("b", on)})

    def _told(self) -> None:
        core = self._core
        if not core.powered and core.faults.take("slow_power"):
            core.tree.change(core.adapter, ADAPTER, {"Powered": Variant("b", True)})

    async def reset(self) -> None:
        """Forgets who was scanning."""
        self._scanners.clear()
        self._filters.clear()
        await self._core.radio.scan(False)

    async def client_gone(self, client: str) -> None:
        """A program left: its discovery ends."""
        self._filters.pop(client, None)
        if self._scanners.pop(client, None) is not None:
            await self._listen()

    async def _set_powered(self, _path: str, value: Variant) -> None:
        if self._core.faults.hung:
            raise failed("Failed")
        await self.power(bool(value.value))

    async def _set_filter(self, call: Call) -> None:
        body = call.body[0]
        wanted = {name: value.value for name, value in body.items()} if isinstance(body, dict) else {}
        services, duplicates = frozenset(wanted.get("UUIDs", ())), bool(wanted.get("DuplicateData", False))
        self._filters[call.sender] = _Filter(services, duplicates)

    async def _start_discovery(self, call: Call) -> None:
        self._core.require_power()
        if self._core.faults.hung:
            raise in_progress()
        if call.sender in self._scanners:
            raise in_progress()
        self._scanners[call.sender] = self._filters.get(call.sender, _Filter())
        await self._listen()

    async def _stop_discovery(self, call: Call) -> None:
        if self._core.faults.take("stop_in_progress"):
            self._scanners.pop(call.sender, None)
            raise in_progress()
        if call.sender not in self._scanners:
            raise failed("No discovery started")
        del self._scanners[call.sender]
        await self._listen()

    async def _remove_device(self, call: Call) -> None:
        known = self._core.devices.get(str(call.body[0]))
        if known is None:
            raise bluez_error("DoesNotExist", "Does Not Exist")
        self._core.radio.forget(known.address)
        if known.link is not None:
            await known.link.disconnect()
        self._core.remove(known)

    async def _listen(self) -> None:
        core = self._core
        discovering = bool(self._scanners) and not core.faults.blind
        await core.radio.scan(discovering or self._monitors.active)
        if discovering == core.tree.value(core.adapter, ADAPTER, "Discovering"):
            return
        core.tree.change(core.adapter, ADAPTER, {"Discovering": Variant("b", discovering)})
        if not discovering:
            for path in core.devices:
                if core.tree.value(path, DEVICE, "RSSI") is not None:
                    core.tree.change(path, DEVICE, {}, ["RSSI"])

    def _heard(self, advert: Advert) -> None:
        core = self._core
        # The kernel does not scan while it makes a link.
        if core.faults.deaf or not core.powered or any(k.connecting for k in core.devices.values()):
            return
        if not (self._wanted(advert) or self._monitors.wants(advert)):
            return
        path = core.device_path(advert.address)
        known = core.devices.get(path)
        if known is None:
            known = Known(advert, path)
            core.export(known)
        known.advert = advert
        news = self._news(path, {"RSSI": Variant("n", advert.rssi + next(self._noise)), **heard(advert)})
        if news:
            core.tree.change(path, DEVICE, news)
        core.touch(known)
        self._monitors.found(path, advert)

    def _news(self, path: str, properties: Properties) -> Properties:
        """What is worth telling: everything where a discovery filters, else what is not as it was."""
        if any(wanted.filters for wanted in self._scanners.values()):
            return properties
        return {n: v for n, v in properties.items() if _differs(n, self._core.tree.value(path, DEVICE, n), v.value)}

    def _wanted(self, advert: Advert) -> bool:
        services = set(advert.services)
        return any(not wanted.services or wanted.services & services for wanted in self._scanners.values())


def _differs(name: str, told: Any, value: Any) -> bool:
    return told is None or (abs(value - told) >= RSSI_CHANGE if name == "RSSI" else value != told)
