"""One connection to one device: every call has a deadline, every fault is a GatewayError."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice

from gateway.errors import GatewayError, TransientError
from gateway.transport.ble.deadline import StoppedError, within
from gateway.transport.ble.errors import DROPPED, FOREIGN, LOST, AttRefusedError, fault, translate
from gateway.transport.ble.limits import Limits

T = TypeVar("T")
_UNLIKELY = 0x0E
Take = Callable[[bytes], None]


class HungUpError(TransientError):
    """The device has ended the link: what devices do when they are done."""

    def __init__(self) -> None:
        super().__init__(DROPPED)


class Subscriber(Protocol):
    """How the values of a characteristic come to be delivered. Raises anything of `errors.FOREIGN`."""

    async def subscribe(self, client: BleakClient, characteristic: BleakGATTCharacteristic, take: Take) -> None:
        """Values go to `take` from now on, in the order they came, until the client disconnects."""
        ...


class BleakSubscriber:
    """bleak's own subscription: made after connecting, ended with the connection."""

    async def subscribe(self, client: BleakClient, characteristic: BleakGATTCharacteristic, take: Take) -> None:
        """Values go to `take` from now on.

        StartNotify is asked for by name: AcquireNotify drops values that come before the answer to the CCCD write. A
        plain function is called within the handling of the D-Bus signal, so order is kept.
        """
        await client.start_notify(characteristic, lambda _, value: take(bytes(value)), bluez={"use_start_notify": True})


class Link:
    """A connection to the device of a sighting. `gone` is set when it is over, from whichever side."""

    def __init__(self, device: BLEDevice, limits: Limits, subscriber: Subscriber) -> None:
        self.gone = asyncio.Event()
        self._limits = limits
        self._subscriber = subscriber
        self._client = BleakClient(device, lambda _: self.gone.set(), timeout=limits.connect_s)
        self._characteristics: dict[str, BleakGATTCharacteristic] = {}
        self._lost: GatewayError | None = None
        self._given_up = asyncio.Event()
        self._made = False

    @property
    def connected(self) -> bool:
        """Whether the link stands."""
        return self._made and not self.gone.is_set()

    def lose(self) -> None:
        """The radio is lost under the link: whatever is under way ends now."""
        self._lost = fault(LOST)
        self._given_up.set()
        self.gone.set()

    async def connect(self) -> None:
        """Connects and finds the services."""
        try:
            await within(self._limits.connect_s + 1.0, self._client.connect(), self._given_up)
            services = list(self._client.services)
        except StoppedError as error:
            raise self._over() from error
        except FOREIGN as error:
            raise translate(error, "connect") from error
        # bleak tells of links that broke while it was still trying.
        if self._client.is_connected and self._lost is None:
            self.gone.clear()
        self._made = True
        for service in services:
            for characteristic in service.characteristics:
                self._characteristics.setdefault(characteristic.uuid.lower(), characteristic)

    def has(self, uuid: str) -> bool:
        """Whether the device has this characteristic."""
        return uuid in self._characteristics

    async def subscribe(self, uuid: str, take: Take) -> None:
        """Has the values of a characteristic delivered."""
        await self._call(self._subscriber.subscribe(self._client, self._known(uuid), take), self._limits.gatt_s)

    async def read(self, uuid: str) -> bytes:
        """Reads a characteristic."""
        return bytes(await self._call(self._client.read_gatt_char(self._known(uuid)), self._limits.read_s))

    async def write(self, uuid: str, data: bytes, response: bool) -> None:
        """Writes a characteristic."""
        work = self._client.write_gatt_char(self._known(uuid), data, response=response)
        await self._call(work, self._limits.gatt_s)

    async def hear(self, values: "asyncio.Queue[T]", seconds: float) -> T:
        """The next of `values`; TimeoutError, or HungUpError when the link ends first."""
        try:
            return await within(seconds, values.get(), self.gone)
        except StoppedError as error:
            raise self._over() from error

    async def rest(self, seconds: float) -> None:
        """Lets time pass; HungUpError if the link ends in it."""
        try:
            async with asyncio.timeout(seconds):
                await self.gone.wait()
        except TimeoutError:
            return
        raise self._over()

    async def disconnect(self, hurry: bool) -> bool:
        """Ends the connection, and bleak's with the bus, which would repeat every value of the next one if it stayed.

        False: the device may still be connected.
        """
        seconds = self._limits.hurry_s if hurry else self._limits.disconnect_s
        try:
            await within(seconds, self._client.disconnect())
        except FOREIGN:
            return False
        return True

    def _known(self, uuid: str) -> BleakGATTCharacteristic:
        found = self._characteristics.get(uuid)
        if found is None:
            raise AttRefusedError
        return found

    def _over(self) -> GatewayError:
        return self._lost or HungUpError()

    async def _call(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        try:
            return await within(seconds, work, self.gone)
        except StoppedError as error:
            raise self._over() from error
        except FOREIGN as error:
            mapped = translate(error, "gatt")
            # A device that hangs up during a call is some error first, and only then a hang-up.
            if not isinstance(error, TimeoutError) and _may_be_a_hang_up(mapped):
                await self.rest(self._limits.settle_s)
            raise mapped from error


def _may_be_a_hang_up(error: GatewayError) -> bool:
    """BlueZ says "Unlikely Error" of a request whose link went; any other ATT code is the device's own answer."""
    return not isinstance(error, AttRefusedError) or error.code == _UNLIKELY
