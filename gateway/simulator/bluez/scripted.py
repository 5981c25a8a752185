"""The scripted radio: virtual devices reached by function calls, with a latency but without a Bluetooth stack."""

import asyncio
from collections.abc import Callable, Iterable

from drivers.uuids import full
from gateway.simulator.bluez.radio import (
    Advert,
    Ask,
    AttError,
    Characteristic,
    LinkLostError,
    PairingFailedError,
    Peripheral,
    RemoteCharacteristic,
    RemoteDescriptor,
    RemoteService,
)

CCCD = full(0x2902)
INSUFFICIENT_AUTHENTICATION = 0x05
READ_NOT_PERMITTED = 0x02
WRITE_NOT_PERMITTED = 0x03
ATT_MTU = 247
LISTEN_SECONDS = 0.01


class ScriptedRadio:
    """A radio over virtual devices that are simply called.

    `cut_before_confirmation` counts how many of the next indications reach the hub while the link dies before the
    device sees the confirmation, so that it sends the value again.
    """

    def __init__(self, devices: Iterable[Peripheral] = ()) -> None:
        self.cut_before_confirmation = 0
        self.on_advert: Callable[[Advert], None] = _ignore_advert
        self._devices: dict[str, Peripheral] = {}
        self._links: dict[str, ScriptedLink] = {}
        self._bonds: set[str] = set()
        self._beacons: dict[str, asyncio.Task[None]] = {}
        self._scanning = False
        for device in devices:
            self.add(device)

    def add(self, device: Peripheral) -> None:
        """Brings a device within reach."""
        self._devices[device.address] = device
        if self._scanning:
            self._listen(device)

    async def remove(self, address: str) -> None:
        """Takes a device out of reach; a link to it is lost."""
        self._devices.pop(address, None)
        beacon = self._beacons.pop(address, None)
        if beacon is not None:
            beacon.cancel()
        self.drop(address)

    def drop(self, address: str) -> None:
        """The link to a device is lost, without either side's doing."""
        link = self._links.get(address)
        if link is not None:
            link.lose()

    async def start(self) -> None:
        """Nothing to prepare."""

    async def stop(self) -> None:
        """Ends every link and stops listening."""
        for link in list(self._links.values()):
            link.lose()
        await self.scan(False)

    def bonded(self, address: str) -> bool:
        """Whether the hub holds a key for the device."""
        return address in self._bonds

    def forget(self, address: str) -> None:
        """Throws the hub's key away; the device keeps its own."""
        self._bonds.discard(address)

    def remember(self, address: str) -> None:
        """Stores a key for the device."""
        self._bonds.add(address)

    async def scan(self, on: bool) -> None:
        """Starts or stops listening."""
        self._scanning = on
        if on:
            for device in self._devices.values():
                self._listen(device)
            return
        beacons, self._beacons = list(self._beacons.values()), {}
        for beacon in beacons:
            beacon.cancel()
        await asyncio.gather(*beacons, return_exceptions=True)

    async def connect(self, address: str, seconds: float) -> "ScriptedLink":
        """Waits until the device advertises, and connects."""
        async with asyncio.timeout(seconds):
            device = await self._heard(address)
            await asyncio.sleep(2 * device.latency)
        if self._available(address) is None:
            raise LinkLostError
        link = ScriptedLink(self, device)
        self._links[address] = link
        device.linked_by(link.port)
        return link

    def unlinked(self, address: str) -> None:
        """Told by a link that it is over."""
        self._links.pop(address, None)

    async def _heard(self, address: str) -> Peripheral:
        while True:
            device = self._available(address)
            if device is not None and device.connectable:
                return device
            await asyncio.sleep(LISTEN_SECONDS)

    def _available(self, address: str) -> Peripheral | None:
        device = self._devices.get(address)
        return device if device is not None and device.on_air and address not in self._links else None

    def _listen(self, device: Peripheral) -> None:
        if device.address not in self._beacons:
            self._beacons[device.address] = asyncio.ensure_future(self._beacon(device))

    async def _beacon(self, device: Peripheral) -> None:
        while True:
            if self._available(device.address) is not None:
                self.on_advert(device.advert())
            await asyncio.sleep(device.interval)


class ScriptedLink:
    """The hub's end of a link."""

    def __init__(self, radio: ScriptedRadio, device: Peripheral) -> None:
        self.mtu = ATT_MTU
        self.on_value: Callable[[int, bytes], None] = _ignore_value
        self.on_gone: Callable[[], None] = _ignore_gone
        self.alive = True
        self.encrypted = False
        self.radio = radio
        self.device = device
        self.port = ScriptedPort(self)
        self._tree, self._by_handle = _table(device)
        self.handles = {c.uuid: handle for handle, c in self._by_handle.items()}

    async def discover(self) -> tuple[RemoteService, ...]:
        """Primary services, characteristics and descriptors: about two round trips a service."""
        for _ in range(1 + 2 * len(self._tree)):
            await self._round_trip()
        return self._tree

    async def read(self, handle: int) -> bytes:
        """Reads a value."""
        await self._round_trip()
        characteristic = self._characteristic(handle)
        self._permit(characteristic)
        if "read" not in characteristic.flags:
            raise AttError(READ_NOT_PERMITTED)
        return self.device.read(characteristic.uuid)

    async def write(self, handle: int, data: bytes, response: bool) -> None:
        """Writes a value."""
        await self._round_trip()
        characteristic = self._characteristic(handle)
        self._permit(characteristic)
        if ("write" if response else "write-without-response") not in characteristic.flags:
            raise AttError(WRITE_NOT_PERMITTED)
        self.device.write(characteristic.uuid, data)

    async def subscribe(self, value_handle: int) -> None:
        """Writes the CCCD."""
        await self._configure(value_handle, True)

    async def unsubscribe(self, value_handle: int) -> None:
        """Clears the CCCD."""
        await self._configure(value_handle, False)

    async def encrypt(self) -> None:
        """Encrypts with the stored key."""
        await self._round_trip()
        if not (self.device.bond and self.radio.bonded(self.device.address)):
            raise PairingFailedError("key missing")
        self._secure()

    async def pair(self, ask: Ask, capability: str) -> None:
        """Just works, or asks the agent for the passkey the device shows."""
        await self._round_trip()
        if self.device.passkey is not None:
            await self._check_passkey(self.device.passkey, ask, capability)
        await self._round_trip()
        self.device.bond = True
        self.radio.remember(self.device.address)
        self._secure()

    async def disconnect(self) -> None:
        """Hangs up."""
        self.lose()
        await asyncio.sleep(0)

    def lose(self) -> None:
        """The link is over, for both ends."""
        if not self.alive:
            return
        self.alive = False
        self.radio.unlinked(self.device.address)
        self.device.unlinked()
        self.on_gone()

    def require(self) -> None:
        """LinkLostError if it is over."""
        if not self.alive:
            raise LinkLostError

    async def _round_trip(self) -> None:
        self.require()
        await asyncio.sleep(2 * self.device.latency)
        self.require()

    async def _configure(self, value_handle: int, on: bool) -> None:
        await self._round_trip()
        characteristic = self._characteristic(value_handle)
        self._permit(characteristic)
        self.device.subscribe(characteristic.uuid, on)

    async def _check_passkey(self, passkey: int, ask: Ask, capability: str) -> None:
        if capability == "NoInputNoOutput":
            raise PairingFailedError("no way to enter the passkey")
        answer = await ask("RequestPasskey", "", ())
        if answer != passkey:
            raise PairingFailedError("wrong passkey")

    def _secure(self) -> None:
        self.encrypted = True
        self.device.secured()

    def _characteristic(self, handle: int) -> Characteristic:
        if handle not in self._by_handle:
            raise AttError(0x01)
        return self._by_handle[handle]

    def _permit(self, characteristic: Characteristic) -> None:
        if characteristic.secure and not self.encrypted:
            raise AttError(INSUFFICIENT_AUTHENTICATION)


class ScriptedPort:
    """The device's end of a link."""

    def __init__(self, link: ScriptedLink) -> None:
        self._link = link

    @property
    def encrypted(self) -> bool:
        """Whether the link is encrypted."""
        return self._link.encrypted

    async def send(self, uuid: str, value: bytes) -> None:
        """Notifies, or indicates and waits for the confirmation."""
        link = self._link
        await asyncio.sleep(link.device.latency)
        link.require()
        link.on_value(link.handles[uuid], value)
        if link.radio.cut_before_confirmation:
            link.radio.cut_before_confirmation -= 1
            link.lose()
        await asyncio.sleep(link.device.latency)
        link.require()

    async def hang_up(self) -> None:
        """Disconnects."""
        self._link.lose()


def _table(device: Peripheral) -> tuple[tuple[RemoteService, ...], dict[int, Characteristic]]:
    """Attribute handles as a small device would number them."""
    handle = 1
    services: list[RemoteService] = []
    by_handle: dict[int, Characteristic] = {}
    for service in device.services:
        start, handle = handle, handle + 1
        found: list[RemoteCharacteristic] = []
        for characteristic in service.characteristics:
            descriptors = (RemoteDescriptor(handle + 2, CCCD),) if characteristic.subscribable else ()
            found.append(
                RemoteCharacteristic(handle, handle + 1, characteristic.uuid, characteristic.flags, descriptors)
            )
            by_handle[handle + 1] = characteristic
            handle += 2 + len(descriptors)
        services.append(RemoteService(start, service.uuid, tuple(found)))
    return tuple(services), by_handle


def _ignore_advert(_advert: Advert) -> None:
    """Until somebody listens."""


def _ignore_value(_handle: int, _value: bytes) -> None:
    """Until somebody listens."""


def _ignore_gone() -> None:
    """Until somebody listens."""
