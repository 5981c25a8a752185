"""The Bluetooth LE transport: one scanner, one connection at a time, every listed device told of what it sends.

The supervisor runs `Radio.run`. What is wrong with the radio is in its state, what is wrong with a device is told to
its contact; neither ends the task, and neither touches another device.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from bleak.backends.bluezdbus.version import BlueZFeatures
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from gateway.env import Env
from gateway.errors import GatewayError
from gateway.transport.ble.adverts import Listener
from gateway.transport.ble.bluez import Bluez
from gateway.transport.ble.deadline import end
from gateway.transport.ble.device import BleDevice
from gateway.transport.ble.errors import (
    BUSY,
    DROPPED,
    FAULT,
    NEEDS_PAIRING,
    NEEDS_PAIRING_AGAIN,
    NO_ANSWER,
    PAIRING_FAILED,
    READY,
    fault,
)
from gateway.transport.ble.limits import Limits
from gateway.transport.ble.link import BleakSubscriber, Link, Subscriber
from gateway.transport.ble.queue import ContactQueue
from gateway.transport.ble.scanner import Scanner, Sighting
from gateway.transport.ble.session import Outcome, Plan, Session
from gateway.transport.ble.state import Condition, RadioState
from gateway.transport.ble.telling import Telling

__all__ = ["BleDevice", "Limits", "Radio", "RadioState"]

# What a bond that only one side has, or a missing one, looks like, and how often in a row until we believe it.
_STALE_BOND = {PAIRING_FAILED: 1, NEEDS_PAIRING: 1, DROPPED: 3}
_NO_BOND = {NO_ANSWER: 2}


@dataclass(slots=True)
class _Memory:
    """What is remembered of a listed device between contacts."""

    facts_at: float | None = None
    told: str | None = None
    reason: str | None = None
    times: int = 0

    def count(self, reason: str | None) -> None:
        """The latest contact ended so: how often in a row now."""
        self.times = self.times + 1 if reason == self.reason else 1
        self.reason = reason


class Radio:
    """Serves the listed devices. `on_change` is called with the state whenever its code has changed."""

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
        subscriber: Subscriber | None = None,
    ) -> None:
        self._env = env
        self._local_time = local_time
        self._limits = limits or Limits()
        self._on_change = on_change
        self._subscriber = subscriber or BleakSubscriber()
        self._devices = {d.address.upper(): d for d in devices if not d.driver.adverts}
        self._listeners = {d.address.upper(): Listener(d, env.monotonic) for d in devices if d.driver.adverts}
        self._memories = {a: _Memory() for a in self._devices}
        self._queue: ContactQueue[Sighting] = ContactQueue(self._devices, self._limits)
        self._heard_one = asyncio.Event()
        self._counters: Counter[str] = Counter()
        self._condition = Condition(env.monotonic, self._changed)
        self._bluez = Bluez(env, self._limits, self._voided)
        self._scanner = Scanner(
            self._bluez,
            env,
            self._limits,
            heard=self._heard,
            found=self._wants_contact,
            report=self._condition.report,
            paused=lambda: self._link is not None and not self._link.connected,
            services=[s for d in devices for s in d.driver.services],
            adapter=adapter,
            passive=passive,
        )
        self._link: Link | None = None

    @property
    def state(self) -> RadioState:
        """How the radio is now."""
        last = self._scanner.last_heard
        return RadioState(
            code=self._condition.code,
            since=self._condition.since,
            last_advertisement_s=None if last is None else self._env.monotonic() - last,
            connections=int(self._link is not None and self._link.connected),
            counters={**self._counters, "scanners-built": self._scanner.built},
        )

    async def run(self) -> None:
        """Runs until cancelled."""
        # bleak would run `bluetoothctl --version` at the first connection, and wait for ever for a check that was cut
        # off. Every BlueZ this project supports is new enough.
        BlueZFeatures.checked_bluez_version = True
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._bluez.run())
                tasks.create_task(self._scanner.run())
                tasks.create_task(self._serve_queue())
        finally:
            for listener in self._listeners.values():
                listener.close()

    # --- what is heard ---

    def _heard(self, device: BLEDevice, advertisement: AdvertisementData) -> None:
        """Called for every advertisement of every device around: what is not listed is not looked at further."""
        address = device.address.upper()
        listener = self._listeners.get(address)
        if listener is not None:
            listener.heard(advertisement.service_data, advertisement.rssi)
        elif address in self._devices:
            self._wants_contact(Sighting(device, advertisement.rssi))

    def _wants_contact(self, sighting: Sighting) -> None:
        self._queue.heard(sighting.device.address.upper(), sighting, self._env.monotonic())
        self._heard_one.set()

    def _voided(self) -> None:
        self._queue.clear()
        if self._link is not None:
            self._link.lose()

    def _changed(self) -> None:
        self._heard_one.set()
        if self._on_change is not None:
            self._on_change(self.state)

    # --- one connection at a time ---

    async def _serve_queue(self) -> None:
        while True:
            now = self._env.monotonic()
            taken = self._queue.take(now) if self._condition.code == READY else None
            if taken is None:
                await self._until_heard(self._queue.seconds(now))
                continue
            address, sighting = taken
            outcome = await self._serve(address, sighting)
            await self._tidy(sighting, outcome)
            self._queue.finished(address, outcome.error, self._env.monotonic(), outcome.opened)

    async def _until_heard(self, seconds: float | None) -> None:
        with suppress(TimeoutError):
            # Something is due, but the radio is not ready: its state wakes us.
            async with asyncio.timeout(seconds or None):
                await self._heard_one.wait()
        self._heard_one.clear()

    async def _serve(self, address: str, sighting: Sighting) -> Outcome:
        """One session, in a task of its own: a bug in it ends it, and nothing else."""
        self._counters["attempts"] += 1
        link = self._link = Link(sighting.device, self._limits, self._subscriber)
        task = asyncio.create_task(self._session(address, sighting, link).run())
        try:
            await asyncio.wait({task})
        finally:
            await end(task)
            self._link = None
        bug = task.exception()
        if bug is not None:
            asyncio.get_running_loop().call_exception_handler({"message": "Bluetooth session failed", "exception": bug})
            return Outcome(fault(FAULT, type(bug).__name__), opened=True, clean=False)
        outcome = task.result()
        self._remember(self._memories[address], outcome)
        return outcome

    def _session(self, address: str, sighting: Sighting, link: Link) -> Session:
        device, memory = self._devices[address], self._memories[address]
        now = self._env.monotonic()

        async def diagnose(error: GatewayError) -> GatewayError:
            return await self._diagnose(memory, sighting.path, error)

        plan = Plan(
            driver=device.driver,
            options=device.options,
            local_time=self._local_time,
            rssi=sighting.rssi,
            facts_known=memory.facts_at is not None,
            facts_due=memory.facts_at is None or now - memory.facts_at > self._limits.facts_age_s,
            shared=lambda: self._queue.others(address, self._env.monotonic()),
            diagnose=diagnose,
        )
        telling = Telling(device.contact, self._env.monotonic, already=memory.told)
        return Session(link, plan, telling, self._env, self._limits)

    async def _diagnose(self, memory: _Memory, path: str, error: GatewayError) -> GatewayError:
        """A bond that only one side still has looks like many things; so does a device that wants one.

        Without a bond and an agent, BlueZ does not answer a subscription to a secured characteristic at all.
        """
        memory.count(error.reason)
        stale = memory.times >= _STALE_BOND.get(error.reason, memory.times + 1)
        missing = memory.times >= _NO_BOND.get(error.reason, memory.times + 1)
        with suppress(GatewayError):
            if stale and await self._bluez.bonded(path):
                return fault(NEEDS_PAIRING_AGAIN, error.detail)
            if missing and not await self._bluez.bonded(path):
                return fault(NEEDS_PAIRING, error.detail)
        return error

    def _remember(self, memory: _Memory, outcome: Outcome) -> None:
        if outcome.error is None:
            memory.count(None)
        memory.told = outcome.error.reason if outcome.error is not None else None
        if outcome.facts_read:
            memory.facts_at = self._env.monotonic()
        self._counters["contacts" if outcome.error is None else "failures"] += 1
        self._counters["values"] += outcome.values

    async def _tidy(self, sighting: Sighting, outcome: Outcome) -> None:
        """Leaves no link and no half-made connection behind. A bond is never removed, whatever is wrong with it."""
        stuck = outcome.error is not None and outcome.error.reason == BUSY
        if outcome.clean and not stuck:
            return
        with suppress(GatewayError):
            await self._bluez.hang_up(sighting.path)
        with suppress(GatewayError):
            if stuck and not await self._bluez.bonded(sighting.path):
                await self._bluez.forget(sighting.path)
