"""The gateway's own, long-lived connection to BlueZ: which adapters there are, and whether what we know still holds.

bleak does not see bluetoothd die, and its scanner does not notice an adapter that was switched off and on. Sources:
BlueZ doc/org.bluez.Device.rst; D-Bus specification, "Message Bus Messages".
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from gateway.env import Env
from gateway.errors import GatewayError
from gateway.transport.ble.adapters import (
    ADAPTER,
    BUS,
    OBJECTS,
    PROPERTIES,
    SERVICE,
    Adapter,
    adapter_name,
    rules,
    updated,
)
from gateway.transport.ble.deadline import end, within
from gateway.transport.ble.errors import (
    FOREIGN,
    MISSING,
    NO_ADAPTER,
    OFF,
    STARTING,
    Doing,
    fault,
    of_pairing,
    of_reply,
    translate,
)
from gateway.transport.ble.limits import Limits

DEVICE = "org.bluez.Device1"
_PEER = "org.freedesktop.DBus.Peer"


class Guest(Protocol):
    """Another part that lives on the same connection, and goes down and up with it."""

    def ready(self) -> None:
        """BlueZ answers and its adapters are known, or there is one more, or one more is switched on."""
        ...

    def voided(self) -> None:
        """Everything learnt through BlueZ is void; `ready` follows when it is back."""
        ...

    def heard(self, message: Message) -> Message | bool | None:
        """A message came; a call is answered by a message, or taken (True) to be answered later."""
        ...


class Bluez:
    """Watches BlueZ for as long as `run` runs.

    `fault` is what is wrong (None: BlueZ answers). `epoch` grows, and `guests` and `on_void` are told, each time
    everything learnt through BlueZ before must be taken as void: the service restarted, the bus broke, an adapter left
    or was powered off.
    """

    def __init__(self, env: Env, limits: Limits) -> None:
        self.guests: list[Guest] = []
        self.on_void: list[Callable[[], None]] = []
        self.fault: GatewayError | None = fault(STARTING)
        self.adapters: dict[str, Adapter] = {}
        self.epoch = 0
        self._env = env
        self._limits = limits
        self._bus: MessageBus | None = None
        self._rules: dict[str, None] = dict.fromkeys(rules())
        self._changed = asyncio.Event()
        self._reload = asyncio.Event()
        self._reloaded = True
        self._stirred = False

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
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    async def hang_up(self, path: str) -> None:
        """Breaks a device's link, or its pending connection. Raises GatewayError."""
        await self.call(path, DEVICE, "Disconnect")

    async def forget(self, path: str) -> None:
        """Removes a device object, with its bond if it has one. Raises GatewayError."""
        await self.call(path.rpartition("/")[0], ADAPTER, "RemoveDevice", "o", [path])

    async def bonded(self, path: str) -> bool:
        """Whether BlueZ holds a bond with the device. Raises GatewayError."""
        return await self._is(path, "Paired")

    async def _is(self, path: str, what: str) -> bool:
        reply = await self.call(path, PROPERTIES, "Get", "ss", [DEVICE, what])
        return bool(reply[0].value)

    async def pair(self, path: str, seconds: float) -> None:
        """Pairs a device, connecting it if need be; as this connection's doing, so that its agent is asked.

        A device that has a bond already keeps it. Raises GatewayError, and leaves no link then; `pairing-broken-off` is
        what may be tried again.
        """
        try:
            await self.call(path, DEVICE, "Pair", seconds=seconds)
        except GatewayError as error:
            if "AlreadyExists" not in error.detail:
                linked = False
                with suppress(GatewayError):
                    linked = await self._is(path, "Connected")
                await self._give_up(path)
                raise of_pairing(error, linked=linked) from error
        await self.call(path, PROPERTIES, "Set", "ssv", [DEVICE, "Trusted", Variant("b", True)])

    async def _give_up(self, path: str) -> None:
        for member in ("CancelPairing", "Disconnect"):
            with suppress(GatewayError):
                await self.call(path, DEVICE, member)

    async def switch(self, adapter: str, on: bool) -> None:
        """Switches an adapter on or off. Raises GatewayError."""
        await self.call(f"/org/bluez/{adapter}", PROPERTIES, "Set", "ssv", [ADAPTER, "Powered", Variant("b", on)])

    async def objects(self) -> dict[str, dict[str, dict[str, Variant]]]:
        """Everything BlueZ exports: path, interface, property. Raises GatewayError."""
        reply = await self.call("/", OBJECTS, "GetManagedObjects")
        found: dict[str, dict[str, dict[str, Variant]]] = reply[0]
        return found

    async def call(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        body: Sequence[object] = (),
        *,
        service: str = SERVICE,
        seconds: float | None = None,
    ) -> list[Any]:
        """Calls BlueZ, or another service, over our own connection. Raises GatewayError, at the latest after a while.

        What BlueZ does for a caller (a subscription, a pairing) belongs to this connection.
        """
        bus = self._bus
        if bus is None:
            raise fault(MISSING, "no bus")
        work = _ask(bus, service, path, interface, member, signature, body, doing="gatt")
        try:
            return await within(self._limits.bus_s if seconds is None else seconds, work)
        except FOREIGN as error:
            raise translate(error, "gatt") from error

    async def listen(self, rules: Iterable[str]) -> None:
        """Has the signals that fit any of the rules sent to us, on this connection and all later ones."""
        new = [rule for rule in rules if rule not in self._rules]
        self._rules |= dict.fromkeys(new)
        for rule in new:
            await self.call("/org/freedesktop/DBus", BUS, "AddMatch", "s", [rule], service=BUS)

    def send(self, message: Message) -> None:
        """Sends a message nobody answers: the late answer to a call."""
        if self._bus is not None:
            self._bus.send(message)

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
        for rule in self._rules:
            await _ask(bus, BUS, "/org/freedesktop/DBus", BUS, "AddMatch", "s", [rule])

    async def _follow(self, bus: MessageBus) -> None:
        ended = asyncio.ensure_future(bus.wait_for_disconnect())  # type: ignore[no-untyped-call]
        try:
            while True:
                self._reload.clear()
                # BlueZ that does not answer is asked again: asking is what starts it on some systems.
                if self.fault is not None or self._reloaded:
                    await self._load(bus)
                else:
                    await self._feel_pulse(bus)
                await self._until_reload(ended)
                if ended.done():
                    ended.result()
                    raise EOFError("the bus is gone")
        finally:
            await end(ended)

    async def _until_reload(self, ended: asyncio.Task[None]) -> None:
        reload = asyncio.ensure_future(self._reload.wait())
        try:
            await asyncio.wait({ended, reload}, timeout=self._limits.pulse_s, return_when=asyncio.FIRST_COMPLETED)
            self._reloaded = reload.done()
        finally:
            reload.cancel()

    async def _feel_pulse(self, bus: MessageBus) -> None:
        """A bluetoothd that hangs keeps its name and says nothing: only asking finds out."""
        try:
            await within(self._limits.answer_s, _ask(bus, SERVICE, "/", _PEER, "Ping"))
        except (GatewayError, TimeoutError) as error:
            self._lost(error if isinstance(error, GatewayError) else translate(error, "bus"))

    async def _load(self, bus: MessageBus) -> None:
        """Reads which adapters there are. A BlueZ that does not answer is noted, a bus that does not is raised."""
        try:
            objects = await within(self._limits.answer_s, self._all(bus))
        except (GatewayError, TimeoutError) as error:
            self._lost(error if isinstance(error, GatewayError) else translate(error, "bus"))
            return
        self.fault = None
        for path, interfaces in objects.items():
            self._appeared(path, interfaces)
        self._tell()

    async def _all(self, bus: MessageBus) -> dict[str, dict[str, dict[str, Variant]]]:
        """Everything BlueZ exports. A signal of an adapter on the heels of the answer is heard before it: then the
        answer is old already, and is asked for again."""
        while True:
            self._stirred = False
            found: dict[str, dict[str, dict[str, Variant]]]
            (found,) = await _ask(bus, SERVICE, "/", OBJECTS, "GetManagedObjects")
            if not self._stirred:
                return found

    def _lost(self, error: GatewayError) -> None:
        known = bool(self.adapters) or self.fault is None
        self.fault = error
        self.adapters.clear()
        if known:
            self._void()
        self._tell()

    def _tell(self) -> None:
        """Wakes whoever waits for a change now; who begins to wait later waits for the next."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _void(self) -> None:
        self.epoch += 1
        self._tell()
        for guest in self.guests:
            guest.voided()
        for told in self.on_void:
            told()

    def _ready(self) -> None:
        self._tell()
        for guest in self.guests:
            guest.ready()

    # --- signals ---

    def _heard(self, message: Message) -> Message | bool | None:
        if message.message_type is MessageType.SIGNAL:
            self._signal(message)
        for guest in self.guests:
            answer = guest.heard(message)
            if answer:
                return answer
        return None

    def _signal(self, message: Message) -> None:
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
        if name != SERVICE:
            return
        self._stirred = True
        if before:
            self._lost(fault(MISSING, "the Bluetooth service ended"))
        if now:
            self._reload.set()

    def _appeared(self, path: str, interfaces: Mapping[str, Mapping[str, Variant]]) -> None:
        name, properties = adapter_name(path), interfaces.get(ADAPTER)
        if name is None or properties is None:
            return
        self._stirred = True
        self.adapters[name] = updated(Adapter(name, powered=False, discovering=False), properties)
        self._ready()

    def _removed(self, path: str, interfaces: Sequence[str]) -> None:
        name = adapter_name(path)
        if name is None or ADAPTER not in interfaces:
            return
        self._stirred = True
        if self.adapters.pop(name, None):
            self._void()

    def _properties(self, path: str, interface: str, changed: Mapping[str, Variant]) -> None:
        name = adapter_name(path)
        if name is None or interface != ADAPTER:
            return
        self._stirred = True
        before = self.adapters.get(name)
        if before is None:
            return
        after = updated(before, changed)
        if after == before:
            return
        self.adapters[after.name] = after
        if before.powered and not after.powered:
            self._void()
        if after.powered and not before.powered:
            self._ready()
        self._tell()


async def _ask(
    bus: MessageBus,
    service: str,
    path: str,
    interface: str,
    member: str,
    signature: str = "",
    body: Sequence[object] = (),
    *,
    doing: Doing = "bus",
) -> list[Any]:
    message = Message(
        destination=service, path=path, interface=interface, member=member, signature=signature, body=list(body)
    )
    reply = await bus.call(message)
    if reply.message_type is MessageType.ERROR:
        raise of_reply(reply.error_name or "", str(reply.body[0]) if reply.body else "", doing)
    return list(reply.body)
