"""GattService1, GattCharacteristic1, GattDescriptor1: a remote device's attributes (src/gatt-client.c)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from dbus_fast import Variant

from gateway.simulator.bluez.core import Core, Known
from gateway.simulator.bluez.names import (
    GATT_CHARACTERISTIC,
    GATT_DESCRIPTOR,
    GATT_SERVICE,
    BusError,
    att_error,
    bluez_error,
    failed,
    in_progress,
)
from gateway.simulator.bluez.objects import Body, Call, Properties
from gateway.simulator.bluez.radio import (
    AttError,
    Link,
    LinkLostError,
    PairingFailedError,
    RemoteCharacteristic,
    RemoteService,
)
from gateway.simulator.bluez.security import Security

Answer = TypeVar("Answer")


class Gatt:
    """Exports what discovery found, and carries values to whoever asked for them."""

    def __init__(self, core: Core, security: Security) -> None:
        self._core = core
        self._security = security
        core.tree.serve(
            GATT_CHARACTERISTIC,
            ReadValue=self._read,
            WriteValue=self._write,
            StartNotify=self._start_notify,
            StopNotify=self._stop_notify,
        )
        core.tree.serve(GATT_DESCRIPTOR, ReadValue=self._read_descriptor)

    # --- objects ------------------------------------------------------------------------------------------------------

    def export(self, known: Known, services: tuple[RemoteService, ...], mtu: int) -> None:
        """Makes the objects of a device's services; the ones it already has stay as they are."""
        if services == known.tree:
            return
        self.withdraw(known)
        known.tree = services
        for service in services:
            self._export_service(known, service, mtu)

    def withdraw(self, known: Known) -> None:
        """Takes the objects away."""
        for service in known.tree or ():
            self._core.tree.remove(f"{known.path}/service{service.handle:04x}")
        known.tree = None
        known.handles.clear()
        known.notify.clear()

    def _export_service(self, known: Known, service: RemoteService, mtu: int) -> None:
        path = f"{known.path}/service{service.handle:04x}"
        properties: Properties = {
            "UUID": Variant("s", service.uuid),
            "Device": Variant("o", known.path),
            "Primary": Variant("b", True),
            "Includes": Variant("ao", []),
        }
        self._core.tree.add(path, {GATT_SERVICE: properties})
        for characteristic in service.characteristics:
            self._export_characteristic(known, path, characteristic, mtu)

    def _export_characteristic(self, known: Known, service: str, found: RemoteCharacteristic, mtu: int) -> None:
        path = f"{service}/char{found.handle:04x}"
        properties: Properties = {
            "UUID": Variant("s", found.uuid),
            "Service": Variant("o", service),
            "Value": Variant("ay", b""),
            "Flags": Variant("as", list(found.flags)),
            "MTU": Variant("q", mtu),
        }
        if {"notify", "indicate"} & set(found.flags):
            properties["Notifying"] = Variant("b", False)
        self._core.tree.add(path, {GATT_CHARACTERISTIC: properties})
        known.handles[path] = found.value_handle
        for descriptor in found.descriptors:
            about: Properties = {
                "UUID": Variant("s", descriptor.uuid),
                "Characteristic": Variant("o", path),
                "Value": Variant("ay", b""),
                "Flags": Variant("as", []),
            }
            self._core.tree.add(f"{path}/desc{descriptor.handle:04x}", {GATT_DESCRIPTOR: about})

    # --- values -------------------------------------------------------------------------------------------------------

    def value(self, known: Known, handle: int, value: bytes) -> None:
        """A value came and was confirmed: one signal for each client that asked for it, none at all without one."""
        path = next((p for p, h in known.handles.items() if h == handle), None)
        clients = known.notify.get(path, []) if path is not None else []
        if path is None or not clients:
            self._core.count_lost(known)
            return
        for _client in clients:
            self._core.tree.change(path, GATT_CHARACTERISTIC, {"Value": Variant("ay", value)})

    async def rearm(self, known: Known, link: Link) -> None:
        """At attach, before discovery: subscribes again for every session that outlasted the last link."""
        for path in [p for p, clients in known.notify.items() if clients and p in known.handles]:
            try:
                await self._subscribe(known, link, path)
            except AttError:
                continue
            self._notifying(path, True)

    def unlinked(self, known: Known) -> None:
        """The link is gone; the sessions stay."""
        for path in known.notify:
            self._notifying(path, False)

    async def client_gone(self, client: str) -> None:
        """A program left, and its sessions with it."""
        for known in list(self._core.devices.values()):
            for path in [p for p, clients in known.notify.items() if client in clients]:
                await self._leave(known, path, client)

    # --- methods ------------------------------------------------------------------------------------------------------

    async def _read(self, call: Call) -> Body:
        if self._core.faults.take("read_in_progress"):
            raise in_progress()
        known = self._core.device_of(call.path)
        link = known.require_link()
        handle = known.handles[call.path]
        value = await self._attempt(known, link, lambda: link.read(handle))
        self._core.tree.change(call.path, GATT_CHARACTERISTIC, {"Value": Variant("ay", value)})
        return "ay", [value]

    async def _write(self, call: Call) -> None:
        known = self._core.device_of(call.path)
        link = known.require_link()
        handle, data, options = known.handles[call.path], call.body[0], call.body[1]
        kind = options.get("type") if isinstance(options, dict) else None
        response = kind is None or kind.value != "command"
        payload = bytes(data) if isinstance(data, bytes | bytearray) else b""
        await self._attempt(known, link, lambda: link.write(handle, payload, response))

    async def _read_descriptor(self, call: Call) -> Body:
        known = self._core.device_of(call.path)
        link = known.require_link()
        handle = int(call.path[-4:], 16)
        return "ay", [await self._attempt(known, link, lambda: link.read(handle))]

    async def _start_notify(self, call: Call) -> None:
        """Accepted while the device is away, too; such a session is made good at the next attach."""
        known = self._core.device_of(call.path)
        if self._core.tree.value(call.path, GATT_CHARACTERISTIC, "Notifying") is None:
            raise bluez_error("NotSupported", "Operation is not supported")
        clients = known.notify.setdefault(call.path, [])
        link = known.link
        if call.sender in clients:
            if link is None:
                raise in_progress()
            return
        if self._core.faults.take("notify_hang"):
            await asyncio.Event().wait()
        first = not clients
        # Before the CCCD is written, as in BlueZ: values may come together with the answer.
        clients.append(call.sender)
        if link is None:
            return
        if first:
            await self._first_subscription(known, link, call)
        self._notifying(call.path, True)

    async def _first_subscription(self, known: Known, link: Link, call: Call) -> None:
        try:
            await self._attempt(known, link, lambda: link.subscribe(known.handles[call.path]))
        except BusError:
            if call.sender in known.notify.get(call.path, []):
                known.notify[call.path].remove(call.sender)
            raise

    async def _stop_notify(self, call: Call) -> None:
        known = self._core.device_of(call.path)
        if call.sender not in known.notify.get(call.path, []):
            raise failed("No notify session started")
        await self._leave(known, call.path, call.sender)

    async def _leave(self, known: Known, path: str, client: str) -> None:
        clients = known.notify[path]
        clients.remove(client)
        if clients:
            return
        self._notifying(path, False)
        link = known.link
        if link is None:
            return
        try:
            await link.unsubscribe(known.handles[path])
        except (AttError, LinkLostError):
            return

    async def _subscribe(self, known: Known, link: Link, path: str) -> None:
        handle = known.handles[path]
        await self._security.secured(known, link, lambda: link.subscribe(handle))

    async def _attempt(self, known: Known, link: Link, operation: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            return await self._security.secured(known, link, operation)
        except AttError as error:
            raise att_error(error.code) from error
        except LinkLostError as error:
            raise failed("Operation failed with ATT error: 0x0e") from error
        except PairingFailedError as error:
            raise bluez_error("NotPermitted", "Not paired") from error

    def _notifying(self, path: str, on: bool) -> None:
        if self._core.tree.value(path, GATT_CHARACTERISTIC, "Notifying") not in {None, on}:
            self._core.tree.change(path, GATT_CHARACTERISTIC, {"Notifying": Variant("b", on)})
