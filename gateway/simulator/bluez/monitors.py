"""org.bluez.AdvertisementMonitorManager1: passive scanning for patterns (src/adv_monitor.c)."""

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.simulator.bluez.core import Core
from gateway.simulator.bluez.names import MONITOR, MONITOR_MANAGER, OBJECT_MANAGER, PROPERTIES, BusError, bluez_error
from gateway.simulator.bluez.objects import Body, Call, Properties
from gateway.simulator.bluez.radio import Advert

EXPORT_TRIES = 50
EXPORT_WAIT = 0.02
CLIENT_SECONDS = 5.0
# BlueZ keeps the length of its request in one byte (src/adv_monitor.c, merged_pattern_send_add_pattern): of more, the
# client is told to let go of its monitor. The real one may crash then (seen with 5.82 and nine).
MOST_PATTERNS = 7

Pattern = tuple[int, int, bytes]


@dataclass(frozen=True, slots=True)
class _Monitor:
    path: str
    patterns: tuple[Pattern, ...]


class Monitors:
    """The patterns clients listen for, by client and the path it has registered.

    `on_change` is called when there is more or less to listen for.
    """

    def __init__(self, core: Core) -> None:
        self.on_change: Callable[[], Awaitable[None]] | None = None
        self._core = core
        self._monitors: dict[tuple[str, str], _Monitor] = {}
        core.tree.serve(MONITOR_MANAGER, RegisterMonitor=self._register, UnregisterMonitor=self._unregister)

    @property
    def active(self) -> bool:
        """Whether anybody listens passively."""
        return bool(self._monitors)

    def wants(self, advert: Advert) -> bool:
        """Whether a pattern matches."""
        return any(_matches(monitor.patterns, advert) for monitor in self._monitors.values())

    def found(self, path: str, advert: Advert) -> None:
        """Tells each monitor, of every advertisement that fits."""
        for (client, _root), monitor in self._monitors.items():
            if _matches(monitor.patterns, advert):
                self._core.tree.spawn(self._tell(client, monitor.path, "DeviceFound", ("o", [path])))

    async def client_gone(self, client: str) -> None:
        """A program left."""
        mine = [key for key in self._monitors if key[0] == client]
        for key in mine:
            del self._monitors[key]
        if mine:
            await self._changed()

    def reset(self) -> None:
        """Forgets them all."""
        self._monitors.clear()

    async def _register(self, call: Call) -> None:
        self._core.require_power()
        if self._core.faults.no_monitors:
            raise bluez_error("NotSupported", "Operation is not supported")
        # A client exports the object after our reply, so it is read a little later.
        self._core.tree.spawn(self._load(call.sender, str(call.body[0])))

    async def _unregister(self, call: Call) -> None:
        if self._monitors.pop((call.sender, str(call.body[0])), None) is None:
            raise bluez_error("DoesNotExist", "Does Not Exist")
        await self._changed()

    async def _load(self, client: str, root: str) -> None:
        monitor = await self._monitor(client, root)
        if monitor is None:
            return
        if len(monitor.patterns) > MOST_PATTERNS or self._core.faults.released_monitors:
            await self._tell(client, monitor.path, "Release", ("", []))
            return
        self._monitors[client, root] = monitor
        await self._tell(client, monitor.path, "Activate", ("", []))
        await self._changed()

    async def _monitor(self, client: str, root: str) -> _Monitor | None:
        """The monitor below the path that was registered, or at it, as bleak has it."""
        for _ in range(EXPORT_TRIES):
            await asyncio.sleep(EXPORT_WAIT)
            with contextlib.suppress(BusError):
                (objects,) = await self._ask(client, root, OBJECT_MANAGER, "GetManagedObjects", ("", []))
                for path, interfaces in objects.items():
                    return _Monitor(path, _patterns(interfaces[MONITOR]))
                (properties,) = await self._ask(client, root, PROPERTIES, "GetAll", ("s", [MONITOR]))
                return _Monitor(root, _patterns(properties))
        return None

    async def _ask(self, client: str, path: str, interface: str, member: str, body: Body) -> list[Any]:
        return await self._core.tree.ask(client, path, interface, member, body, CLIENT_SECONDS)

    async def _tell(self, client: str, path: str, member: str, body: Body) -> None:
        with contextlib.suppress(BusError, TimeoutError):
            await self._ask(client, path, MONITOR, member, body)

    async def _changed(self) -> None:
        if self.on_change is not None:
            await self.on_change()


def _patterns(properties: Properties) -> tuple[Pattern, ...]:
    return tuple((int(p[0]), int(p[1]), bytes(p[2])) for p in properties["Patterns"].value)


def _matches(patterns: tuple[Pattern, ...], advert: Advert) -> bool:
    structures = list(_structures(advert))
    return any(
        kind == wanted and data[start : start + len(content)] == content
        for start, wanted, content in patterns
        for kind, data in structures
    )


def _structures(advert: Advert) -> Iterator[tuple[int, bytes]]:
    """What of an advertisement patterns are held against (Core Specification Supplement, Part A): type and data.

    Lists of services and names are not among them: BlueZ 5.82 takes those apart first (seen in the machine).
    """
    yield 0x01, b"\x06"
    for uuid, payload in advert.service_data.items():
        yield 0x16, struct.pack("<H", int(uuid[4:8], 16)) + payload
    for company, payload in advert.manufacturer_data.items():
        yield 0xFF, struct.pack("<H", company) + payload
