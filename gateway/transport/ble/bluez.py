"""The gateway's own, long-lived connection to BlueZ: which adapters there are, and whether what we know still holds.

bleak does not see bluetoothd die, and its scanner does not notice an adapter that was switched off and on. Sources:
BlueZ doc/org.bluez.Adapter.rst and org.bluez.Device.rst; D-Bus specification, "Message Bus Messages".
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from gateway.env import Env
from gateway.errors import GatewayError
from gateway.transport.ble.deadline import end, within
from gateway.transport.ble.errors import (
    FOREIGN,
    MISSING,
    NO_ADAPTER,
    OFF,
    STARTING,
    fault,
    of_reply,
    translate,
)
from gateway.transport.ble.limits import Limits

_SERVICE = "org.bluez"
_ADAPTER = "org.bluez.Adapter1"
_DEVICE = "org.bluez.Device1"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_OBJECTS = "org.freedesktop.DBus.ObjectManager"
_BUS = "org.freedesktop.DBus"
_PATH = re.compile(r"^/org/bluez/(\w+)$")
# Added and removed objects are asked for by adapter: a rule for all would wake us for every passer-by's phone.
_LOOKED_FOR = tuple(f"hci{n}" for n in range(8))


@dataclass(frozen=True, slots=True)
class Adapter:
    """One Bluetooth adapter as BlueZ sees it."""

    name: str
    powered: bool
    discovering: bool


class Bluez:
    """Watches BlueZ for as long as `run` runs.

    `fault` is what is wrong (None: BlueZ answers). `epoch` grows, and `voided` is called, each time everything learnt
    through BlueZ before must be taken as void: the service restarted, the bus broke, an adapter left or was powered
    off.
    """

    def __init__(self, env: Env, limits: Limits, voided: Callable[[], None]) -> None:
        self.fault: GatewayError | None = fault(STARTING)
        self.adapters: dict[str, Adapter] = {}
        self.epoch = 0
        self._env = env
        self._limits = limits
        self._voided = voided
        self._bus: MessageBus | None = None
        self._changed = asyncio.Event()
        self._reload = asyncio.Event()

    async def run(self) -> None:
        """Runs until cancelled; keeps trying where there is no bus or no BlueZ."""
        failures = 0
        while True:
            try:
                await self._attend()
            except (GatewayError, *FOREIGN) as error:
                failures = failures + 1 if self.fault is not None else 1
                self._lost(error if isinstance(error, GatewayError) else translate(error, "bus"))
            await self._env.sleep(self._limits.rebuild.wait_s(failures, 0.0))

    def adapter(self, wanted: str | None) -> Adapter:
        """The adapter to use: the wanted one, else the first that is powered. TransientError says why there is none."""
        if self.fault is not None:
            raise self.fault
        found = [a for name, a in sorted(self.adapters.items()) if wanted in (None, name)]
        if not found:
            raise fault(NO_ADAPTER, wanted or "")
        powered = [a for a in found if a.powered]
        if not powered:
            raise fault(OFF, found[0].name)
        return powered[0]

    async def changed(self, seconds: float) -> None:
        """Returns when something about BlueZ or its adapters has changed, at the latest after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass
        self._changed.clear()

    async def hang_up(self, path: str) -> None:
        """Breaks a device's link, or its pending connection. Raises GatewayError."""
        await self._call(path, _DEVICE, "Disconnect")

    async def forget(self, path: str) -> None:
        """Removes a device object, with its bond if it has one. Raises GatewayError."""
        await self._call(path.rpartition("/")[0], _ADAPTER, "RemoveDevice", "o", [path])

    async def bonded(self, path: str) -> bool:
        """Whether BlueZ holds a bond with the device. Raises GatewayError."""
        reply = await self._call(path, _PROPERTIES, "Get", "ss", [_DEVICE, "Paired"])
        return bool(reply[0].value)

    async def _call(
        self, path: str, interface: str, member: str, signature: str = "", body: list[Any] | None = None
    ) -> list[Any]:
        bus = self._bus
        if bus is None:
            raise fault(MISSING, "no bus")
        try:
            return await within(self._limits.bus_s, _ask(bus, _SERVICE, path, interface, member, signature, body or []))
        except FOREIGN as error:
            raise translate(error, "gatt") from error

    async def _attend(self) -> None:
        """One connection to the bus, from its making to its end, which is always an exception."""
        bus = MessageBus(bus_type=BusType.SYSTEM)
        try:
            await within(self._limits.bus_s, self._set_up(bus))
            self._bus = bus
            await self._follow(bus)
        finally:
            self._bus = None
            bus.disconnect()

    async def _set_up(self, bus: MessageBus) -> None:
        await bus.connect()
        bus.add_message_handler(self._heard)
        for rule in _rules():
            await _ask(bus, _BUS, "/org/freedesktop/DBus", _BUS, "AddMatch", "s", [rule])

    async def _follow(self, bus: MessageBus) -> None:
        ended = asyncio.ensure_future(bus.wait_for_disconnect())  # type: ignore[no-untyped-call]
        try:
            while True:
                self._reload.clear()
                await self._load(bus)
                reload = asyncio.ensure_future(self._reload.wait())
                # BlueZ that does not answer is asked again now and then: asking is what starts it on some systems.
                again = None if self.fault is None else self._limits.silence_s
                await asyncio.wait({ended, reload}, timeout=again, return_when=asyncio.FIRST_COMPLETED)
                reload.cancel()
                if ended.done():
                    ended.result()
                    raise EOFError("the bus is gone")
        finally:
            await end(ended)

    async def _load(self, bus: MessageBus) -> None:
        """Reads which adapters there are. A BlueZ that does not answer is noted, a bus that does not is raised."""
        try:
            reply = await within(self._limits.bus_s, _ask(bus, _SERVICE, "/", _OBJECTS, "GetManagedObjects", "", []))
        except (GatewayError, TimeoutError) as error:
            self._lost(error if isinstance(error, GatewayError) else translate(error, "bus"))
            return
        for path, interfaces in reply[0].items():
            self._appeared(path, interfaces)
        self.fault = None
        self._changed.set()

    def _lost(self, error: GatewayError) -> None:
        known = self.adapters or self.fault is None
        self.fault = error
        self.adapters.clear()
        if known:
            self._void()
        self._changed.set()

    def _void(self) -> None:
        self.epoch += 1
        self._changed.set()
        self._voided()

    # --- signals ---

    def _heard(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        match message.member:
            case "NameOwnerChanged":
                self._owner_changed(*message.body)
            case "InterfacesAdded":
                self._appeared(*message.body)
            case "InterfacesRemoved":
                self._removed(*message.body)
            case "PropertiesChanged":
                self._properties(message.path or "", message.body[0], message.body[1])

    def _owner_changed(self, name: str, before: str, now: str) -> None:
        if name != _SERVICE:
            return
        if before:
            self._lost(fault(MISSING, "the Bluetooth service ended"))
        if now:
            self._reload.set()

    def _appeared(self, path: str, interfaces: Mapping[str, Mapping[str, Variant]]) -> None:
        match, properties = _PATH.match(path), interfaces.get(_ADAPTER)
        if match is None or properties is None:
            return
        name = match[1]
        self.adapters[name] = _updated(Adapter(name, powered=False, discovering=False), properties)
        self._changed.set()

    def _removed(self, path: str, interfaces: Sequence[str]) -> None:
        match = _PATH.match(path)
        if match and _ADAPTER in interfaces and self.adapters.pop(match[1], None):
            self._void()

    def _properties(self, path: str, interface: str, changed: Mapping[str, Variant]) -> None:
        match = _PATH.match(path)
        before = self.adapters.get(match[1]) if match else None
        if before is None or interface != _ADAPTER:
            return
        after = _updated(before, changed)
        if after == before:
            return
        self.adapters[after.name] = after
        if before.powered and not after.powered:
            self._void()
        self._changed.set()


def _updated(adapter: Adapter, properties: Mapping[str, Variant]) -> Adapter:
    powered, discovering = properties.get("Powered"), properties.get("Discovering")
    return Adapter(
        adapter.name,
        adapter.powered if powered is None else bool(powered.value),
        adapter.discovering if discovering is None else bool(discovering.value),
    )


def _rules() -> list[str]:
    owner = f"type='signal',sender='{_BUS}',interface='{_BUS}',member='NameOwnerChanged',arg0='{_SERVICE}'"
    properties = (
        f"type='signal',sender='{_SERVICE}',interface='{_PROPERTIES}',member='PropertiesChanged',"
        f"path_namespace='/org/bluez',arg0='{_ADAPTER}'"
    )
    objects = [
        f"type='signal',sender='{_SERVICE}',interface='{_OBJECTS}',member='{member}',arg0path='/org/bluez/{name}'"
        for name in _LOOKED_FOR
        for member in ("InterfacesAdded", "InterfacesRemoved")
    ]
    return [owner, properties, *objects]


async def _ask(
    bus: MessageBus, service: str, path: str, interface: str, member: str, signature: str, body: list[Any]
) -> list[Any]:
    message = Message(
        destination=service, path=path, interface=interface, member=member, signature=signature, body=body
    )
    reply = await bus.call(message)
    if reply.message_type is MessageType.ERROR:
        raise of_reply(reply.error_name or "", str(reply.body[0]) if reply.body else "", "bus")
    return list(reply.body)
