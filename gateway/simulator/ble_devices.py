"""The virtual home's Bluetooth devices: pulse oximeter, blood pressure cuff, weight scale."""

from typing import Unpack

from drivers.uuids import full
from gateway.simulator.bluez.radio import Characteristic, Port, Service
from gateway.simulator.peripheral import Common, VirtualDevice
from gateway.simulator.record_device import RECORD_ACCESS, RecordDevice

PULSE_OXIMETER, SPOT_CHECK, CONTINUOUS, PLX_FEATURES = full(0x1822), full(0x2A5E), full(0x2A5F), full(0x2A60)
BLOOD_PRESSURE, PRESSURE_MEASUREMENT, PRESSURE_FEATURE = full(0x1810), full(0x2A35), full(0x2A49)
WEIGHT_SCALE, WEIGHT_MEASUREMENT, WEIGHT_FEATURE = full(0x181D), full(0x2A9D), full(0x2A9E)


class Oximeter(RecordDevice):
    """Pulse oximeter 0x1822: spot-checks as they are made, stored ones on request (PLXS 1.0.1, 3.1 and 3.4)."""

    def __init__(self, name: str = "Oximeter", address: str = "C0:00:00:00:00:11", **common: Unpack[Common]) -> None:
        super().__init__(name, address, _PLX, **common)
        self.values[PLX_FEATURES] = b"\x0c\x00"

    def measure(self, *frames: bytes) -> None:
        """Spot-checks made just now (0x2A5E)."""
        self.queue(SPOT_CHECK, *frames)

    def stream(self, *frames: bytes) -> None:
        """Continuous values (0x2A5F)."""
        self.queue(CONTINUOUS, *frames)

    def store(self, *frames: bytes) -> None:
        """Spot-checks that go to memory, to be asked for."""
        self.remember(*(((SPOT_CHECK, frame),) for frame in frames))


class Cuff(VirtualDevice):
    """Blood pressure cuff 0x1810: everything in its memory is indicated at each contact (BLS 1.1.1).

    With `needs_bond` its measurements can only be had over an encrypted link. With `keeps_memory` it never forgets what
    was confirmed, and gives all of it again each time.
    """

    def __init__(
        self,
        name: str = "Cuff",
        address: str = "C0:00:00:00:00:12",
        *,
        needs_bond: bool = False,
        keeps_memory: bool = False,
        **common: Unpack[Common],
    ) -> None:
        measurement = Characteristic(PRESSURE_MEASUREMENT, ("indicate",), secure=needs_bond)
        service = Service(BLOOD_PRESSURE, (measurement, Characteristic(PRESSURE_FEATURE, ("read",))))
        super().__init__(name, address, service, **common)
        self.values[PRESSURE_FEATURE] = b"\x00\x00"
        self.keeps_memory = keeps_memory
        self._memory: list[bytes] = []

    def measure(self, *frames: bytes) -> None:
        """Measurements (0x2A35), made just now or long ago: they differ in their time only."""
        self.queue(PRESSURE_MEASUREMENT, *frames)

    def linked_by(self, port: Port) -> None:
        """A hub has connected."""
        if self.keeps_memory:
            self.put_back(*((PRESSURE_MEASUREMENT, frame) for frame in self._memory))
            self._memory.clear()
        super().linked_by(port)

    def sent(self, uuid: str, value: bytes) -> None:
        """A value was confirmed."""
        super().sent(uuid, value)
        self._memory.append(value)


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
