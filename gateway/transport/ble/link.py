"""One connection to one device: every call has a deadline, every fault is a GatewayError."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
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
    """How the values of one device come to be delivered, in one contact. Raises GatewayError."""

    @property
    def protected(self) -> bool:
        """Whether values are asked for before the link is there."""
        ...

    @property
    def hushed(self) -> bool:
        """Whether the device was told to wait until it is asked again."""
        ...

    async def prepare(self, takes: Mapping[str, Take]) -> None:
        """Before connecting: the values of a characteristic go to its `take` from now on, in the order they come."""
        ...

    async def subscribe(self, client: BleakClient, characteristic: BleakGATTCharacteristic) -> None:
        """Asks for a characteristic's values."""
        ...

    def may_hush(self) -> None:
        """Nothing more is asked of the device: once it falls silent it may be told to wait."""
        ...

    async def hush(self) -> bool:
        """Tells the device to wait until it is asked again, where that is of use; whether it was told."""
        ...

    async def finish(self, hurry: bool) -> None:
        """The link is down, or is given up."""
        ...


class Link(ABC):
    """A connection to one device. `gone` is set when it is over, from whichever side. Raises GatewayError."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self._lost: GatewayError | None = None
        self._given_up = asyncio.Event()
        self._made = False

    @property
    def connected(self) -> bool:
        """Whether the link stands."""
        return self._made and not self.gone.is_set()

    @property
    @abstractmethod
    def protected(self) -> bool:
        """Whether values are asked for before the link is there."""

    @property
    @abstractmethod
    def hushed(self) -> bool:
        """Whether the device was told to wait until it is asked again."""

    @abstractmethod
    def may_hush(self) -> None:
        """Nothing more is asked of the device: once it falls silent it may be told to wait."""

    @abstractmethod
    async def connect(self, takes: Mapping[str, Take]) -> None:
        """Connects and finds the services; values may come to `takes` from the first instant."""

    @abstractmethod
    def has(self, uuid: str) -> bool:
        """Whether the device has this characteristic."""

    @abstractmethod
    async def subscribe(self, uuid: str) -> None:
        """Asks for the values of a characteristic."""

    @abstractmethod
    async def read(self, uuid: str) -> bytes:
        """Reads a characteristic."""

    @abstractmethod
    async def write(self, uuid: str, data: bytes, response: bool) -> None:
        """Writes a characteristic."""

    @abstractmethod
    async def disconnect(self, hurry: bool) -> bool:
        """Ends the connection. False: the device may still be connected."""

    def lose(self) -> None:
        """The radio is lost under the link: whatever is under way ends now."""
        self._lost = fault(LOST)
        self._given_up.set()
        self.gone.set()

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

    def _over(self) -> GatewayError:
        return self._lost or HungUpError()


class BluezLink(Link):
    """A connection to the device of a sighting, made by BlueZ."""

    def __init__(self, device: BLEDevice, limits: Limits, subscriber: Subscriber) -> None:
        super().__init__()
        self._subscriber = subscriber
        self._limits = limits
        self._client = BleakClient(device, self._went, timeout=limits.connect_s)
        self._characteristics: dict[str, BleakGATTCharacteristic] = {}
        self._broken = 0

    @property
    def protected(self) -> bool:
        """Whether values are asked for before the link is there."""
        return self._subscriber.protected

    @property
    def hushed(self) -> bool:
        """Whether the device was told to wait until it is asked again."""
        return self._subscriber.hushed

    def may_hush(self) -> None:
        """Nothing more is asked of the device: once it falls silent it may be told to wait."""
        self._subscriber.may_hush()

    async def connect(self, takes: Mapping[str, Take]) -> None:
        """Connects and finds the services; values may come to `takes` from the first instant."""
        try:
            await within(self._limits.bus_s, self._subscriber.prepare(takes), self._given_up)
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

    async def subscribe(self, uuid: str) -> None:
        """Asks for the values of a characteristic."""
        await self._call(self._subscriber.subscribe(self._client, self._known(uuid)), self._limits.gatt_s)

    async def read(self, uuid: str) -> bytes:
        """Reads a characteristic."""
        return bytes(await self._call(self._client.read_gatt_char(self._known(uuid)), self._limits.read_s))

    async def write(self, uuid: str, data: bytes, response: bool) -> None:
        """Writes a characteristic."""
        work = self._client.write_gatt_char(self._known(uuid), data, response=response)
        await self._call(work, self._limits.gatt_s)

    async def disconnect(self, hurry: bool) -> bool:
        """Ends the connection, and bleak's with the bus. False: the device may still be connected."""
        seconds = self._limits.hurry_s if hurry else self._limits.disconnect_s
        if not hurry and self.connected:
            with suppress(GatewayError, TimeoutError, StoppedError):
                await within(self._limits.read_s, self._subscriber.hush(), self.gone)
        try:
            return await self._disconnected(seconds)
        finally:
            await self._subscriber.finish(hurry)

    def _went(self, _client: BleakClient) -> None:
        """The link is down. bleak makes another for as long as BlueZ says that it broke while it was being made."""
        self.gone.set()
        self._broken += 1
        if not self._made and self._broken >= self._limits.broken_links:
            self._given_up.set()

    async def _disconnected(self, seconds: float) -> bool:
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

    async def _call(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        try:
            return await within(seconds, work, self.gone)
        except StoppedError as error:
            raise self._over() from error
        except GatewayError as error:
            await self._after_refusal(error)
            raise
        except FOREIGN as error:
            mapped = translate(error, "gatt")
            if not isinstance(error, TimeoutError):
                await self._after_refusal(mapped)
            raise mapped from error

    async def _after_refusal(self, error: GatewayError) -> None:
        """A device that hangs up during a call is some error first, and only then a hang-up."""
        if _may_be_a_hang_up(error):
            await self.rest(self._limits.settle_s)


def _may_be_a_hang_up(error: GatewayError) -> bool:
    """BlueZ says "Unlikely Error" of a request whose link went; any other ATT code is the device's own answer."""
    return not isinstance(error, AttRefusedError) or error.code == _UNLIKELY
