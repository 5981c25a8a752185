"""The Bluetooth LE transport: one scanner, one connection at a time, every listed device told of what it sends.

The supervisor runs `Radio.run`. What is wrong with the radio is in its state, what is wrong with a device is told to
its contact; neither ends the task, and neither touches another device.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from bleak.backends.bluezdbus.version import BlueZFeatures
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from gateway.env import Env
from gateway.transport.ble import l2cap
from gateway.transport.ble.adverts import Listener
from gateway.transport.ble.agent import Person
from gateway.transport.ble.bluez import Bluez
from gateway.transport.ble.contacts import Contacts
from gateway.transport.ble.device import BleDevice
from gateway.transport.ble.errors import CACHE_OFF, READY
from gateway.transport.ble.l2cap import Door
from gateway.transport.ble.limits import Limits
from gateway.transport.ble.reboots import Reboots
from gateway.transport.ble.recovery import Care, Recovery
from gateway.transport.ble.scanner import Scanner, Sighting
from gateway.transport.ble.state import Condition, RadioState

__all__ = ["BleDevice", "Care", "Limits", "Radio", "RadioState", "Reboots"]


class Radio:
    """Serves the listed devices.

    `on_change` is called with the state whenever its code has changed, `heard` with the address of a listed device at
    each of its advertisements. `may_contact` says whether devices may be connected to, `stored` whether everything
    they have told is kept. `door` leads to the kernel's sockets.
    """

    def __init__(
        self,
        devices: Sequence[BleDevice],
        env: Env,
        *,
        local_time: Callable[[], datetime | None],
        adapter: str | None = None,
        passive: bool = False,
        limits: Limits | None = None,
        on_change: Callable[[RadioState], None] | None = None,
        heard: Callable[[str], None] | None = None,
        care: Care | None = None,
        may_contact: Callable[[], bool] = lambda: True,
        stored: Callable[[], bool] = lambda: True,
        door: Door = l2cap,
    ) -> None:
        self._env = env
        self._on_change = on_change
        self._told_of = heard
        limits = limits or Limits()
        self._listeners = {d.address.upper(): Listener(d, env.monotonic) for d in devices if d.driver.adverts}
        self._condition = Condition(env.monotonic, self._changed)
        self._bluez = Bluez(env, limits)
        self._contacts = Contacts(
            {d.address.upper(): d for d in devices if not d.driver.adverts},
            self._bluez,
            env,
            limits,
            adapter=adapter,
            local_time=local_time,
            allowed=lambda: self._condition.code == READY and may_contact(),
            stored=stored,
            changed=self._changed,
            door=door,
        )
        services = [s for d in devices for s in d.driver.services]
        self._scanner = self._make_scanner(env, limits, services, adapter, passive)
        care, tell = care or Care(), self._condition.overrule
        self._recovery = Recovery(self._bluez, self._scanner, env, limits, adapter=adapter, care=care, overrule=tell)

    def _make_scanner(
        self, env: Env, limits: Limits, services: Sequence[str], adapter: str | None, passive: bool
    ) -> Scanner:
        return Scanner(
            self._bluez,
            env,
            limits,
            heard=self._heard,
            found=self._contacts.heard,
            report=self._condition.report,
            paused=lambda: self._contacts.connecting,
            services=services,
            lists=lambda address: address in self._listeners or self._contacts.lists(address),
            adapter=adapter,
            passive=passive,
        )

    @property
    def state(self) -> RadioState:
        """How the radio is now."""
        last = self._scanner.last_heard
        contacts = self._contacts
        return RadioState(
            code=self._condition.code,
            since=self._condition.since,
            last_advertisement_s=None if last is None else self._env.monotonic() - last,
            connections=contacts.connections,
            unprimed=contacts.keeper.unprimed,
            warnings=(CACHE_OFF,) if contacts.keeper.cache_off else (),
            rung=self._condition.rung,
            counters={
                **contacts.counters,
                **contacts.keeper.counters,
                **self._recovery.counters,
                "pairings-refused": contacts.agent.refused,
                "scanners-built": self._scanner.built,
            },
        )

    async def pair(self, address: str, person: Person) -> None:
        """Pairs a listed device the next time it is heard; its first contact follows at once. Raises GatewayError."""
        await self._contacts.pair(address.upper(), person)

    def leave_alone(self, address: str, on: bool) -> None:
        """Whether a listed device is not to be connected to, although it is heard."""
        self._contacts.leave_alone(address.upper(), on)

    async def run(self) -> None:
        """Runs until cancelled."""
        # bleak would run `bluetoothctl --version` at the first connection, and wait for ever for a check that was cut
        # off. Every BlueZ this project supports is new enough.
        BlueZFeatures.checked_bluez_version = True
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._bluez.run())
                tasks.create_task(self._scanner.run())
                tasks.create_task(self._recovery.run())
                tasks.create_task(self._contacts.run())
        finally:
            for listener in self._listeners.values():
                listener.close()

    def _heard(self, device: BLEDevice, advertisement: AdvertisementData) -> None:
        """Called for every advertisement of every device around: what is not listed is not looked at further."""
        self._recovery.heard()
        address = device.address.upper()
        listener = self._listeners.get(address)
        if listener is not None:
            listener.heard(advertisement.service_data, advertisement.rssi)
        elif self._contacts.lists(address):
            if self._told_of is not None:
                self._told_of(address)
            self._contacts.heard(Sighting(device, advertisement.rssi))

    def _changed(self) -> None:
        self._contacts.wake()
        if self._on_change is not None:
            self._on_change(self.state)
