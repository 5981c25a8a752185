"""The virtual home's Bluetooth devices: pulse oximeter, blood pressure cuff, weight scale."""

from collections.abc import Callable
from datetime import datetime
from typing import TypedDict, Unpack

from drivers.uuids import full
from gateway.simulator.bluez.radio import AddressType, AttError, Characteristic, Service
from gateway.simulator.peripheral import Habits, VirtualDevice
from gateway.simulator.racp import answer

PULSE_OXIMETER, SPOT_CHECK, CONTINUOUS, PLX_FEATURES = full(0x1822), full(0x2A5E), full(0x2A5F), full(0x2A60)
BLOOD_PRESSURE, PRESSURE_MEASUREMENT, PRESSURE_FEATURE = full(0x1810), full(0x2A35), full(0x2A49)
WEIGHT_SCALE, WEIGHT_MEASUREMENT, WEIGHT_FEATURE = full(0x181D), full(0x2A9D), full(0x2A9E)
RECORD_ACCESS = full(0x2A52)

CCCD_IMPROPER = 0xFD
BUSY = 0xFE


class Common(TypedDict, total=False):
    """What every device may be given; see VirtualDevice."""

    habits: Habits
    address_type: AddressType
    passkey: int | None
    model: str
    serial: str
    battery: int
    now: Callable[[], datetime]


class Oximeter(VirtualDevice):
    """Pulse oximeter 0x1822: spot-checks as they are made, stored ones on request (PLXS 1.0.1, 3.1 and 3.4).

    `records` is its memory, oldest first; the hub may ask for all of it, and may empty it.
    """

    def __init__(self, name: str = "Oximeter", address: str = "C0:00:00:00:00:11", **common: Unpack[Common]) -> None:
        super().__init__(name, address, _PLX, **common)
        self.values[PLX_FEATURES] = b"\x0c\x00"
        self.records: list[bytes] = []
        self._unread = False

    def measure(self, *frames: bytes) -> None:
        """Spot-checks made just now (0x2A5E)."""
        self.queue(SPOT_CHECK, *frames)

    def stream(self, *frames: bytes) -> None:
        """Continuous values (0x2A5F)."""
        self.queue(CONTINUOUS, *frames)

    def store(self, *frames: bytes) -> None:
        """Spot-checks that go to memory, to be asked for."""
        self.records.extend(frames)
        self._unread = True
        self.wake()

    @property
    def has_news(self) -> bool:
        """Whether there is something to fetch."""
        return super().has_news or self._unread

    def write(self, uuid: str, data: bytes) -> None:
        """Record access, or what any device takes."""
        if uuid != RECORD_ACCESS:
            super().write(uuid, data)
            return
        self._refuse_if_told(uuid)
        if not (self.subscribed(RECORD_ACCESS) and self.subscribed(SPOT_CHECK)):
            raise AttError(CCCD_IMPROPER)
        result = answer(data, self.records)
        self.records = list(result.keep)
        self.reply(*((SPOT_CHECK, record) for record in result.records), (RECORD_ACCESS, result.response))

    def sent(self, uuid: str, value: bytes) -> None:
        """A value was confirmed; the answer to a request is not a measurement."""
        if uuid == RECORD_ACCESS:
            self._unread = False
        else:
            super().sent(uuid, value)


class Cuff(VirtualDevice):
    """Blood pressure cuff 0x1810: everything in its memory is indicated at each contact (BLS 1.1.1).

    With `needs_bond` its measurements can only be had over an encrypted link.
    """

    def __init__(
        self,
        name: str = "Cuff",
        address: str = "C0:00:00:00:00:12",
        *,
        needs_bond: bool = False,
        **common: Unpack[Common],
    ) -> None:
        measurement = Characteristic(PRESSURE_MEASUREMENT, ("indicate",), secure=needs_bond)
        service = Service(BLOOD_PRESSURE, (measurement, Characteristic(PRESSURE_FEATURE, ("read",))))
        super().__init__(name, address, service, **common)
        self.values[PRESSURE_FEATURE] = b"\x00\x00"

    def measure(self, *frames: bytes) -> None:
        """Measurements (0x2A35), made just now or long ago: they differ in their time only."""
        self.queue(PRESSURE_MEASUREMENT, *frames)


class Scale(VirtualDevice):
    """Weight scale 0x181D: on the air only while there is a weight to give (WSS 1.0)."""

    def __init__(self, name: str = "Scale", address: str = "C0:00:00:00:00:13", **common: Unpack[Common]) -> None:
        super().__init__(name, address, _WEIGHT, **common)
        self.values[WEIGHT_FEATURE] = b"\x00\x00\x00\x00"

    def measure(self, *frames: bytes) -> None:
        """Somebody stepped on it (0x2A9D)."""
        self.queue(WEIGHT_MEASUREMENT, *frames)


_PLX = Service(
    PULSE_OXIMETER,
    (
        Characteristic(SPOT_CHECK, ("indicate",)),
        Characteristic(CONTINUOUS, ("notify",)),
        Characteristic(PLX_FEATURES, ("read",)),
        Characteristic(RECORD_ACCESS, ("write", "indicate")),
    ),
)
_WEIGHT = Service(
    WEIGHT_SCALE, (Characteristic(WEIGHT_MEASUREMENT, ("indicate",)), Characteristic(WEIGHT_FEATURE, ("read",)))
)
