"""What an installer does with the radio besides reading a device: look around, see what is paired, end a pairing.

Runs beside a daemon: it only listens, and never connects.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from gateway.env import Env
from gateway.errors import GatewayError
from gateway.transport.ble.bluez import DEVICE, Bluez
from gateway.transport.ble.deadline import end, within
from gateway.transport.ble.errors import FOREIGN, GONE, fault, translate
from gateway.transport.ble.kept import CHARACTERISTIC
from gateway.transport.ble.limits import Limits
from gateway.transport.ble.passive import NO_RSSI
from gateway.transport.ble.scanner import EACH_TIME


@dataclass(frozen=True, slots=True)
class Around:
    """A device as heard: `services` are the UUIDs it advertises or sends data for (128-bit, lower case); `rssi` in
    dBm, of the strongest advertisement."""

    address: str
    name: str | None
    rssi: int
    services: frozenset[str]


@dataclass(frozen=True, slots=True)
class Known:
    """A device BlueZ knows. `primed`: its services are known, so it can be subscribed to while it is away."""

    address: str
    name: str | None
    paired: bool
    connected: bool
    primed: bool


class Workshop:
    """The radio for as long as the context is open. Raises GatewayError where there is none."""

    def __init__(self, env: Env, adapter: str | None = None, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._wanted = adapter
        self._bluez = Bluez(env, self._limits)
        self._task: asyncio.Task[None] | None = None
        self._adapter = ""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._bluez.run())
        try:
            self._adapter = await self._found()
        except BaseException:
            await end(self._task)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            await end(self._task)

    async def around(self, seconds: float, heard: Callable[[Around], None]) -> list[Around]:
        """Listens; `heard` is told of each device the first time. The strongest first."""
        found: dict[str, Around] = {}

        def note(device: BLEDevice, data: AdvertisementData) -> None:
            if data.rssi == NO_RSSI:
                return
            known = found.get(device.address)
            now = _around(device, data, known)
            found[device.address] = now
            if known is None or now.services != known.services:
                heard(now)

        scanner = BleakScanner(note, bluez={"adapter": self._adapter, "filters": EACH_TIME})
        try:
            await within(self._limits.scan_start_s, scanner.start())
            await asyncio.sleep(seconds)
        except FOREIGN as error:
            raise translate(error, "scan") from error
        finally:
            with suppress(*FOREIGN):
                await within(self._limits.hurry_s, scanner.stop())
        return sorted(found.values(), key=lambda one: -one.rssi)

    async def known(self) -> list[Known]:
        """What BlueZ knows from earlier contacts: everything paired, by address."""
        objects = await self._bluez.objects()
        with_services = {path.split("/service")[0] for path, o in objects.items() if CHARACTERISTIC in o}
        found = []
        for path, interfaces in objects.items():
            device = interfaces.get(DEVICE)
            if device is None or not path.startswith(f"/org/bluez/{self._adapter}/"):
                continue
            name = device.get("Name")
            found.append(
                Known(
                    str(device["Address"].value),
                    None if name is None else str(name.value),
                    bool(device["Paired"].value),
                    bool(device["Connected"].value),
                    path in with_services,
                )
            )
        return sorted((one for one in found if one.paired), key=lambda one: one.address)

    async def forget(self, address: str) -> None:
        """Ends the pairing with a device, on this side; GatewayError `ble-gone` if BlueZ does not know it."""
        for path, interfaces in (await self._bluez.objects()).items():
            device = interfaces.get(DEVICE)
            if device is not None and str(device["Address"].value).upper() == address.upper():
                await self._bluez.forget(path)
                return
        raise fault(GONE)

    async def _found(self) -> str:
        """The adapter, as soon as there is one to use."""
        for _ in range(2):
            try:
                return self._bluez.adapter(self._wanted).name
            except GatewayError:
                await self._bluez.changed(self._limits.answer_s)
        return self._bluez.adapter(self._wanted).name


def _around(device: BLEDevice, data: AdvertisementData, known: Around | None) -> Around:
    services = frozenset(u.lower() for u in (*data.service_uuids, *data.service_data))
    if known is None:
        return Around(device.address, data.local_name or device.name, data.rssi, services)
    name = data.local_name or device.name or known.name
    return Around(device.address, name, max(data.rssi, known.rssi), services | known.services)
