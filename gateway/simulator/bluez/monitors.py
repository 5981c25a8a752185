"""org.bluez.AdvertisementMonitorManager1: passive scanning for patterns (src/adv_monitor.c)."""

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from gateway.simulator.bluez.core import Core
from gateway.simulator.bluez.names import MONITOR, MONITOR_MANAGER, PROPERTIES, BusError, bluez_error
from gateway.simulator.bluez.objects import Body, Call
from gateway.simulator.bluez.radio import Advert

EXPORT_TRIES = 50
EXPORT_WAIT = 0.02
CLIENT_SECONDS = 5.0

Pattern = tuple[int, int, bytes]


@dataclass(slots=True)
class _Monitor:
    patterns: list[Pattern] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)


class Monitors:
    """The patterns clients listen for. `on_change` is called when there is more or less to listen for."""

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
        return any(_matches(m.patterns, advert) for m in self._monitors.values())

    def found(self, path: str, advert: Advert) -> None:
        """Tells each monitor of a device it has not seen yet."""
        for (client, monitor_path), monitor in self._monitors.items():
            if path not in monitor.seen and _matches(monitor.patterns, advert):
                monitor.seen.add(path)
                self._core.tree.spawn(self._tell(client, monitor_path, "DeviceFound", ("o", [path])))

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

    async def _load(self, client: str, path: str) -> None:
        patterns = await self._patterns(client, path)
        self._monitors[client, path] = _Monitor(patterns)
        await self._tell(client, path, "Activate", ("", []))
        await self._changed()

    async def _patterns(self, client: str, path: str) -> list[Pattern]:
        for _ in range(EXPORT_TRIES):
            await asyncio.sleep(EXPORT_WAIT)
            try:
                reply = await self._core.tree.ask(client, path, PROPERTIES, "GetAll", ("s", [MONITOR]), CLIENT_SECONDS)
            except BusError:
                continue
            properties = reply[0]
            if isinstance(properties, dict) and "Patterns" in properties:
                return [(int(p[0]), int(p[1]), bytes(p[2])) for p in properties["Patterns"].value]
        return []

    async def _tell(self, client: str, path: str, member: str, body: Body) -> None:
        with contextlib.suppress(BusError, TimeoutError):
            await self._core.tree.ask(client, path, MONITOR, member, body, CLIENT_SECONDS)

    async def _changed(self) -> None:
        if self.on_change is not None:
            await self.on_change()


def _matches(patterns: list[Pattern], advert: Advert) -> bool:
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
