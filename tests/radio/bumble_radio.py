"""The look-alike's radio with a real ATT and SMP stack on both ends: Bumble as the hub's, Bumble as each device's."""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from bumble import att, core, hci
from bumble.core import UUID, AdvertisingData, PhysicalTransport
from bumble.device import Advertisement, Connection, Device
from bumble.gatt import Characteristic as GattCharacteristic
from bumble.gatt import CharacteristicValue, Descriptor
from bumble.gatt import Service as GattService
from bumble.hci import Address
from bumble.pairing import PairingDelegate

from gateway.simulator.bluez.names import BusError
from gateway.simulator.bluez.radio import (
    AddressType,
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
from tests.radio.bumble_air import Air, Keys, make_device, pairing

HUB = "C0:00:00:00:00:01"
CCCD = UUID.from_16_bits(0x2902)
NOTIFY, INDICATE = GattCharacteristic.Properties.NOTIFY, GattCharacteristic.Properties.INDICATE
FLAGS = {
    GattCharacteristic.Properties.READ: "read",
    GattCharacteristic.Properties.WRITE_WITHOUT_RESPONSE: "write-without-response",
    GattCharacteristic.Properties.WRITE: "write",
    NOTIFY: "notify",
    INDICATE: "indicate",
}
Cccd = tuple[int, GattCharacteristic.Properties]
CAPABILITIES = {
    "KeyboardDisplay": PairingDelegate.DISPLAY_OUTPUT_AND_KEYBOARD_INPUT,
    "DisplayYesNo": PairingDelegate.DISPLAY_OUTPUT_AND_YES_NO_INPUT,
    "DisplayOnly": PairingDelegate.DISPLAY_OUTPUT_ONLY,
    "KeyboardOnly": PairingDelegate.KEYBOARD_INPUT_ONLY,
    "NoInputNoOutput": PairingDelegate.NO_OUTPUT_NO_INPUT,
}
Answer = TypeVar("Answer")


class BumbleRadio:
    """A hub's radio, and the virtual devices in its reach, on one air."""

    def __init__(self, devices: Iterable[Peripheral] = ()) -> None:
        self.on_advert: Callable[[Advert], None] = lambda _advert: None
        self._peripherals = list(devices)
        self._air = Air.among(self._peripherals)
        self._hub: Device | None = None
        self._keys = Keys()
        self._hosted: list[Hosted] = []
        self._links: set[BumbleLink] = set()
        self._connecting = asyncio.Lock()
        self._cccds: dict[str, dict[int, Cccd]] = {}

    async def start(self) -> None:
        """Powers everything on."""
        hub = make_device(self._air, "hub", HUB)
        hub.keystore = self._keys
        await hub.power_on()
        hub.on("advertisement", self._heard)
        self._hub = hub
        self._hosted = [Hosted(self._air, peripheral) for peripheral in self._peripherals]
        for hosted in self._hosted:
            await hosted.start()

    async def stop(self) -> None:
        """Hangs up and stops advertising."""
        for link in list(self._links):
            await link.disconnect()
        await self.scan(False)
        for hosted in self._hosted:
            await hosted.stop()

    def bonded(self, address: str) -> bool:
        """Whether the hub holds a key for the device."""
        return self._keys.holds(address)

    def forget(self, address: str) -> None:
        """Throws the hub's key away."""
        self._keys.drop(address)

    async def scan(self, on: bool) -> None:
        """Starts or stops listening."""
        hub = self._hub
        if hub is None or on == hub.is_scanning:
            return
        if on:
            await hub.start_scanning(legacy=True)
        else:
            await hub.stop_scanning(legacy=True)

    async def connect(self, address: str, seconds: float) -> "BumbleLink":
        """Connects at the next advertisement."""
        hub = self._hub
        if hub is None:
            raise LinkLostError
        async with self._connecting:
            try:
                async with asyncio.timeout(seconds):
                    connection = await hub.connect(Address(address), PhysicalTransport.LE, timeout=None)
            except core.ConnectionError as error:
                raise LinkLostError from error
            finally:
                # The virtual controller never forgets a connection that was given up, and refuses the next.
                hub.controller.pending_le_connection = None
        cccds = self._cccds.setdefault(address, {})
        link = BumbleLink(hub, connection, self._keys, cccds, self._links.discard)
        self._links.add(link)
        return link

    def _heard(self, heard: Advertisement) -> None:
        data = heard.data
        uuids: list[str] = []
        for kind in (
            AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
            AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
        ):
            uuids += [_text(uuid) for found in data.get_all(kind) for uuid in found]
        services = {_text(uuid): bytes(d) for uuid, d in data.get_all(AdvertisingData.SERVICE_DATA_16_BIT_UUID)}
        companies = {int(c): bytes(d) for c, d in data.get_all(AdvertisingData.MANUFACTURER_SPECIFIC_DATA)}
        kind_of_address: AddressType = "public" if heard.address.is_public else "random"
        name = data.get(AdvertisingData.COMPLETE_LOCAL_NAME)
        address = _address(heard.address)
        self.on_advert(Advert(address, kind_of_address, name, tuple(uuids), heard.rssi, services, companies))


class AgentDelegate(PairingDelegate):  # type: ignore[misc]
    """The hub's side of a pairing: asks the agent on the bus."""

    def __init__(self, ask: Ask, capability: str) -> None:
        super().__init__(CAPABILITIES[capability])
        self._ask = ask

    async def get_number(self) -> int | None:
        """The passkey the installer types; None when the agent refuses."""
        try:
            number = await self._ask("RequestPasskey", "", ())
        except (BusError, TimeoutError):
            return None
        return number if isinstance(number, int) else None

    async def compare_numbers(self, number: int, digits: int) -> bool:
        """Whether the installer sees the same number on both."""
        del digits
        try:
            await self._ask("RequestConfirmation", "u", (number,))
        except (BusError, TimeoutError):
            return False
        return True


class BumbleLink:
    """The hub's end of a link. `cccds`, by value handle, outlast it as they do in BlueZ's cache."""

    def __init__(
        self,
        hub: Device,
        connection: Connection,
        keys: Keys,
        cccds: dict[int, Cccd],
        on_closed: Callable[["BumbleLink"], None],
    ) -> None:
        self.on_value: Callable[[int, bytes], None] = lambda _handle, _value: None
        self.on_gone: Callable[[], None] = lambda: None
        self._hub = hub
        self._connection = connection
        self._keys = keys
        self._on_closed = on_closed
        self._alive = True
        self._cccds = cccds
        self._peer = connection.gatt_client
        self._peer.on_att_handle_value_indication = self._indicated
        self._peer.on_att_handle_value_notification = self._notified
        connection.on("disconnection", self._closed)

    @property
    def mtu(self) -> int:
        """The ATT MTU."""
        return int(self._connection.att_mtu)

    async def discover(self) -> tuple[RemoteService, ...]:
        """MTU exchange and full discovery."""
        return await self._do(self._discover())

    async def read(self, handle: int) -> bytes:
        """Reads an attribute."""
        return bytes(await self._do(self._peer.read_value(handle)))

    async def write(self, handle: int, data: bytes, response: bool) -> None:
        """Writes an attribute."""
        await self._do(self._peer.write_value(handle, data, with_response=response))

    async def subscribe(self, value_handle: int) -> None:
        """Writes the CCCD: notifications where there are any, else indications."""
        handle, properties = self._cccds[value_handle]
        value = b"\x01\x00" if properties & NOTIFY else b"\x02\x00"
        await self._do(self._peer.write_value(handle, value, with_response=True))

    async def unsubscribe(self, value_handle: int) -> None:
        """Clears the CCCD."""
        handle, _ = self._cccds[value_handle]
        await self._do(self._peer.write_value(handle, b"\x00\x00", with_response=True))

    async def encrypt(self) -> None:
        """Encrypts with the stored key."""
        if self._connection.is_encrypted:
            return
        await self._secure(self._connection.encrypt())

    async def pair(self, ask: Ask, capability: str) -> None:
        """Pairs and bonds."""
        delegate = AgentDelegate(ask, capability)
        self._hub.pairing_config_factory = lambda _connection: pairing(delegate, mitm=capability != "NoInputNoOutput")
        await self._secure(self._connection.pair())
        # The key reaches the store a little after pairing says it is done.
        await self._keys.wait_for(_address(self._connection.peer_address))

    async def disconnect(self) -> None:
        """Hangs up."""
        if not self._alive:
            return
        try:
            await self._connection.disconnect()
        except (hci.HCI_Error, core.BaseBumbleError, asyncio.CancelledError):
            if self._alive:
                raise

    async def _discover(self) -> tuple[RemoteService, ...]:
        await self._peer.request_mtu(247)
        services: list[RemoteService] = []
        for service in await self._peer.discover_services():
            found = [await self._described(c) for c in await self._peer.discover_characteristics([], service)]
            services.append(RemoteService(service.handle, _text(service.uuid), tuple(found)))
        return tuple(services)

    async def _described(self, found: GattCharacteristic) -> RemoteCharacteristic:
        descriptors = tuple(RemoteDescriptor(d.handle, _text(d.type)) for d in await found.discover_descriptors())
        flags = tuple(word for bit, word in FLAGS.items() if found.properties & bit)
        for descriptor in descriptors:
            if descriptor.uuid == _text(CCCD):
                self._cccds[found.handle] = (descriptor.handle, found.properties)
        return RemoteCharacteristic(found.handle - 1, found.handle, _text(found.uuid), flags, descriptors)

    async def _do(self, work: Awaitable[Answer]) -> Answer:
        if not self._alive:
            if asyncio.iscoroutine(work):
                work.close()
            raise LinkLostError
        try:
            return await work
        except att.ATT_Error as error:
            raise AttError(error.error_code) from error
        except (asyncio.CancelledError, core.InvalidStateError, core.TimeoutError) as error:
            # A request in flight when the link goes ends as if this task had been cancelled.
            if self._alive:
                raise
            raise LinkLostError from error

    async def _secure(self, work: Awaitable[None]) -> None:
        try:
            await work
        except (hci.HCI_Error, core.BaseBumbleError) as error:
            raise PairingFailedError(type(error).__name__) from error
        except asyncio.CancelledError as error:
            if self._alive:
                raise
            raise LinkLostError from error

    def _indicated(self, pdu: att.ATT_Handle_Value_Indication) -> None:
        """Handed on and confirmed, whoever listens."""
        self.on_value(pdu.attribute_handle, bytes(pdu.attribute_value))
        self._peer.send_confirmation(att.ATT_Handle_Value_Confirmation())

    def _notified(self, pdu: att.ATT_Handle_Value_Notification) -> None:
        self.on_value(pdu.attribute_handle, bytes(pdu.attribute_value))

    def _closed(self, _reason: int) -> None:
        self._alive = False
        self._on_closed(self)
        self.on_gone()


class Hosted:
    """A virtual device on a Bumble host: its table in a GATT server, its habits on a controller."""

    def __init__(self, air: Air, peripheral: Peripheral) -> None:
        self._peripheral = peripheral
        self._device = make_device(air, peripheral.name, peripheral.address, peripheral.passkey)
        if not peripheral.connectable:
            air.unconnectable.add(self._device.controller)
        self._characteristics: dict[str, GattCharacteristic] = {}
        self._connection: Connection | None = None
        self._on = True
        self._beacon: asyncio.Task[None] | None = None
        for service in peripheral.services:
            table = [self._characteristic(c) for c in service.characteristics]
            self._device.add_service(GattService(_uuid(service.uuid), table))
        self._device.on("connection", self._connected)

    async def start(self) -> None:
        """Powers on; advertises when the device does."""
        await self._device.power_on()
        self._beacon = asyncio.ensure_future(self._advertise())

    async def stop(self) -> None:
        """Falls silent."""
        # Not cancelled: the stack does not take it well when a command is given up.
        self._on = False
        if self._beacon is not None:
            await self._beacon
        if self._device.is_advertising:
            await self._device.stop_advertising()

    async def send(self, uuid: str, value: bytes) -> None:
        """Notifies, or indicates and waits for the confirmation."""
        connection, characteristic = self._connection, self._characteristics[uuid]
        if connection is None:
            raise LinkLostError
        server = self._device.gatt_server
        if characteristic.properties & INDICATE:
            await server.indicate_subscriber(connection, characteristic, value, force=True)
        else:
            await server.notify_subscriber(connection, characteristic, value, force=True)

    async def hang_up(self) -> None:
        """Ends the link."""
        if self._connection is not None:
            await self._connection.disconnect()

    @property
    def encrypted(self) -> bool:
        """Whether the link is encrypted."""
        return self._connection is not None and bool(self._connection.is_encrypted)

    async def _advertise(self) -> None:
        """Switches advertising as the device's habits say."""
        device = self._device
        while self._on:
            data = _advertising_data(self._peripheral.advert()) if self._wants_air() else b""
            if device.is_advertising and data != device.advertising_data:
                await device.stop_advertising()
            if data and not device.is_advertising:
                await self._start_advertising(data)
            await asyncio.sleep(0.005)

    def _wants_air(self) -> bool:
        return self._peripheral.on_air and self._connection is None

    async def _start_advertising(self, data: bytes) -> None:
        self._device.advertising_data = data
        # Bumble takes the interval for milliseconds although HCI counts in 0.625 ms.
        interval = self._peripheral.interval * 1000 / 1.6
        await self._device.start_advertising(
            advertising_interval_min=interval,
            advertising_interval_max=interval,
            auto_restart=False,
        )

    def _connected(self, connection: Connection) -> None:
        self._connection = connection
        connection.on("disconnection", self._disconnected)
        connection.on("connection_encryption_change", self._encrypted)
        connection.on("pairing", self._paired)
        if not self._peripheral.bond:
            self._device.keystore.all_keys.clear()
            self._device.smp_manager.sessions.clear()
        self._peripheral.linked_by(self)

    def _disconnected(self, _reason: int) -> None:
        self._connection = None
        self._peripheral.unlinked()

    def _encrypted(self) -> None:
        if self.encrypted:
            self._peripheral.secured()

    def _paired(self, _keys: object) -> None:
        self._peripheral.bond = True

    def _characteristic(self, wanted: Characteristic) -> GattCharacteristic:
        permissions = att.Attribute.Permissions
        allowed, secured = permissions(0), permissions(0)
        if "read" in wanted.flags:
            allowed |= permissions.READABLE
            secured |= permissions.READ_REQUIRES_ENCRYPTION
        if "write" in wanted.flags:
            allowed |= permissions.WRITEABLE
            secured |= permissions.WRITE_REQUIRES_ENCRYPTION
        made = GattCharacteristic(
            _uuid(wanted.uuid),
            _properties(wanted),
            allowed | secured if wanted.secure else allowed,
            CharacteristicValue(
                read=lambda _connection: self._call(self._peripheral.read, wanted.uuid),
                write=lambda _connection, value: self._call(self._peripheral.write, wanted.uuid, bytes(value)),
            ),
        )
        if wanted.subscribable:
            made.descriptors = (self._cccd(wanted),)
        self._characteristics[wanted.uuid] = made
        return made

    def _cccd(self, wanted: Characteristic) -> Descriptor:
        permissions = att.Attribute.Permissions
        allowed = permissions.READABLE | permissions.WRITEABLE
        if wanted.secure:
            allowed |= permissions.WRITE_REQUIRES_ENCRYPTION
        value = att.AttributeValue(
            read=lambda _connection: b"\x00\x00",
            write=lambda _connection, data: self._call(self._peripheral.subscribe, wanted.uuid, any(data)),
        )
        return Descriptor(CCCD, allowed, value)

    @staticmethod
    def _call(function: Callable[..., Answer], *arguments: object) -> Answer:
        try:
            return function(*arguments)
        except AttError as error:
            raise att.ATT_Error(error.code) from error


def _advertising_data(advert: Advert) -> bytes:
    fields: list[tuple[int, bytes]] = [(AdvertisingData.FLAGS, b"\x06")]
    if advert.services:
        short = [int(uuid[4:8], 16) for uuid in advert.services]
        listed = AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS
        fields.append((listed, struct.pack(f"<{len(short)}H", *short)))
    if advert.name:
        fields.append((AdvertisingData.COMPLETE_LOCAL_NAME, advert.name.encode()))
    for uuid, payload in advert.service_data.items():
        kind = AdvertisingData.SERVICE_DATA_16_BIT_UUID
        fields.append((kind, struct.pack("<H", int(uuid[4:8], 16)) + payload))
    return bytes(AdvertisingData(fields))


def _properties(wanted: Characteristic) -> GattCharacteristic.Properties:
    properties = GattCharacteristic.Properties(0)
    for bit, word in FLAGS.items():
        if word in wanted.flags:
            properties |= bit
    return properties


def _address(address: Address) -> str:
    return str(address).split("/", maxsplit=1)[0]


def _uuid(text: str) -> UUID:
    return UUID.from_16_bits(int(text[4:8], 16)) if text.endswith("-0000-1000-8000-00805f9b34fb") else UUID(text)


def _text(uuid: UUID) -> str:
    number = uuid.to_bytes(force_128=True)[::-1].hex()
    return "-".join((number[:8], number[8:12], number[12:16], number[16:20], number[20:]))
