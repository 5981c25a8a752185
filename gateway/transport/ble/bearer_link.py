"""A link over our own ATT bearer, for the one connection that cannot be protected through BlueZ.

A bonded device that sends unasked, met the first time since bluetoothd started, would have its values confirmed by
bluetoothd before anybody could ask for them. So this link is made past it: the kernel encrypts with the bond bluetoothd
gave it, and each indication is confirmed only when its value is kept. At the end the device is told to wait until it is
asked again, so that BlueZ may make the next connection. GATT procedures: Core Specification, Vol 3, Part G, 4.6.1,
4.7.1, 4.8.1, 4.9.1, 4.9.3, 4.12.3.
"""

import socket
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from gateway.errors import GatewayError
from gateway.transport.ble import att
from gateway.transport.ble.adapters import PROPERTIES
from gateway.transport.ble.bearer import Bearer
from gateway.transport.ble.bluez import DEVICE, Bluez
from gateway.transport.ble.deadline import StoppedError, within
from gateway.transport.ble.errors import CONNECT_TIMEOUT, NO_ANSWER, AttRefusedError, fault
from gateway.transport.ble.hushing import Hushing
from gateway.transport.ble.l2cap import Door, Endpoint
from gateway.transport.ble.limits import Limits
from gateway.transport.ble.link import Link, Take

T = TypeVar("T")

_ADAPTER = "org.bluez.Adapter1"
# Requests that one discovery may take; a device has a few dozen characteristics.
_ROUNDS = 128
# Notifications that may come before it is known what they are.
_WAITING = 64


class Memory(Protocol):
    """What is known of devices (`NotifyKeeper`)."""

    def learn(self, address: str, **facts: object) -> None:
        """Facts of a device, told when they are news."""
        ...

    def knows(self, address: str, name: str) -> object:
        """A fact; None where it is not known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One contact. `path` is the device's in BlueZ, `measuring` its measurement characteristics; `stored` says whether
    all it gave is kept; `hush_s` and `hush_at_once` as in `Hushing`."""

    address: str
    path: str
    measuring: frozenset[str]
    hush_s: float
    hush_at_once: bool
    stored: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class _Found:
    """A characteristic; its descriptors lie between its value and `last`."""

    declared: att.Declaration
    last: int


class BearerLink(Link):
    """`made`: the channel was there. `unfit`: the device sent what only BlueZ can make use of."""

    def __init__(self, door: Door, bluez: Bluez, memory: Memory, limits: Limits, case: Case) -> None:
        super().__init__()
        self.unfit = False
        self._door, self._bluez, self._memory, self._limits, self._case = door, bluez, memory, limits, case
        self._remembered = memory.knows(case.address, "cleared") is False
        self._hushing = Hushing(case.hush_s, self._hush, at_once=case.hush_at_once)
        self._hushed = False
        self._bearer: Bearer | None = None
        self._mtu = att.DEFAULT_MTU
        self._takes: Mapping[str, Take] = {}
        self._found: dict[str, _Found] = {}
        self._uuids: dict[int, str] | None = None
        self._waiting: deque[att.Value] = deque(maxlen=_WAITING)
        self._configurations: dict[str, int] = {}
        self._came: set[str] = set()
        self._judged = False

    @property
    def made(self) -> bool:
        """Whether there ever was a channel."""
        return self._made

    @property
    def protected(self) -> bool:
        """Nothing is lost, whenever it comes."""
        return True

    @property
    def hushed(self) -> bool:
        """Whether the device was told to wait until it is asked again."""
        return self._hushed

    def may_hush(self) -> None:
        """Nothing more is asked of the device."""
        self._hushing.allow()

    async def connect(self, takes: Mapping[str, Take]) -> None:
        """Connects past BlueZ and finds the characteristics; what came meanwhile is taken then."""
        self._takes, limits = takes, self._limits
        try:
            channel = await within(limits.bus_s + limits.connect_s, self._channel(), self._given_up)
            self._bearer = Bearer(channel, self._value, self.gone)
            self._made = True
            await within(limits.connect_s, self._discover(), self.gone)
        except StoppedError as error:
            raise self._over() from error
        except TimeoutError as error:
            raise fault(CONNECT_TIMEOUT) from error

    def has(self, uuid: str) -> bool:
        """Whether the device has this characteristic."""
        return uuid in self._found

    async def subscribe(self, uuid: str) -> None:
        """Asks for a characteristic's values, unless they come already."""
        found = self._known(uuid)
        # Also where nothing is to be written now: the device may not stay long after its last value.
        handle = await self._configuration(uuid)
        if self._hushed or uuid in self._came:
            return
        request = att.write(handle, att.INDICATIONS if found.declared.indicates else att.NOTIFICATIONS)
        # From its answer on, a value shows nothing about whether it would have come unasked.
        await self._ask(request, self._limits.gatt_s, lambda: self._came.add(uuid))
        if uuid in self._case.measuring:
            self._memory.learn(self._case.address, cleared=False)

    async def read(self, uuid: str) -> bytes:
        """Reads a characteristic."""
        return await self._ask(att.read(self._known(uuid).declared.value_handle), self._limits.read_s)

    async def write(self, uuid: str, data: bytes, response: bool) -> None:
        """Writes a characteristic; what does not fit into one PDU is refused."""
        handle = self._known(uuid).declared.value_handle
        if len(data) > self._mtu - 3:
            raise AttRefusedError
        if response:
            await self._ask(att.write(handle, data), self._limits.gatt_s)
        else:
            self._tell(att.write_command(handle, data))

    async def disconnect(self, hurry: bool) -> bool:
        """Closes the channel: the kernel hangs up a link that nobody uses."""
        if not hurry and self.connected:
            with suppress(TimeoutError, StoppedError):
                await within(self._limits.read_s, self._hush(), self.gone)
        await self._hushing.end()
        if self._bearer is not None:
            await self._bearer.close()
        return True

    # --- finding out --------------------------------------------------------------------------------------------------

    async def _channel(self) -> socket.socket:
        adapter = await self._endpoint(self._case.path.rpartition("/")[0], _ADAPTER)
        device = await self._endpoint(self._case.path, DEVICE)
        return await self._door.connect(adapter, device, self._limits.connect_s)

    async def _endpoint(self, path: str, interface: str) -> Endpoint:
        (properties,) = await self._bluez.call(path, PROPERTIES, "GetAll", "s", [interface])
        return Endpoint(str(properties["Address"].value), random=properties["AddressType"].value == "random")

    async def _discover(self) -> None:
        with suppress(AttRefusedError):
            self._mtu = await self._told(att.mtu, att.exchange_mtu())
        declared = await self._declarations()
        for one, following in zip(declared, [*declared[1:], None], strict=True):
            last = following.handle - 1 if following is not None else att.LAST_HANDLE
            self._found.setdefault(one.uuid, _Found(one, last))
        self._uuids = {one.value_handle: one.uuid for one in declared}
        while self._waiting:
            self._value(self._waiting.popleft())

    async def _declarations(self) -> list[att.Declaration]:
        found: list[att.Declaration] = []
        first = att.FIRST_HANDLE
        for _ in range(_ROUNDS):
            try:
                found += await self._told(att.declarations, att.read_by_type(first, att.CHARACTERISTIC))
            except AttRefusedError as error:
                if error.code == att.ATTRIBUTE_NOT_FOUND:
                    break
                raise
            if not first <= found[-1].handle < att.LAST_HANDLE:
                break
            first = found[-1].handle + 1
        return found

    async def _configuration(self, uuid: str) -> int:
        """Where a characteristic's subscription is written."""
        if uuid not in self._configurations:
            found = self._known(uuid)
            first = found.declared.value_handle + 1
            while uuid not in self._configurations:
                descriptors = await self._told(att.descriptors, att.find_information(first, found.last))
                here = [handle for handle, kind in descriptors if kind == att.CLIENT_CONFIGURATION]
                if here:
                    self._configurations[uuid] = here[0]
                if not first <= descriptors[-1][0] < found.last:
                    break
                first = descriptors[-1][0] + 1
        handle = self._configurations.get(uuid)
        if handle is None:
            raise AttRefusedError
        return handle

    # --- values -------------------------------------------------------------------------------------------------------

    def _value(self, value: att.Value) -> None:
        if self._uuids is None:
            self._waiting.append(value)
            return
        uuid = self._uuids.get(value.handle, "")
        take = self._takes.get(uuid)
        if take is not None:
            take(value.data)
            self._judge(uuid)
            self._came.add(uuid)
        if value.indicated and self._bearer is not None:
            self._indicated(self._bearer, known=take is not None)

    def _indicated(self, bearer: Bearer, *, known: bool) -> None:
        """Confirmed only when it is kept. What was not for us (Service Changed, say) must reach BlueZ unconfirmed."""
        if not known:
            self.unfit = True
        if known and self._case.stored():
            bearer.confirm()
            self._hushing.indicated()
        else:
            bearer.give_up()

    def _judge(self, uuid: str) -> None:
        """The first value shows whether the device sends before it is asked."""
        case = self._case
        if self._judged or uuid not in case.measuring:
            return
        self._judged = True
        if uuid not in self._came:
            self._memory.learn(case.address, early_sender=True)
        elif self._remembered and self._memory.knows(case.address, "early_sender") is None:
            self._memory.learn(case.address, early_sender=False)

    async def _hush(self) -> bool:
        """Has the device wait until it is asked again; not before it is known whether it sends unasked."""
        case = self._case
        asked = sorted(u for u in case.measuring if u in self._found and self._found[u].declared.indicates)
        if self._hushed or not asked or self._memory.knows(case.address, "early_sender") is None:
            return False
        self._hushed = True
        try:
            for uuid in asked:
                await self._ask(att.write(await self._configuration(uuid), att.NOTHING), self._limits.gatt_s)
        except GatewayError:
            return False
        self._memory.learn(case.address, cleared=True)
        return True

    # --- asking -------------------------------------------------------------------------------------------------------

    def _known(self, uuid: str) -> _Found:
        found = self._found.get(uuid)
        if found is None:
            raise AttRefusedError
        return found

    def _tell(self, pdu: bytes) -> None:
        if self._bearer is not None:
            self._bearer.tell(pdu)

    async def _told(self, parse: Callable[[bytes], T], request: bytes) -> T:
        """What a device says of itself."""
        data = await self._ask(request, self._limits.gatt_s)
        try:
            return parse(data)
        except att.MalformedError as error:
            raise fault(NO_ANSWER, str(error)) from error

    async def _ask(self, request: bytes, seconds: float, granted: Callable[[], None] = lambda: None) -> bytes:
        if self._bearer is None or self.gone.is_set():
            raise self._over()
        return await self._bearer.ask(request, seconds, granted)
