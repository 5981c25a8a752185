"""What all virtual Bluetooth devices have in common: when they advertise, when they send, when they hang up."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from drivers.uuids import full
from gateway.simulator.bluez.radio import (
    AddressType,
    Advert,
    AttError,
    Characteristic,
    LinkLostError,
    Port,
    Service,
)
from gateway.simulator.frames import current_time, read_current_time

READ_NOT_PERMITTED = 0x02
WRITE_NOT_PERMITTED = 0x03
OUT_OF_RANGE = 0xFF
ALWAYS = math.inf
# The shortest there is (Core Specification, Vol 6, Part B, 4.5.1): nothing is sent twice within one.
CONNECTION_INTERVAL = 0.0075

DEVICE_INFORMATION, BATTERY, CURRENT_TIME_SERVICE = full(0x180A), full(0x180F), full(0x1805)
MANUFACTURER, MODEL, SERIAL_NUMBER, FIRMWARE = full(0x2A29), full(0x2A24), full(0x2A25), full(0x2A26)
BATTERY_LEVEL, CURRENT_TIME = full(0x2A19), full(0x2A2B)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a device behaves; all times in seconds.

    `interval`: between adverts. `awake`: how long it advertises after a measurement whether or not it was fetched;
    None: until everything is fetched; ALWAYS: without end. `linger`: how long after the last value it hangs up; None:
    never, the hub must. `idle`: how long after connecting it hangs up if nobody subscribes; None: never. `early`: a
    bonded device that remembers its subscriber sends this long after the link is encrypted, without being asked; None:
    it waits to be asked each time. `latency`: of the link, one way. And what devices should not do: `repeats`: how
    often each value is sent; `hang_up_after`: how many values a contact brings before the device hangs up midway.
    """

    interval: float = 0.06
    awake: float | None = None
    linger: float | None = 5.0
    idle: float | None = None
    early: float | None = None
    latency: float = 0.0
    repeats: int = 1
    hang_up_after: int | None = None


class Common(TypedDict, total=False):
    """What every device may be given; see VirtualDevice."""

    habits: Habits
    address_type: AddressType
    passkey: int | None
    model: str
    serial: str
    battery: int
    now: Callable[[], datetime]


def local_now() -> datetime:
    """Wall time where this machine is, naive."""
    return datetime.now(UTC).astimezone().replace(tzinfo=None)


class VirtualDevice:
    """A device with measurements to give. One value leaves its queue only when the hub has confirmed it.

    `measuring` are the services it is for; the first is advertised, or those of `advertised`. `confirmed` is what the
    hub has confirmed, oldest first; `pending` how many values wait. `values` are what can be read, `settable` which of
    them can be written. `skew` is how far its clock is ahead. `bond` is whether it holds a key for the hub;
    `forget_bond` is what a change of batteries does to some.
    """

    def __init__(
        self,
        name: str,
        address: str,
        *measuring: Service,
        habits: Habits | None = None,
        address_type: AddressType = "random",
        passkey: int | None = None,
        model: str = "VD-1",
        serial: str = "",
        battery: int = 80,
        now: Callable[[], datetime] = local_now,
    ) -> None:
        self.name = name
        self.address = address
        self.address_type: AddressType = address_type
        self.passkey = passkey
        self.habits = habits if habits is not None else Habits()
        self.bond = False
        self.connectable = True
        self.advertised = tuple(service.uuid for service in measuring[:1])
        self.skew = timedelta()
        self.confirmed: list[bytes] = []
        self.settable: set[str] = set()
        self.values = _information(model, serial or address.replace(":", ""), battery)
        self._now = now
        self._measuring = measuring
        self._live: deque[tuple[str, bytes]] = deque()
        self._procedure: deque[tuple[str, bytes]] = deque()
        self._refusals: dict[str, deque[int]] = {}
        self._remembered: set[str] = set()
        self._armed: set[str] = set()
        self._news = asyncio.Event()
        self._measured_at = -ALWAYS
        self._port: Port | None = None
        self._session: asyncio.Task[None] | None = None
        self._waker: asyncio.TimerHandle | None = None

    # --- what a scenario does with it ---------------------------------------------------------------------------------

    @property
    def pending(self) -> int:
        """How many values wait to be fetched."""
        return len(self._live)

    @property
    def linked(self) -> bool:
        """Whether a hub is connected."""
        return self._port is not None

    def clock(self) -> datetime:
        """The device's own time, naive."""
        return self._now() + self.skew

    def queue(self, uuid: str, *values: bytes) -> None:
        """Values to indicate or notify on a characteristic; kept until confirmed."""
        self._live.extend((uuid, value) for value in values)
        self.wake()

    def put_back(self, *values: tuple[str, bytes]) -> None:
        """Values that come before what waits, without anybody having measured."""
        self._live.extendleft(reversed(values))

    def wake(self) -> None:
        """A measurement was made, or a button pressed: the radio comes on."""
        self._measured_at = asyncio.get_running_loop().time()
        self._news.set()

    def refuse(self, uuid: str, *codes: int) -> None:
        """The next requests on a characteristic are answered with these ATT error codes, one each."""
        self._refusals.setdefault(uuid, deque()).extend(codes)

    def forget_bond(self) -> None:
        """The device loses its key, and with it whom it remembered."""
        self.bond = False
        self._remembered.clear()

    # --- what a radio asks --------------------------------------------------------------------------------------------

    @property
    def interval(self) -> float:
        """Seconds between adverts."""
        return self.habits.interval

    @property
    def latency(self) -> float:
        """Seconds a packet takes on the link, one way."""
        return self.habits.latency

    @property
    def services(self) -> Iterable[Service]:
        """The measuring service, then time, device information and battery."""
        read = ("read",)
        information = tuple(Characteristic(u, read) for u in (MANUFACTURER, MODEL, SERIAL_NUMBER, FIRMWARE))
        return (
            *self._measuring,
            Service(CURRENT_TIME_SERVICE, (Characteristic(CURRENT_TIME, ("read", "write")),)),
            Service(DEVICE_INFORMATION, information),
            Service(BATTERY, (Characteristic(BATTERY_LEVEL, read),)),
        )

    @property
    def has_news(self) -> bool:
        """Whether there is something to fetch."""
        return bool(self._live)

    @property
    def on_air(self) -> bool:
        """Whether it advertises, going by its habits."""
        if self.habits.awake is None:
            return self.has_news
        return asyncio.get_running_loop().time() - self._measured_at <= self.habits.awake or self.habits.awake == ALWAYS

    def advert(self) -> Advert:
        """Name and measuring service."""
        return Advert(self.address, self.address_type, self.name, self.advertised)

    def linked_by(self, port: Port) -> None:
        """A hub has connected."""
        self._port = port
        self._armed.clear()
        self._news.clear()
        self._session = asyncio.ensure_future(self._run(port))

    def secured(self) -> None:
        """The link is encrypted; an early sender starts by itself."""
        if self.habits.early is not None and self.bond and self._remembered:
            self._waker = asyncio.get_running_loop().call_later(self.habits.early, self._send_early)

    def unlinked(self) -> None:
        """The link is over; what was not confirmed stays."""
        self._port = None
        self._procedure.clear()
        self._armed.clear()
        if not self.bond:
            self._remembered.clear()
        if self._waker is not None:
            self._waker.cancel()
        session, self._session = self._session, None
        if session is not None and session is not asyncio.current_task():
            session.cancel()

    def read(self, uuid: str) -> bytes:
        """The hub reads a value."""
        self.refuse_if_told(uuid)
        if uuid == CURRENT_TIME:
            return current_time(self.clock())
        if uuid not in self.values:
            raise AttError(READ_NOT_PERMITTED)
        return self.values[uuid]

    def write(self, uuid: str, data: bytes) -> None:
        """The hub writes a value; a new time moves the clock."""
        self.refuse_if_told(uuid)
        if uuid in self.settable:
            self.values[uuid] = data
            return
        if uuid != CURRENT_TIME:
            raise AttError(WRITE_NOT_PERMITTED)
        try:
            self.skew = read_current_time(data) - self._now()
        except ValueError as error:
            raise AttError(OUT_OF_RANGE) from error

    def subscribe(self, uuid: str, on: bool) -> None:
        """The hub writes a CCCD."""
        self.refuse_if_told(uuid)
        for chosen in (self._armed, self._remembered):
            (chosen.add if on else chosen.discard)(uuid)
        self._news.set()

    # --- inside -------------------------------------------------------------------------------------------------------

    def subscribed(self, uuid: str) -> bool:
        """Whether the hub has asked for a characteristic's values."""
        return uuid in self._armed

    def may_send(self, uuid: str) -> bool:
        """Whether a value may go out now."""
        return self.subscribed(uuid)

    def reply(self, *values: tuple[str, bytes]) -> None:
        """Values that belong to a request of the hub; forgotten with the link."""
        self._procedure.extend(values)
        self._news.set()

    def sent(self, uuid: str, value: bytes) -> None:
        """A value was confirmed."""
        self.confirmed.append(value)

    def refuse_if_told(self, uuid: str) -> None:
        """AttError if the scenario asked for one."""
        codes = self._refusals.get(uuid)
        if codes:
            raise AttError(codes.popleft())

    def _send_early(self) -> None:
        self._armed |= self._remembered
        self._news.set()

    async def _run(self, port: Port) -> None:
        try:
            await self._serve(port)
        except LinkLostError:
            return
        await port.hang_up()

    async def _serve(self, port: Port) -> None:
        """Returns when it is time to hang up."""
        patience = self.habits.idle
        given = 0
        while True:
            while (queue := self._next()) is not None:
                if given == self.habits.hang_up_after:
                    return
                uuid, value = queue[0]
                for _ in range(self.habits.repeats - 1):
                    await port.send(uuid, value)
                    await asyncio.sleep(CONNECTION_INTERVAL)
                await port.send(uuid, value)
                queue.popleft()
                given += 1
                self.sent(uuid, value)
                patience = self.habits.linger
            try:
                async with asyncio.timeout(patience):
                    await self._news.wait()
            except TimeoutError:
                return
            self._news.clear()

    def _next(self) -> deque[tuple[str, bytes]] | None:
        for queue in (self._procedure, self._live):
            if queue and self.may_send(queue[0][0]):
                return queue
        return None


def _information(model: str, serial: str, battery: int) -> dict[str, bytes]:
    return {
        MANUFACTURER: b"Virtual Home",
        MODEL: model.encode(),
        SERIAL_NUMBER: serial.encode(),
        FIRMWARE: b"1.0",
        BATTERY_LEVEL: bytes((battery,)),
    }
