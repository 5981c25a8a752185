"""A home's Bluetooth without Bluetooth: a private bus, a BlueZ look-alike on it, virtual devices behind it."""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from gateway.simulator.bluez.adapter import Adapter
from gateway.simulator.bluez.agents import Agents
from gateway.simulator.bluez.core import Core, Faults, Known, Timing
from gateway.simulator.bluez.devices import Devices
from gateway.simulator.bluez.gatt import Gatt
from gateway.simulator.bluez.monitors import Monitors
from gateway.simulator.bluez.radio import Peripheral, Radio
from gateway.simulator.bluez.scripted import ScriptedRadio
from gateway.simulator.bluez.security import Security
from gateway.simulator.bus import PrivateBus

RESTART_SECONDS = 0.05


class VirtualBluetooth:
    """Bluetooth for a program whose DBUS_SYSTEM_BUS_ADDRESS is `address`, for as long as the context is open.

    `devices` are reached by the scripted radio; with `radio` another one is used. `faults` makes things go wrong,
    `calls` is what was asked of BlueZ: (member, object path).
    """

    def __init__(
        self,
        devices: Iterable[Peripheral] = (),
        *,
        radio: Radio | None = None,
        timing: Timing | None = None,
        adapter: str = "hci0",
    ) -> None:
        self.radio: Radio = radio if radio is not None else ScriptedRadio(devices)
        self._bus = PrivateBus()
        self._core = Core(self.radio, adapter, timing if timing is not None else Timing())
        self._agents = Agents(self._core)
        self._security = Security(self._core, self._agents)
        self._gatt = Gatt(self._core, self._security)
        self._devices = Devices(self._core, self._gatt, self._security)
        self._monitors = Monitors(self._core)
        self._adapter = Adapter(self._core, self._monitors)
        self._core.tree.on_client_gone = self._client_gone
        self._unplugged: list[Known] = []

    @property
    def address(self) -> str:
        """The bus address."""
        return self._bus.address

    @property
    def environ(self) -> dict[str, str]:
        """What to add to a program's environment so that it takes this for the machine's Bluetooth."""
        return {"DBUS_SYSTEM_BUS_ADDRESS": self._bus.address}

    @property
    def faults(self) -> Faults:
        """How many more times each thing goes wrong."""
        return self._core.faults

    @property
    def calls(self) -> list[tuple[str, str]]:
        """What was asked, oldest first."""
        return list(self._core.tree.calls)

    def called(self, member: str) -> int:
        """How often a method was called."""
        return sum(1 for name, _path in self._core.tree.calls if name == member)

    def lost(self, address: str) -> int:
        """How many values of a device were confirmed on air and reached no program."""
        return self._core.lost.get(address, 0)

    def connected(self, address: str) -> bool:
        """Whether there is a link to the device."""
        known = self._core.devices.get(self._core.device_path(address))
        return known is not None and known.link is not None

    def knows(self, address: str) -> bool:
        """Whether BlueZ has an object for the device."""
        return self._core.device_path(address) in self._core.devices

    async def power(self, on: bool) -> None:
        """Switches the adapter off or on behind everybody's back."""
        await self._adapter.power(on)

    async def remove_device(self, address: str) -> None:
        """BlueZ forgets the device, its services and its bond."""
        known = self._core.devices.get(self._core.device_path(address))
        self.radio.forget(address)
        if known is not None:
            if known.link is not None:
                await known.link.disconnect()
            self._core.remove(known)

    async def restart(self, downtime: float = RESTART_SECONDS, *, crash: bool = False) -> None:
        """The daemon goes and comes back: links drop, programs' sessions and agents are forgotten, bonds stay.

        An orderly end withdraws its objects; a crash just leaves the bus. Devices that were connected once come back
        as objects, without their services.
        """
        kept = await self._withdraw(silently=crash)
        await self._leave()
        self._core.faults.hung = 0
        await asyncio.sleep(downtime)
        await self._join()
        self._restore(kept)

    async def unplug(self) -> None:
        """The adapter is gone: links drop, its devices and whoever scanned are forgotten, agents and bonds stay."""
        self._unplugged = await self._withdraw(silently=False)
        await self._adapter.reset()
        self._monitors.reset()

    def plug_in(self) -> None:
        """The adapter is back, switched on, with the devices that were connected once."""
        self._adapter.export()
        self._restore(self._unplugged)
        self._unplugged = []

    async def _withdraw(self, *, silently: bool) -> list[Known]:
        """Ends every link and takes the adapter's objects away; returns the devices BlueZ has on disk."""
        core = self._core
        known_devices = list(core.devices.values())
        for known in known_devices:
            if known.link is not None:
                await known.link.disconnect()
            if known.reaper is not None:
                known.reaper.cancel()
        if not silently:
            for path in (*core.devices, core.adapter):
                core.tree.remove(path)
        core.devices.clear()
        return [known for known in known_devices if not known.temporary]

    def _restore(self, kept: list[Known]) -> None:
        """Devices from disk: no services, and so no sessions."""
        for known in kept:
            known.tree = None
            known.handles.clear()
            known.notify.clear()
            self._core.export(known)

    async def __aenter__(self) -> Self:
        await self._bus.__aenter__()
        try:
            await self.radio.start()
            await self._join()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _join(self) -> None:
        # The name first, then the objects: programs that were there before are told of them.
        await self._core.tree.connect(self._bus.address)
        self._agents.export()
        self._adapter.export()

    async def _leave(self) -> None:
        await self._adapter.reset()
        self._monitors.reset()
        self._agents.reset()
        await self._core.tree.disconnect()
        self._core.tree.objects.clear()

    async def _close(self) -> None:
        try:
            await self.radio.stop()
            await self._withdraw(silently=True)
            await self._leave()
        finally:
            await self._bus.stop()

    def _client_gone(self, client: str) -> None:
        self._agents.client_gone(client)
        spawn = self._core.tree.spawn
        spawn(self._adapter.client_gone(client))
        spawn(self._monitors.client_gone(client))
        spawn(self._gatt.client_gone(client))
