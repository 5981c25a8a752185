"""More virtual Bluetooth devices: thermometer, heart rate strap, glucose meter, body composition scale."""

from typing import Unpack

from drivers.uuids import full
from gateway.simulator.ble_devices import WEIGHT_FEATURE, WEIGHT_MEASUREMENT, WEIGHT_SCALE
from gateway.simulator.bluez.radio import AttError, Characteristic, Port, Service
from gateway.simulator.peripheral import Common, VirtualDevice
from gateway.simulator.record_device import RECORD_ACCESS, RecordDevice

THERMOMETER, TEMPERATURE, TEMPERATURE_TYPE = full(0x1809), full(0x2A1C), full(0x2A1D)
INTERMEDIATE_TEMPERATURE = full(0x2A1E)
HEART_RATE_SERVICE, HEART_RATE, SENSOR_LOCATION = full(0x180D), full(0x2A37), full(0x2A38)
GLUCOSE_SERVICE, GLUCOSE, GLUCOSE_CONTEXT, GLUCOSE_FEATURE = full(0x1808), full(0x2A18), full(0x2A34), full(0x2A51)
BODY_COMPOSITION_SERVICE, BODY_COMPOSITION, BODY_FEATURE = full(0x181B), full(0x2A9C), full(0x2A9B)
USER_DATA, USER_CONTROL, DATABASE_INCREMENT = full(0x181C), full(0x2A9F), full(0x2A99)
DATE_OF_BIRTH, GENDER, HEIGHT = full(0x2A85), full(0x2A8C), full(0x2A8E)

REGISTER, CONSENT, CONTROL_RESPONSE = 0x01, 0x02, 0x20
SUCCESS, OPCODE_UNKNOWN, PARAMETER_INVALID, NOT_AUTHORISED = 0x01, 0x02, 0x03, 0x05
CCCD_IMPROPER = 0xFD


class Thermometer(VirtualDevice):
    """Health thermometer 0x1809: intermediate values while it measures, then the measurement (HTS 1.0)."""

    def __init__(self, name: str = "Thermometer", address: str = "C0:00:00:00:00:14", **common: Unpack[Common]) -> None:
        super().__init__(name, address, _THERMOMETER, **common)
        self.values[TEMPERATURE_TYPE] = b"\x09"

    def measure(self, *frames: bytes) -> None:
        """Finished measurements (0x2A1C)."""
        self.queue(TEMPERATURE, *frames)

    def rise(self, *frames: bytes) -> None:
        """Values on the way (0x2A1E); only a hub that subscribed to them can get past them."""
        self.queue(INTERMEDIATE_TEMPERATURE, *frames)


class HeartRateStrap(VirtualDevice):
    """Heart rate sensor 0x180D: notifies as long as it is worn (HRS 1.0)."""

    def __init__(self, name: str = "Heart rate", address: str = "C0:00:00:00:00:15", **common: Unpack[Common]) -> None:
        super().__init__(name, address, _HEART_RATE, **common)
        self.values[SENSOR_LOCATION] = b"\x01"

    def measure(self, *frames: bytes) -> None:
        """Beats (0x2A37)."""
        self.queue(HEART_RATE, *frames)


class GlucoseMeter(RecordDevice):
    """Glucose meter 0x1808: everything goes to memory and is asked for, by sequence number if wanted (GLS 1.0.1)."""

    def __init__(
        self, name: str = "Glucose meter", address: str = "C0:00:00:00:00:16", **common: Unpack[Common]
    ) -> None:
        super().__init__(name, address, _GLUCOSE, number_of=_sequence_number, **common)
        self.values[GLUCOSE_FEATURE] = b"\x00\x00"

    def measure(self, measurement: bytes, context: bytes | None = None) -> None:
        """A drop of blood: a measurement (0x2A18), perhaps with its context (0x2A34)."""
        record = [(GLUCOSE, measurement)]
        if context is not None:
            record.append((GLUCOSE_CONTEXT, context))
        self.remember(record)


class BodyScale(VirtualDevice):
    """Scale with weight 0x181D, body composition 0x181B and users 0x181C: silent until a user consents (UDS 1.1).

    `users` maps a user index to its consent code; `user` is who has consented on this link.
    """

    def __init__(self, name: str = "Body scale", address: str = "C0:00:00:00:00:17", **common: Unpack[Common]) -> None:
        super().__init__(name, address, _BODY_WEIGHT, _BODY, _USERS, **common)
        self.advertised = (WEIGHT_SCALE, BODY_COMPOSITION_SERVICE)
        self.users: dict[int, int] = {}
        self.user: int | None = None
        self.values |= {WEIGHT_FEATURE: b"\x02\x00\x00\x00", BODY_FEATURE: b"\x02\x03\x00\x00"}
        empty = {DATABASE_INCREMENT: bytes(4), DATE_OF_BIRTH: bytes(4), GENDER: b"\xff", HEIGHT: bytes(2)}
        self.values |= empty
        self.settable = set(empty)

    def measure(self, weight: bytes, *composition: bytes) -> None:
        """Somebody stepped on it: a weight (0x2A9D), then its composition (0x2A9C) in one packet or more."""
        self.queue(WEIGHT_MEASUREMENT, weight)
        self.queue(BODY_COMPOSITION, *composition)

    def linked_by(self, port: Port) -> None:
        """A hub has connected; consent is given anew on each link."""
        self.user = None
        super().linked_by(port)

    def may_send(self, uuid: str) -> bool:
        """Measurements go out to a consented user only."""
        return super().may_send(uuid) and (uuid == USER_CONTROL or self.user is not None)

    def write(self, uuid: str, data: bytes) -> None:
        """The user control point, or what any device takes."""
        if uuid != USER_CONTROL:
            super().write(uuid, data)
            return
        self.refuse_if_told(uuid)
        if not self.subscribed(USER_CONTROL):
            raise AttError(CCCD_IMPROPER)
        opcode = data[0] if data else 0
        self.reply((USER_CONTROL, bytes((CONTROL_RESPONSE, opcode)) + self._control(opcode, data[1:])))

    def sent(self, uuid: str, value: bytes) -> None:
        """A value was confirmed; the answer to a request is not a measurement."""
        if uuid != USER_CONTROL:
            super().sent(uuid, value)

    def _control(self, opcode: int, parameter: bytes) -> bytes:
        if opcode == REGISTER and len(parameter) == 2:
            index = max(self.users, default=0) + 1
            self.users[index] = int.from_bytes(parameter, "little")
            return bytes((SUCCESS, index))
        if opcode == CONSENT and len(parameter) == 3:
            return bytes((self._consent(parameter[0], int.from_bytes(parameter[1:], "little")),))
        return bytes((PARAMETER_INVALID if opcode in {REGISTER, CONSENT} else OPCODE_UNKNOWN,))

    def _consent(self, index: int, code: int) -> int:
        if self.users.get(index) != code:
            return NOT_AUTHORISED
        self.user = index
        return SUCCESS


def _sequence_number(record: bytes) -> int:
    return int.from_bytes(record[1:3], "little")


_THERMOMETER = Service(
    THERMOMETER,
    (
        Characteristic(TEMPERATURE, ("indicate",)),
        Characteristic(INTERMEDIATE_TEMPERATURE, ("notify",)),
        Characteristic(TEMPERATURE_TYPE, ("read",)),
    ),
)
_HEART_RATE = Service(
    HEART_RATE_SERVICE, (Characteristic(HEART_RATE, ("notify",)), Characteristic(SENSOR_LOCATION, ("read",)))
)
_GLUCOSE = Service(
    GLUCOSE_SERVICE,
    (
        Characteristic(GLUCOSE, ("notify",)),
        Characteristic(GLUCOSE_CONTEXT, ("notify",)),
        Characteristic(GLUCOSE_FEATURE, ("read",)),
        Characteristic(RECORD_ACCESS, ("write", "indicate")),
    ),
)
_BODY_WEIGHT = Service(
    WEIGHT_SCALE, (Characteristic(WEIGHT_MEASUREMENT, ("indicate",)), Characteristic(WEIGHT_FEATURE, ("read",)))
)
_BODY = Service(
    BODY_COMPOSITION_SERVICE,
    (Characteristic(BODY_COMPOSITION, ("indicate",)), Characteristic(BODY_FEATURE, ("read",))),
)
_USERS = Service(
    USER_DATA,
    (
        Characteristic(USER_CONTROL, ("write", "indicate")),
        *(Characteristic(uuid, ("read", "write")) for uuid in (DATABASE_INCREMENT, DATE_OF_BIRTH, GENDER, HEIGHT)),
    ),
)
