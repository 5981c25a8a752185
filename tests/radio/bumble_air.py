"""Bumble's in-memory air, with the faults of version 0.0.236 put right, and devices on it."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Self

from bumble import ll
from bumble.controller import Controller
from bumble.core import PhysicalTransport
from bumble.device import Device, DeviceConfiguration
from bumble.hci import Address
from bumble.host import Host
from bumble.keys import MemoryKeyStore, PairingKeys
from bumble.link import LocalLink
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport.common import AsyncPipeSink

from gateway.simulator.bluez.radio import Peripheral


class Air(LocalLink):  # type: ignore[misc]
    """Carries packets with a delay (s, one way), from the address the link was made with, adverts to listeners only.

    Upstream labels data with the sender's random address always, hands every advert to every controller, raises when a
    packet comes after the link is gone, and connects to advertisers that cannot be connected to: those are named in
    `unconnectable`.
    """

    def __init__(self, latency: float = 0.0) -> None:
        super().__init__()
        self.latency = latency
        self.unconnectable: set[Controller] = set()

    @classmethod
    def among(cls, devices: Iterable[Peripheral]) -> Self:
        """One as slow as the slowest link of these."""
        return cls(max((device.latency for device in devices), default=0.0))

    def send_ll_control_pdu(self, sender_address: Address, receiver_address: Address, packet: ll.ControlPdu) -> None:
        """Link layer control."""
        receiver = self.find_le_controller(receiver_address)
        if receiver is not None:
            self._later(
                lambda: (
                    receiver.on_ll_control_pdu(sender_address, packet)
                    if sender_address in receiver.le_connections
                    else None
                )
            )

    def send_advertising_pdu(self, sender_controller: Controller, packet: ll.AdvertisingPdu) -> None:
        """Advertisements and connection requests."""
        loop = asyncio.get_running_loop()
        for other in list(self.controllers):
            listening = isinstance(packet, ll.ConnectInd) or other.le_scan_enable or other.pending_le_connection
            if other is not sender_controller and listening:
                receive = _report if sender_controller in self.unconnectable else Controller.on_ll_advertising_pdu
                loop.call_soon(receive, other, packet)

    def send_acl_data(
        self, sender_controller: Controller, destination_address: Address, transport: PhysicalTransport, data: bytes
    ) -> None:
        """L2CAP, and so ATT and SMP."""
        connection = sender_controller.le_connections.get(destination_address)
        receiver = self.find_le_controller(destination_address)
        if connection is None or receiver is None:
            return
        source = connection.self_address
        self._later(
            lambda: receiver.on_link_acl_data(source, transport, data) if source in receiver.le_connections else None
        )

    def _later(self, deliver: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        if self.latency:
            loop.call_later(self.latency, deliver)
        else:
            loop.call_soon(deliver)


def _report(listener: Controller, packet: ll.AdvertisingPdu) -> None:
    """Hears an advertisement without connecting to it."""
    pending, listener.pending_le_connection = listener.pending_le_connection, None
    listener.on_ll_advertising_pdu(packet)
    listener.pending_le_connection = pending


class Keys(MemoryKeyStore):  # type: ignore[misc]
    """Keys in memory, found by address alone."""

    def __init__(self) -> None:
        super().__init__()
        self._stored = asyncio.Event()

    async def update(self, name: str, keys: PairingKeys) -> None:
        """Stores a key."""
        await super().update(name, keys)
        self._stored.set()

    async def wait_for(self, address: str) -> None:
        """Returns when there is a key for the address."""
        while not self.holds(address):
            self._stored.clear()
            await self._stored.wait()

    def holds(self, address: str) -> bool:
        """Whether there is a key for the address."""
        return any(name.split("/")[0] == address for name in self.all_keys)

    def drop(self, address: str) -> None:
        """Throws the key for the address away."""
        for name in [name for name in self.all_keys if name.split("/")[0] == address]:
            del self.all_keys[name]


class Displays(PairingDelegate):  # type: ignore[misc]
    """A device that shows a fixed passkey."""

    def __init__(self, passkey: int) -> None:
        super().__init__(PairingDelegate.DISPLAY_OUTPUT_ONLY)
        self._passkey = passkey

    async def generate_passkey(self) -> int:
        """The code on the display."""
        return self._passkey

    async def display_number(self, number: int, digits: int) -> None:
        """Everybody who needs it knows it."""


def make_device(air: Air, name: str, address: str, passkey: int | None = None) -> Device:
    """A Bumble device with a virtual controller; it bonds, with a passkey or without."""
    controller = Controller(name, link=air, public_address=address)
    host = Host(controller, AsyncPipeSink(controller))
    device = Device(config=DeviceConfiguration(name=name, address=Address(address)), host=host)
    device.controller = controller
    device.keystore = Keys()
    delegate = PairingDelegate(PairingDelegate.NO_OUTPUT_NO_INPUT) if passkey is None else Displays(passkey)
    device.pairing_config_factory = lambda _connection: pairing(delegate, mitm=passkey is not None)
    return device


def pairing(delegate: PairingDelegate, *, mitm: bool) -> PairingConfig:
    """Secure Connections with bonding; the identity is the random address, else a bond is never found again."""
    identity = PairingConfig.AddressType.RANDOM
    return PairingConfig(sc=True, mitm=mitm, bonding=True, delegate=delegate, identity_address_type=identity)
