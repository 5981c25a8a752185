"""Virtual cuffs and scales with standard services and habits of their own: A&D, Beurer, Xiaomi."""

from datetime import datetime
from typing import Unpack

from drivers.uuids import full
from gateway.simulator import frames, vendor_frames
from gateway.simulator.ble_devices import (
    BLOOD_PRESSURE,
    PRESSURE_FEATURE,
    PRESSURE_MEASUREMENT,
    WEIGHT_FEATURE,
    WEIGHT_MEASUREMENT,
    WEIGHT_SCALE,
)
from gateway.simulator.bluez.radio import AttError, Characteristic, Service
from gateway.simulator.broadcaster import Broadcaster
from gateway.simulator.peripheral import OUT_OF_RANGE, Common, VirtualDevice

DATE_TIME = full(0x2A08)
MI_BODY = full(0x181B)

NEVER_SET = datetime(2022, 1, 1)  # noqa: DTZ001 - a device's clock


class AndClock(VirtualDevice):
    """What A&D's devices share: Date Time inside the measuring service; what is measured before it is set has no date.

    `order` is what the hub did, in order: `clock` or `subscribe`.
    """

    def __init__(self, name: str, address: str, service: Service, *, clock_set: bool, **common: Unpack[Common]) -> None:
        super().__init__(name, address, service, **common)
        self.clock_set = clock_set
        self.order: list[str] = []

    def read(self, uuid: str) -> bytes:
        """The clock, or what any device tells."""
        if uuid != DATE_TIME:
            return super().read(uuid)
        self.refuse_if_told(uuid)
        return frames.date_time(self.clock()) if self.clock_set else bytes(7)

    def write(self, uuid: str, data: bytes) -> None:
        """The clock, or what any device takes."""
        if uuid != DATE_TIME:
            super().write(uuid, data)
            return
        self.refuse_if_told(uuid)
        if len(data) != 7:
            raise AttError(OUT_OF_RANGE)
        told = datetime(int.from_bytes(data[:2], "little"), *data[2:7])  # noqa: DTZ001
        self.skew = told - self._now()
        self.clock_set = True
        self.order.append("clock")

    def subscribe(self, uuid: str, on: bool) -> None:
        """The hub writes a CCCD."""
        super().subscribe(uuid, on)
        if on:
            self.order.append("subscribe")

    def now_if_set(self) -> datetime | None:
        """What a measurement made now is dated with."""
        return self.clock().replace(microsecond=0) if self.clock_set else None


class UA651BLE(AndClock):
    """A&D UA-651BLE: stored measurements first to last, failed ones among them; hangs up when all are told."""

    def __init__(
        self,
        name: str = "A&D_UA-651BLE_123456",
        address: str = "C0:00:00:00:01:06",
        *,
        clock_set: bool = True,
        needs_bond: bool = False,
        **common: Unpack[Common],
    ) -> None:
        measurement = Characteristic(PRESSURE_MEASUREMENT, ("indicate",), secure=needs_bond)
        feature = Characteristic(PRESSURE_FEATURE, ("read",))
        service = Service(BLOOD_PRESSURE, (measurement, feature, Characteristic(DATE_TIME, ("read", "write"))))
        super().__init__(name, address, service, clock_set=clock_set, **common)
        self.values[PRESSURE_FEATURE] = b"\x04\x00"

    def measure(self, systolic: int, diastolic: int, pulse: int = 61) -> None:
        """Somebody measured."""
        mean = (systolic + 2 * diastolic) // 3
        when = self.now_if_set()
        frame = frames.blood_pressure(systolic, diastolic, mean, when, pulse=pulse, status=0)
        self.queue(PRESSURE_MEASUREMENT, frame)

    def fail(self) -> None:
        """The cuff was too loose: a measurement with no number in it."""
        when = self.now_if_set()
        date = b"" if when is None else frames.date_time(when)
        flags = 0x14 | (when is not None) << 1
        self.queue(PRESSURE_MEASUREMENT, bytes((flags,)) + 3 * frames.NAN + date + frames.NAN + b"\x00\x00")


class UC352BLE(AndClock):
    """A&D UC-352BLE: weights, dated when its clock was set."""

    def __init__(
        self,
        name: str = "A&D_UC-352BLE_123456",
        address: str = "C0:00:00:00:01:07",
        *,
        clock_set: bool = True,
        **common: Unpack[Common],
    ) -> None:
        measurement, feature = (
            Characteristic(WEIGHT_MEASUREMENT, ("indicate",)),
            Characteristic(WEIGHT_FEATURE, ("read",)),
        )
        service = Service(WEIGHT_SCALE, (measurement, feature, Characteristic(DATE_TIME, ("read", "write"))))
        super().__init__(name, address, service, clock_set=clock_set, **common)
        self.values[WEIGHT_FEATURE] = bytes(4)

    def measure(self, kilograms: str) -> None:
        """Somebody stepped on it."""
        self.queue(WEIGHT_MEASUREMENT, frames.weight(kilograms, self.now_if_set()))


class BM54(VirtualDevice):
    """Beurer BM54: its whole memory at each contact, user after user, over a bond with a passkey; it waits for the hub
    to hang up. Mean pressure is 0. What is measured while `battery_changed` carries the default date."""

    def __init__(
        self,
        name: str = "BM54",
        address: str = "C0:00:00:00:01:08",
        *,
        needs_bond: bool = True,
        **common: Unpack[Common],
    ) -> None:
        measurement = Characteristic(PRESSURE_MEASUREMENT, ("indicate",), secure=needs_bond)
        service = Service(BLOOD_PRESSURE, (measurement, Characteristic(PRESSURE_FEATURE, ("read",))))
        super().__init__(name, address, service, **common)
        self.values[PRESSURE_FEATURE] = b"\x04\x00"
        self.battery_changed = False
        self._memory: tuple[list[bytes], list[bytes]] = ([], [])
        self._unread = False

    def measure(self, systolic: int, diastolic: int, when: datetime, *, user: int = 0, pulse: int = 79) -> None:
        """User 0 or 1 measured."""
        date = NEVER_SET if self.battery_changed else when
        frame = frames.blood_pressure(systolic, diastolic, 0, date, pulse=pulse, user=user, status=0)
        self._memory[user].append(frame)
        self._unread = True
        self.wake()

    @property
    def has_news(self) -> bool:
        """Whether somebody has measured since the memory was last told."""
        return self._unread

    def subscribe(self, uuid: str, on: bool) -> None:
        """The hub writes a CCCD: everything is told."""
        super().subscribe(uuid, on)
        if on and uuid == PRESSURE_MEASUREMENT:
            self.reply(*((uuid, frame) for user in self._memory for frame in user))

    def sent(self, uuid: str, value: bytes) -> None:
        """A value was confirmed."""
        super().sent(uuid, value)
        self._unread = value != self._memory_end()

    def _memory_end(self) -> bytes:
        return [frame for user in self._memory for frame in user][-1]


class MiBodyScale(Broadcaster):
    """Xiaomi Mi Body Composition Scale 2: the weight first, the impedance some seconds later, then the load is gone."""

    def __init__(self, name: str = "MIBCS", address: str = "C0:00:00:00:01:09", **common: Unpack[Common]) -> None:
        super().__init__(name, address, MI_BODY, **common)

    def step_on(self, raw: int, when: datetime, *, ohm: int | None = 503) -> None:
        """Somebody steps on it, in 1/200 kg, barefoot if `ohm`, and off again."""
        shown = [vendor_frames.mi_body_scale(raw - 400, when, stable=False), vendor_frames.mi_body_scale(raw, when)]
        if ohm is not None:
            shown.append(vendor_frames.mi_body_scale(raw, when, ohm=ohm))
        self.broadcast(*shown, vendor_frames.mi_body_scale(raw, when, ohm=ohm, removed=True))
