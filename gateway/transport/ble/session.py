"""One contact with one device: subscribe first, then its clock, its conversation, its facts; let it hang up by itself.

Order matters: a device that has waited with a stored reading sends it the moment it is subscribed to, and deletes it
when it is confirmed. So nothing is read before the subscription, but a clock that must be set before it. A bonded
device is subscribed to before it is connected to: its values may come at any time, even before the connection is told.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from drivers.api import BleDriver, Characteristic, DecodeError, TalkContext
from gateway.env import Env
from gateway.errors import GatewayError
from gateway.transport.ble.device_clock import DeviceClock
from gateway.transport.ble.errors import (
    CONNECT_FAILED,
    CONNECT_TIMEOUT,
    DROPPED,
    FAULT,
    GONE,
    WRONG_PROFILE,
    AttRefusedError,
    fault,
)
from gateway.transport.ble.limits import Limits
from gateway.transport.ble.link import HungUpError, Link, Take
from gateway.transport.ble.talking import Talking
from gateway.transport.ble.telling import Telling
from gateway.transport.dialogue import play

_LEFT = frozenset({CONNECT_FAILED, CONNECT_TIMEOUT, DROPPED, GONE})
_RECORD_ACCESS = "00002a52-0000-1000-8000-00805f9b34fb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a session is to do, beyond what its driver says.

    `facts_known` and `facts_due`: whether facts were ever read, and whether it is time to read them (again). `rssi` is
    the signal at detection. `shared` says whether another device waits now. `diagnose` may know a fault better.
    """

    driver: BleDriver
    options: Mapping[str, object]
    local_time: Callable[[], datetime | None]
    rssi: int | None
    facts_known: bool
    facts_due: bool
    shared: Callable[[], bool]
    diagnose: Callable[[GatewayError], Awaitable[GatewayError]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a session went. `clean` False: the device may still be connected."""

    error: GatewayError | None = None
    opened: bool = False
    values: int = 0
    facts_read: bool = False
    clean: bool = True


class Session:
    """Plays one contact over a link, and tells of it."""

    def __init__(self, link: Link, plan: Plan, telling: Telling, env: Env, limits: Limits) -> None:
        self._link = link
        self._plan = plan
        self._driver = plan.driver
        self._telling = telling
        self._talking = Talking(link)
        self._monotonic = env.monotonic
        self._limits = limits
        self._since = env.monotonic()
        self._facts_read = False

    async def run(self) -> Outcome:
        """Runs to the end of the contact. Faults are in the outcome; a bug is raised, after tidying up."""
        error: GatewayError | None = fault(FAULT)
        hurry = False
        clean = False
        try:
            error = await self._contact()
        except asyncio.CancelledError:
            error, hurry = None, True
            raise
        finally:
            try:
                clean = await self._link.disconnect(hurry)
                error = await self._plan.diagnose(error) if error is not None else None
            finally:
                self._telling.closed(error)
        telling = self._telling
        return Outcome(error or telling.fault, telling.is_open, telling.values, self._facts_read, clean)

    async def _contact(self) -> GatewayError | None:
        """From connecting to the end; what is wrong, if anything. A device that hangs up is done."""
        try:
            await self._link.connect({c.uuid: self._taker(c) for c in self._driver.characteristics})
            self._since = self._monotonic()
            async with asyncio.timeout(self._limits.session_s):
                await self._converse()
        except HungUpError as error:
            return None if self._telling.is_open else error
        except TimeoutError:
            return None
        except GatewayError as error:
            # A device may have sent everything and gone before its services were even found.
            return None if error.reason in _LEFT and self._telling.is_open else error
        return None

    async def _converse(self) -> None:
        driver, limits = self._driver, self._limits
        self._check_profile()
        clock = DeviceClock(driver.clocks, self._link, self._monotonic)
        clock_first = driver.set_clock == "before-subscribing"
        protected = self._link.protected
        if clock_first and not protected:
            await clock.read()
            await clock.put_right(self._plan.local_time(), limits.clock_off_s)
        await self._subscribe()
        await clock.read()
        if clock.present or driver.talk is None:
            # Else the conversation may have a clock to tell of.
            self._telling.clock(clock.shows)
        if clock_first and protected:
            await clock.put_right(self._plan.local_time(), limits.clock_off_s)
        await self._talk()
        self._link.may_hush()
        await self._chores(clock)
        await self._until_quiet()

    def _check_profile(self) -> None:
        listed = self._driver.characteristics
        missing = any(c.required and not self._link.has(c.uuid) for c in listed)
        if missing or not any(self._link.has(c.uuid) for c in listed if c.decode is not None):
            raise fault(WRONG_PROFILE)

    async def _subscribe(self) -> None:
        """Subscribes to what the device has; it may refuse what the driver can do without, but not everything."""
        refused: AttRefusedError | None = None
        for characteristic in _in_order(self._driver.characteristics):
            if not self._link.has(characteristic.uuid):
                continue
            try:
                await self._link.subscribe(characteristic.uuid)
            except AttRefusedError as error:
                if characteristic.required:
                    raise
                refused = error
            else:
                self._telling.opened()
        if refused is not None and not self._telling.is_open:
            raise refused
        if self._plan.rssi is not None:
            self._telling.facts({"rssi": self._plan.rssi})

    def _taker(self, characteristic: Characteristic) -> Take:
        uuid = characteristic.uuid
        if not characteristic.control:
            return lambda data: self._telling.frame(uuid, data)
        answered = self._talking.taker(uuid)
        if characteristic.decode is None:
            return answered

        def take(data: bytes) -> None:
            # Kept before the conversation goes on: its next step may tell the device that a record was received.
            self._telling.frame(uuid, data)
            answered(data)

        return take

    async def _talk(self) -> None:
        plan = self._plan
        if self._driver.talk is None:
            return
        context = TalkContext(local_time=plan.local_time(), cursor=self._telling.cursor(), options=plan.options)
        try:
            await play(self._driver.talk, context, self._talking, self._telling)
        except HungUpError:
            raise
        except GatewayError as error:
            # What the conversation has started may still bring values: stay.
            self._telling.note(error)
        self._telling.clock(None)
        self._telling.last = self._monotonic()

    # --- after the values ---

    async def _chores(self, clock: DeviceClock) -> None:
        """Facts and clock, each in a pause: at once what was never known, all else only after a first value."""
        plan, settle = self._plan, self._limits.settle_s
        if plan.facts_due and not plan.facts_known:
            await self._pause(settle)
            await self._read_facts()
        facts = plan.facts_due and not self._facts_read
        set_clock = clock.present and self._driver.set_clock == "after-values"
        if not (facts or set_clock) or not await self._first_value():
            return
        await self._pause(settle)
        if facts:
            await self._read_facts()
            await self._pause(settle)
        if set_clock:
            await clock.put_right(plan.local_time(), self._limits.clock_off_s)

    async def _first_value(self) -> bool:
        """Waits for a value for as long as the driver has patience."""
        end = self._telling.last + self._driver.quiet_s
        while not self._telling.values and not self._enough() and self._monotonic() < end:
            await self._link.rest(min(end - self._monotonic(), self._limits.settle_s))
        return self._telling.values > 0

    async def _read_facts(self) -> None:
        facts: dict[str, object] = {}
        try:
            for info in self._driver.info:
                if self._link.has(info.uuid):
                    with suppress(AttRefusedError, DecodeError):
                        facts |= info.decode(await self._link.read(info.uuid))
            self._facts_read = True
        except HungUpError:
            raise
        except GatewayError:
            # Facts are an extra: not worth failing for.
            return
        finally:
            self._telling.facts(facts)

    async def _pause(self, seconds: float) -> None:
        """Returns when no value has come for `seconds`, or when it is enough."""
        while not self._enough():
            left = self._telling.last + seconds - self._monotonic()
            if left <= 0:
                return
            await self._link.rest(min(left, 1.0))

    async def _until_quiet(self) -> None:
        """The backstop for devices that never hang up. Where others wait, less patience after a first value."""
        while not self._enough():
            left = self._telling.last + self._patience() - self._monotonic()
            if left <= 0:
                return
            await self._link.rest(min(left, 1.0))

    def _patience(self) -> float:
        if self._link.hushed:
            return min(self._driver.quiet_s, self._limits.hushed_s)
        shared = self._telling.values > 0 and self._plan.shared()
        return min(self._driver.quiet_s, self._limits.quiet_shared_s) if shared else self._driver.quiet_s

    def _enough(self) -> bool:
        return self._monotonic() - self._since > self._limits.shared_s and self._plan.shared()


def _in_order(characteristics: tuple[Characteristic, ...]) -> list[Characteristic]:
    """Measurements before answers, and record access last: its answers promise that everything else is listened to."""
    return sorted(characteristics, key=lambda c: (c.decode is None, c.uuid == _RECORD_ACCESS))


def measuring(driver: BleDriver) -> frozenset[str]:
    """The characteristics whose values are measurements."""
    return frozenset(c.uuid for c in driver.characteristics if c.decode is not None or c.framer is not None)
