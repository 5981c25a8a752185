"""The guest's BlueZ in front of a bleak of the host: over its system bus, with devices on an air of the test's own."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress

from bumble.device import Connection
from dbus_fast import DBusError, Message

from gateway.simulator.bluez.core import Timing
from gateway.simulator.bluez.names import ADAPTER, DEVICE, GATT_CHARACTERISTIC
from gateway.simulator.bluez.radio import Peripheral
from tests.bus.dbus_client import DBusClient, dbus_client
from tests.bus.virtual_home import BUS_VARIABLE
from tests.radio.bumble_air import Air
from tests.radio.bumble_radio import Hosted
from tests.vm.controller import plug_in
from tests.vm.guest import Guest, GuestError, until
from tests.vm.home import ADAPTER as ADDRESS

HCI = "/org/bluez/hci0"
_BONDS = "/var/lib/bluetooth"
_CONF, _KEPT = "/etc/bluetooth/main.conf", "/root/main.conf.kept"


@contextmanager
def nothing_known(guest: Guest) -> Iterator[None]:
    """BlueZ that has never met a device; afterwards it knows those it knew."""
    guest.run(f"systemctl stop bluetooth && mv {_BONDS} {_BONDS}.kept && mkdir -m 700 {_BONDS}")
    yield
    guest.run(f"systemctl stop bluetooth && rm -r {_BONDS} && mv {_BONDS}.kept {_BONDS}")
    guest.run("systemctl start bluetooth")


@contextmanager
def experimental(guest: Guest) -> Iterator[None]:
    """BlueZ with what passive scanning needs, as the page on configuration says. The daemon is stopped."""
    guest.run(f"cp {_CONF} {_KEPT} && sed -i 's/^.General.$/&\\nExperimental = true/' {_CONF}")
    guest.run("systemctl restart bluetooth")
    yield
    guest.run(f"cp {_KEPT} {_CONF} && systemctl restart bluetooth")


def open_bus(guest: Guest) -> str:
    """Leads the guest's system bus to the host; gives its address there. D-Bus asks who it is: root, on both sides."""
    guest.run("modprobe virtio_net; ip address add 10.0.2.15/24 dev eth0; ip link set eth0 up")
    proxy = "/usr/lib/systemd/systemd-socket-proxyd /run/dbus/system_bus_socket"
    guest.begin(f"exec systemd-socket-activate -l 10.0.2.15:{guest.port} {proxy}")
    until(lambda: guest.run("ss -ltn").count(f":{guest.port}"), 30, "the way to the bus")
    return f"tcp:host=127.0.0.1,port={guest.port}"


class Device(Hosted):
    """A device that remembers what it has handed over: when it began to, and what."""

    def __init__(self, air: Air, peripheral: Peripheral) -> None:
        super().__init__(air, peripheral)
        self.address = peripheral.address
        self.given: list[tuple[float, bytes]] = []

    async def send(self, uuid: str, value: bytes) -> None:
        """Indicates, and waits for the confirmation."""
        began = time.monotonic()
        await super().send(uuid, value)
        self.given.append((began, value))


class RealBluetooth:
    """What tests ask of the look-alike, of the real one. As `VirtualBluetooth`."""

    def __init__(self, client: DBusClient, devices: Iterable[Device]) -> None:
        self._client = client
        self._devices = {device.address: device for device in devices}
        self._bonds: set[str] = set()
        self._told: list[tuple[float, str, bytes]] = []
        self._done: Counter[str] = Counter()
        client.bus.add_message_handler(self._heard)
        for device in self._devices.values():
            device._device.on("connection", self._count)

    @property
    def radio(self) -> "RealBluetooth":
        """Knows which devices are bonded."""
        return self

    def bonded(self, address: str) -> bool:
        """Whether BlueZ holds a bond with the device."""
        return _path(address) in self._bonds

    def called(self, what: str) -> int:
        """How often a device was paired ("Pair"), or a link was made ("Connect")."""
        return self._done[what]

    def lost(self, address: str) -> int:
        """How many values a device has handed over of which no program was told."""
        path = f"{_path(address)}/"
        return sum(
            not any(at >= began and place.startswith(path) and data == value for at, place, data in self._told)
            for began, value in self._devices[address].given
        )

    async def remove_device(self, address: str) -> None:
        """BlueZ forgets the device, its services and its bond."""
        with suppress(DBusError):
            await self._client.call(HCI, ADAPTER, "RemoveDevice", "o", _path(address))
        self._bonds.discard(_path(address))

    def _count(self, connection: Connection) -> None:
        self._done["Connect"] += 1
        connection.on("pairing", lambda _keys: self._done.update(["Pair"]))

    def _heard(self, message: Message) -> None:
        if message.member != "PropertiesChanged":
            return
        path, interface, changed = message.path or "", message.body[0], message.body[1]
        if interface == DEVICE and "Paired" in changed:
            (self._bonds.add if changed["Paired"].value else self._bonds.discard)(path)
        if interface == GATT_CHARACTERISTIC and "Value" in changed:
            self._told.append((time.monotonic(), path, bytes(changed["Value"].value)))


def _path(address: str) -> str:
    return f"{HCI}/dev_{address.replace(':', '_')}"


def real_bluetooth(guest: Guest, bus: str) -> Callable[..., AbstractAsyncContextManager[RealBluetooth]]:
    """Takes the place of `virtual_bluetooth`, whose radio and timing it has no use for."""

    @asynccontextmanager
    async def bluetooth(
        devices: Sequence[Peripheral] = (), *_timing: Timing, radio: object
    ) -> AsyncIterator[RealBluetooth]:
        del radio
        air = Air.among(devices)
        controller = await plug_in(air, ADDRESS, f"unix:{guest.hci}")
        hosted = [Device(air, device) for device in devices]
        os.environ[BUS_VARIABLE] = bus
        try:
            await asyncio.to_thread(guest.run, "systemctl start hci")
            async with dbus_client() as client:
                made = RealBluetooth(client, hosted)
                await client.listen()
                await _until_powered(client)
                for device in hosted:
                    await device.start()
                try:
                    yield made
                finally:
                    for device in hosted:
                        await made.remove_device(device.address)
        finally:
            del os.environ[BUS_VARIABLE]
            for device in hosted:
                await device.stop()
            await asyncio.to_thread(guest.run, "systemctl stop hci")
            await controller.unplug()

    return bluetooth


async def _until_powered(client: DBusClient) -> None:
    for _ in range(300):
        if (await client.objects()).get(HCI, {}).get(ADAPTER, {}).get("Powered"):
            return
        await asyncio.sleep(0.1)
    raise GuestError("the adapter is not switched on")
