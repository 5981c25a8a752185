"""org.bluez.Device1: making and ending links, pairing, discovering services (src/device.c)."""

import asyncio

from dbus_fast import Variant

from gateway.simulator.bluez.core import Core, Known
from gateway.simulator.bluez.gatt import Gatt
from gateway.simulator.bluez.names import DEVICE, BusError, bluez_error, failed, in_progress
from gateway.simulator.bluez.objects import Call
from gateway.simulator.bluez.radio import AttError, Link, LinkLostError, PairingFailedError
from gateway.simulator.bluez.security import Security

ABORTED = "le-connection-abort-by-local"
CANCELLED = "br-connection-canceled"
ABORT_SECONDS = 0.02


class Devices:
    """The calls on a device's object."""

    def __init__(self, core: Core, gatt: Gatt, security: Security) -> None:
        self._core = core
        self._gatt = gatt
        self._security = security
        core.tree.serve(
            DEVICE,
            Connect=self._connect,
            Disconnect=self._disconnect,
            Pair=self._pair,
            CancelPairing=self._cancel_pairing,
        )
        core.tree.settable(DEVICE, Trusted=self._set_trusted)

    # --- methods ------------------------------------------------------------------------------------------------------

    async def _connect(self, call: Call) -> None:
        known = self._core.device_of(call.path)
        if known.pairing or known.connecting is not None:
            raise in_progress()
        if known.link is not None:
            return
        self._core.require_power()
        if self._core.faults.take("connect_in_progress"):
            raise in_progress()
        await self._link(known)

    async def _disconnect(self, call: Call) -> None:
        known = self._core.device_of(call.path)
        if known.connecting is not None:
            known.connecting.cancel()
            return
        if known.link is None:
            raise bluez_error("NotConnected", "Not Connected")
        link = known.link
        await asyncio.sleep(self._core.timing.disconnect)
        await link.disconnect()

    async def _pair(self, call: Call) -> None:
        known = self._core.device_of(call.path)
        if known.pairing or known.connecting is not None:
            raise in_progress()
        if self._core.radio.bonded(known.address):
            raise bluez_error("AlreadyExists", "Already Exists")
        self._core.require_power()
        known.pairing = True
        try:
            if known.link is None:
                await self._link(known)
            await self._security.pair(known, call.sender)
        finally:
            known.pairing = False

    async def _cancel_pairing(self, call: Call) -> None:
        if not self._core.device_of(call.path).pairing:
            raise bluez_error("DoesNotExist", "Does Not Exist")

    async def _set_trusted(self, path: str, value: Variant) -> None:
        self._core.device_of(path).trusted = bool(value.value)
        self._core.tree.change(path, DEVICE, {"Trusted": value})

    # --- the link -----------------------------------------------------------------------------------------------------

    async def _link(self, known: Known) -> None:
        """Makes the link; Disconnect in between cancels it."""
        known.temporary = False
        attempt = asyncio.ensure_future(self._attempt(known))
        known.connecting = attempt
        try:
            await asyncio.wait({attempt})
        finally:
            known.connecting = None
            attempt.cancel()
            self._core.touch(known)
        if attempt.cancelled():
            raise failed(CANCELLED)
        attempt.result()
        if known.link is not None:
            self._core.tree.spawn(self._resolve(known, known.link))

    async def _attempt(self, known: Known) -> None:
        core = self._core
        if core.faults.take("abort_by_local"):
            self._abort(known)
        if core.faults.take("connect_hang"):
            await asyncio.sleep(core.timing.connect)
            raise failed(ABORTED)
        try:
            link = await core.radio.connect(known.address, core.timing.connect)
        except (TimeoutError, LinkLostError) as error:
            raise failed(ABORTED) from error
        known.link = link
        known.unlinked.clear()
        link.on_gone = lambda: self._gone(known)
        link.on_value = lambda handle, value: self._gatt.value(known, handle, value)
        core.tree.change(known.path, DEVICE, {"Connected": Variant("b", True)})
        if core.radio.bonded(known.address):
            # The kernel listens before it connects, and of a paired device BlueZ notes that: until a discovery has
            # ended, one that does not filter is told nothing of a device that is as strong as it was.
            core.tree.change(known.path, DEVICE, {"RSSI": Variant("n", known.advert.rssi)})
            await self._encrypt(link)

    def _abort(self, known: Known) -> None:
        """The link comes up and goes at once: what BlueZ shows where the radio is disturbed."""
        change = self._core.tree.change
        change(known.path, DEVICE, {"Connected": Variant("b", True)})
        off = {"Connected": Variant("b", False)}
        asyncio.get_running_loop().call_later(ABORT_SECONDS, change, known.path, DEVICE, off)
        raise failed(ABORTED)

    async def _encrypt(self, link: Link) -> None:
        """A bonded link is encrypted before anything else, by the kernel; where the device has lost its key, that ends
        the link, a moment after the answer to Connect."""
        try:
            await link.encrypt()
        except PairingFailedError as error:
            self._core.tree.spawn(self._break(link))
            raise failed(ABORTED) from error
        except LinkLostError as error:
            raise failed(CANCELLED) from error

    async def _break(self, link: Link) -> None:
        await asyncio.sleep(ABORT_SECONDS)
        await link.disconnect()

    async def _resolve(self, known: Known, link: Link) -> None:
        """After the answer to Connect: subscribe again where sessions stand, discover, export."""
        try:
            await self._gatt.rearm(known, link)
            services = await link.discover()
            if self._core.faults.take("drop_in_discovery"):
                await link.disconnect()
        except LinkLostError:
            return
        except (AttError, PairingFailedError, BusError):
            await link.disconnect()
            return
        if known.link is not link:
            return
        self._gatt.export(known, services, link.mtu)
        known.resolved = True
        uuids = Variant("as", [service.uuid for service in services])
        self._core.tree.change(known.path, DEVICE, {"UUIDs": uuids, "ServicesResolved": Variant("b", True)})

    def _gone(self, known: Known) -> None:
        known.link = None
        known.unlinked.set()
        self._gatt.unlinked(known)
        if known.resolved:
            known.resolved = False
            self._core.tree.change(known.path, DEVICE, {"ServicesResolved": Variant("b", False)})
        self._core.tree.change(known.path, DEVICE, {"Connected": Variant("b", False)})
        if self._core.faults.uncached:
            self._gatt.withdraw(known)
        self._core.touch(known)
