"""What the look-alike needs of a radio: adverts heard, links made, values received.

Two radios exist: scripted tables (`scripted.py`) for speed and faults, and a real ATT and SMP stack in the tests. The
look-alike cannot tell them apart.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

AddressType = Literal["public", "random"]


class LinkLostError(Exception):
    """The link is gone, or never came."""


class PairingFailedError(Exception):
    """The devices did not agree on a key, or one has lost it."""


class AttError(Exception):
    """The peer answered with an ATT error code (Core Specification, Vol 3, Part F, 3.4.1.1)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"ATT error 0x{code:02x}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Advert:
    """One advertisement as heard. UUIDs are 128-bit lower case."""

    address: str
    address_type: AddressType
    name: str | None
    services: tuple[str, ...] = ()
    rssi: int = -60
    service_data: Mapping[str, bytes] = field(default_factory=dict)
    manufacturer_data: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RemoteDescriptor:
    """A descriptor as discovered."""

    handle: int
    uuid: str


@dataclass(frozen=True, slots=True)
class RemoteCharacteristic:
    """A characteristic as discovered: declaration handle, value handle, properties in BlueZ's words."""

    handle: int
    value_handle: int
    uuid: str
    flags: tuple[str, ...]
    descriptors: tuple[RemoteDescriptor, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteService:
    """A primary service as discovered."""

    handle: int
    uuid: str
    characteristics: tuple[RemoteCharacteristic, ...]


Ask = Callable[[str, str, tuple[object, ...]], Awaitable[object]]
"""Asks the pairing agent: member, signature and arguments after the device; answers what the agent returned."""


class Link(Protocol):
    """A connection. Every call raises LinkLostError when it is gone, AttError when the peer refuses.

    `on_value` is told the value handle and bytes of everything the peer notifies or indicates, from the first instant;
    indications are confirmed whether or not anybody listens, as BlueZ does. `on_gone` is called once.
    """

    on_value: Callable[[int, bytes], None]
    on_gone: Callable[[], None]

    @property
    def mtu(self) -> int:
        """The ATT MTU both ends agreed on."""
        ...

    async def discover(self) -> tuple[RemoteService, ...]:
        """Primary services, characteristics and descriptors."""
        ...

    async def read(self, handle: int) -> bytes:
        """Reads an attribute."""
        ...

    async def write(self, handle: int, data: bytes, response: bool) -> None:
        """Writes an attribute, with or without a response."""
        ...

    async def subscribe(self, value_handle: int) -> None:
        """Writes the CCCD of a characteristic."""
        ...

    async def unsubscribe(self, value_handle: int) -> None:
        """Clears the CCCD of a characteristic."""
        ...

    async def encrypt(self) -> None:
        """Uses the stored key; PairingFailedError when the peer has lost it."""
        ...

    async def pair(self, ask: Ask, capability: str) -> None:
        """Makes and stores a key; PairingFailedError when that fails."""
        ...

    async def disconnect(self) -> None:
        """Hangs up; `on_gone` has been called when it returns."""
        ...


class Radio(Protocol):
    """An adapter's lower half. `on_advert` is called for every advertisement heard while scanning."""

    on_advert: Callable[[Advert], None]

    async def start(self) -> None:
        """Makes ready, on the running event loop."""
        ...

    async def stop(self) -> None:
        """Ends every link and frees everything."""
        ...

    def bonded(self, address: str) -> bool:
        """Whether a key for the device is stored."""
        ...

    def forget(self, address: str) -> None:
        """Throws the key away; the device keeps its own."""
        ...

    async def scan(self, on: bool) -> None:
        """Starts or stops listening."""
        ...

    async def connect(self, address: str, seconds: float) -> Link:
        """Waits for an advertisement and connects; TimeoutError or LinkLostError when it does not come about."""
        ...


class Port(Protocol):
    """A virtual device's end of a link."""

    @property
    def encrypted(self) -> bool:
        """Whether the link is encrypted."""
        ...

    async def send(self, uuid: str, value: bytes) -> None:
        """Notifies or indicates; an indication returns when it is confirmed. LinkLostError otherwise."""
        ...

    async def hang_up(self) -> None:
        """Ends the link."""
        ...


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A characteristic of a virtual device. `secure`: its CCCD, and its value, need an encrypted link."""

    uuid: str
    flags: tuple[str, ...]
    secure: bool = False

    @property
    def subscribable(self) -> bool:
        """Whether it has a CCCD."""
        return "notify" in self.flags or "indicate" in self.flags


@dataclass(frozen=True, slots=True)
class Service:
    """A service of a virtual device. A characteristic UUID occurs once per device."""

    uuid: str
    characteristics: tuple[Characteristic, ...]


class Peripheral(Protocol):
    """A virtual device as a radio sees it. The radio calls; `read`, `write` and `subscribe` may raise AttError.

    `passkey` is what it shows when pairing (None: just works), `bond` whether it has a key.
    """

    name: str
    address: str
    address_type: AddressType
    passkey: int | None
    bond: bool
    connectable: bool

    @property
    def interval(self) -> float:
        """Seconds between adverts."""
        ...

    @property
    def latency(self) -> float:
        """Seconds a packet takes on the link, one way."""
        ...

    @property
    def services(self) -> Iterable[Service]:
        """Its attribute table."""
        ...

    @property
    def on_air(self) -> bool:
        """Whether it advertises just now (a device with a link does not, whatever this says)."""
        ...

    def advert(self) -> Advert:
        """What it advertises."""
        ...

    def linked_by(self, port: Port) -> None:
        """A hub has connected."""
        ...

    def secured(self) -> None:
        """The link is encrypted now."""
        ...

    def unlinked(self) -> None:
        """The link is over."""
        ...

    def read(self, uuid: str) -> bytes:
        """The hub reads a value."""
        ...

    def write(self, uuid: str, data: bytes) -> None:
        """The hub writes a value."""
        ...

    def subscribe(self, uuid: str, on: bool) -> None:
        """The hub writes a CCCD."""
        ...
