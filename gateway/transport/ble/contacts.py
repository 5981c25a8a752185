"""Who is connected to, when, and what comes of it: one connection at a time, from a queue of the devices heard."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from gateway.env import Env
from gateway.errors import GatewayError
from gateway.transport.ble.agent import Agent, Person, Window
from gateway.transport.ble.bearers import Bearers
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
    PAIRING_BROKEN_OFF,
    PAIRING_FAILED,
    fault,
)
from gateway.transport.ble.l2cap import Door
from gateway.transport.ble.limits import Limits
from gateway.transport.ble.link import BluezLink, Link
from gateway.transport.ble.notify_keeper import NotifyKeeper
from gateway.transport.ble.queue import ContactQueue
from gateway.transport.ble.scanner import Sighting
from gateway.transport.ble.session import Outcome, Plan, Session, measuring
from gateway.transport.ble.spell import Spell
from gateway.transport.ble.telling import Telling

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


@dataclass(frozen=True, slots=True)
class _Pairing:
    """Somebody wants a device paired, and waits to hear how it went."""

    person: Person
    done: "asyncio.Future[None]"


class Contacts:
    """Serves the listed devices that are heard, for as long as `run` runs.

    `allowed` says whether the radio can be relied on now; `wake` makes that be asked again. `stored` says whether what
    devices have told is kept. `changed` is called when something is known that the radio's state must show.
    """

    def __init__(
        self,
        devices: Mapping[str, BleDevice],
        bluez: Bluez,
        env: Env,
        limits: Limits,
        *,
        adapter: str | None,
        local_time: Callable[[], datetime | None],
        allowed: Callable[[], bool],
        stored: Callable[[], bool],
        changed: Callable[[], None],
        door: Door,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self.agent = Agent(bluez, env, limits)
        self._devices = devices
        self._bluez = bluez
        self._env = env
        self._limits = limits
        self._local_time = local_time
        self._allowed = allowed
        self._spells = {a: Spell(d, env.monotonic) for a, d in devices.items()}
        self._memories = {a: _Memory() for a in devices}
        self._queue: ContactQueue[Sighting] = ContactQueue(devices, limits)
        self._heard_one = asyncio.Event()
        self._pairings: dict[str, _Pairing] = {}
        self._pairing = False
        self._left_alone: set[str] = set()
        self._link: Link | None = None
        self.keeper = self._make_keeper(adapter, changed)
        self._bearers = Bearers(door, bluez, self.keeper, limits, stored)
        bluez.on_void.append(self.void)

    def _make_keeper(self, adapter: str | None, changed: Callable[[], None]) -> NotifyKeeper:
        return NotifyKeeper(
            self._bluez,
            self._env,
            self._limits,
            {a: measuring(d.driver) for a, d in self._devices.items()},
            {a: d.known for a, d in self._devices.items()},
            adapter=adapter,
            unasked=lambda address, uuid, data: self._spells[address].frame(uuid, data),
            begun=lambda address: self._spells[address].close(),
            learnt=lambda address, facts: self._devices[address].contact.facts(facts),
            changed=changed,
        )

    @property
    def connections(self) -> int:
        """How many devices are connected."""
        return int(self._link is not None and self._link.connected)

    @property
    def connecting(self) -> bool:
        """Whether a connection is being made: BlueZ does not scan meanwhile."""
        return self._pairing or (self._link is not None and not self._link.connected)

    def lists(self, address: str) -> bool:
        """Whether a device may be connected to."""
        return address in self._devices

    def heard(self, sighting: Sighting) -> None:
        """A listed device was heard."""
        if sighting.device.address.upper() in self._left_alone:
            return
        self._queue.heard(sighting.device.address.upper(), sighting, self._env.monotonic())
        self._heard_one.set()

    def leave_alone(self, address: str, on: bool) -> None:
        """Whether a device is not to be connected to, although it is heard."""
        (self._left_alone.add if on else self._left_alone.discard)(address)

    def wake(self) -> None:
        """The radio can be relied on, or cannot any more."""
        self._heard_one.set()

    def void(self) -> None:
        """What was heard is void, and what is connected is lost."""
        self._queue.clear()
        if self._link is not None:
            self._link.lose()

    async def run(self) -> None:
        """Runs until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.agent.run())
                tasks.create_task(self.keeper.run())
                tasks.create_task(self._serve_queue())
        finally:
            for spell in self._spells.values():
                spell.close()

    async def pair(self, address: str, person: Person) -> None:
        """Pairs a listed device as soon as it is heard; the contact goes on from there. Raises GatewayError.

        One that hangs up in the middle is paired the next time it is heard, for as long as this is waited for.
        """
        pairing = _Pairing(person, asyncio.get_running_loop().create_future())
        self._pairings[address] = pairing
        self._memories[address] = _Memory()
        self._queue.pardon(address)
        self._heard_one.set()
        try:
            await pairing.done
        finally:
            self._pairings.pop(address, None)

    async def _serve_queue(self) -> None:
        while True:
            now = self._env.monotonic()
            taken = self._queue.take(now) if self._allowed() else None
            if taken is None:
                await self._until_heard(self._queue.seconds(now))
                continue
            address, sighting = taken
            if not await self._paired(address, sighting.path):
                continue
            # Else a bond would not be known yet.
            await self.keeper.loaded()
            outcome = await self._serve(address, sighting)
            await self._tidy(sighting, outcome)
            self._queue.finished(address, outcome.error, self._env.monotonic(), outcome.opened)

    async def _paired(self, address: str, path: str) -> bool:
        """Whether nothing stands in the way of the contact: nobody wants the device paired, or it has been now."""
        pairing = self._pairings.get(address)
        if pairing is None:
            return True
        self._pairing = True
        self.keeper.hold(address, True)
        try:
            await self.agent.until_registered(self._limits.bus_s)
            with self.agent.window(path, pairing.person) as window:
                try:
                    await self._bluez.pair(path, self._limits.pair_s)
                except GatewayError as error:
                    self._unpaired(address, pairing, window, error)
                    return False
        finally:
            self._pairing = False
        self._pairings.pop(address, None)
        if not pairing.done.done():
            pairing.done.set_result(None)
        return True

    def _unpaired(self, address: str, pairing: _Pairing, window: Window, error: GatewayError) -> None:
        """Again, if the device only hung up; not if it did so at the code that it was given."""
        self.keeper.hold(address, False)
        broken_off = error.reason == PAIRING_BROKEN_OFF
        if broken_off and window.answered:
            error = fault(PAIRING_FAILED, error.detail)
        self._queue.finished(address, error, self._env.monotonic(), reached=broken_off)
        if pairing.done.done():
            return
        if broken_off and not window.answered:
            pairing.person.broken_off()
        else:
            pairing.done.set_exception(error)

    async def _until_heard(self, seconds: float | None) -> None:
        with suppress(TimeoutError):
            # Something is due, but the radio is not ready: its state wakes us.
            async with asyncio.timeout(seconds or None):
                await self._heard_one.wait()
        self._heard_one.clear()

    async def _serve(self, address: str, sighting: Sighting) -> Outcome:
        """One session, in a task of its own: a bug in it ends it, and nothing else."""
        self.counters["attempts"] += 1
        telling = Telling(self._devices[address].contact, self._env.monotonic, already=self._memories[address].told)
        link = self._link = self._make_link(address, sighting, telling)
        task = asyncio.create_task(self._session(address, sighting, link, telling).run())
        try:
            await asyncio.wait({task})
        finally:
            await end(task)
            self._link = None
        if self._bearers.ended(address, link):
            self.counters["own-bearer-contacts"] += 1
        bug = task.exception()
        if bug is not None:
            asyncio.get_running_loop().call_exception_handler({"message": "Bluetooth session failed", "exception": bug})
            return Outcome(fault(FAULT, type(bug).__name__), opened=True, clean=False)
        outcome = task.result()
        self._remember(self._memories[address], outcome)
        return outcome

    def _make_link(self, address: str, sighting: Sighting, telling: Telling) -> Link:
        driver = self._devices[address].driver
        if self._bearers.needed(address):
            self._spells[address].close()
            return self._bearers.link(address, sighting.path, driver, telling)
        subscriber = self.keeper.contact(address, hush_at_once=driver.talk is None, more_s=driver.more_s)
        return BluezLink(sighting.device, self._limits, subscriber)

    def _session(self, address: str, sighting: Sighting, link: Link, telling: Telling) -> Session:
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
        self.counters["contacts" if outcome.error is None else "failures"] += 1
        self.counters["values"] += outcome.values

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
