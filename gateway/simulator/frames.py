"""What virtual devices send: values put into the bytes of the standard characteristics. Pure.

Layouts: Bluetooth SIG GATT Specification Supplement. Written apart from the drivers' decoders on purpose: an encoder
that shared their mistakes would hide them.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

Number = Decimal | int | str

NAN = b"\xff\x07"


def sfloat(value: Number) -> bytes:
    """IEEE 11073 16-bit float with as many decimals as the value is written with (ValueError if it does not fit)."""
    mantissa, exponent = _parts(value, limit=2045)
    return ((exponent & 0xF) << 12 | mantissa & 0xFFF).to_bytes(2, "little")


def float32(value: Number) -> bytes:
    """IEEE 11073 32-bit float with as many decimals as the value is written with (ValueError if it does not fit)."""
    mantissa, exponent = _parts(value, limit=8388605)
    return ((exponent & 0xFF) << 24 | mantissa & 0xFFFFFF).to_bytes(4, "little")


def date_time(when: datetime) -> bytes:
    """Date Time 0x2A08: the device's own wall time, no zone."""
    return when.year.to_bytes(2, "little") + bytes((when.month, when.day, when.hour, when.minute, when.second))


def current_time(when: datetime) -> bytes:
    """Current Time 0x2A2B: date time, day of week, 1/256 s, no adjust reason."""
    return date_time(when) + bytes((when.isoweekday(), when.microsecond * 256 // 1_000_000, 0))


def read_current_time(data: bytes) -> datetime:
    """The time a hub writes to 0x2A2B; ValueError if it is not one."""
    if len(data) != 10:
        raise ValueError("Current Time has ten bytes")
    year = int.from_bytes(data[:2], "little")
    month, day, hour, minute, second = data[2:7]
    whole = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 (a device's clock has no zone)
    return whole.replace(microsecond=data[8] * 1_000_000 // 256)


def spot_check(
    spo2: Number,
    pulse: Number,
    when: datetime | None = None,
    *,
    status: int | None = None,
    sensor: int | None = None,
    clock_not_set: bool = False,
) -> bytes:
    """PLX Spot-Check Measurement 0x2A5E: %, beats a minute, measurement status, device and sensor status."""
    flags = (when is not None) | (status is not None) << 1 | (sensor is not None) << 2 | clock_not_set << 4
    frame = bytes((flags,)) + sfloat(spo2) + sfloat(pulse)
    return frame + _time(when) + _word(status, 2) + _word(sensor, 3)


def continuous(spo2: Number, pulse: Number, *, status: int | None = None) -> bytes:
    """PLX Continuous Measurement 0x2A5F: %, beats a minute, measurement status."""
    return bytes(((status is not None) << 2,)) + sfloat(spo2) + sfloat(pulse) + _word(status, 2)


def blood_pressure(
    systolic: Number,
    diastolic: Number,
    mean: Number | None = None,
    when: datetime | None = None,
    *,
    pulse: Number | None = None,
    user: int | None = None,
    status: int | None = None,
) -> bytes:
    """Blood Pressure Measurement 0x2A35 in mmHg; without a mean it is sent as not a number."""
    flags = (when is not None) << 1 | (pulse is not None) << 2 | (user is not None) << 3 | (status is not None) << 4
    pressures = sfloat(systolic) + sfloat(diastolic) + (sfloat(mean) if mean is not None else NAN)
    beats = sfloat(pulse) if pulse is not None else b""
    return bytes((flags,)) + pressures + _time(when) + beats + _word(user, 1) + _word(status, 2)


def failed_blood_pressure(when: datetime | None = None) -> bytes:
    """A measurement that did not succeed: every pressure is not a number."""
    return bytes(((when is not None) << 1,)) + 3 * NAN + _time(when)


def weight(
    kilograms: Number,
    when: datetime | None = None,
    *,
    user: int | None = None,
    bmi: Number | None = None,
    height: Number | None = None,
) -> bytes:
    """Weight Measurement 0x2A9D: 0.005 kg, user index, body mass index in 0.1 with height in m."""
    flags = (when is not None) << 1 | (user is not None) << 2 | (bmi is not None) << 3
    frame = bytes((flags,)) + _scaled(kilograms, "0.005") + _time(when) + _word(user, 1)
    if bmi is not None:
        frame += _scaled(bmi, "0.1") + _scaled(height if height is not None else 0, "0.001")
    return frame


def temperature(celsius: Number, when: datetime | None = None, *, site: int | None = None) -> bytes:
    """Temperature Measurement 0x2A1C and Intermediate Temperature 0x2A1E: degrees Celsius, site of the body."""
    flags = (when is not None) << 1 | (site is not None) << 2
    return bytes((flags,)) + float32(celsius) + _time(when) + _word(site, 1)


def heart_rate(beats: int, *, contact: bool | None = None, intervals: Sequence[int] = ()) -> bytes:
    """Heart Rate Measurement 0x2A37: beats a minute, skin contact (None: not known), RR intervals in 1/1024 s."""
    wide = beats > 0xFF
    skin = 0 if contact is None else 0b100 | contact << 1
    frame = bytes((wide | skin | bool(intervals) << 4,)) + beats.to_bytes(2 if wide else 1, "little")
    return frame + b"".join(interval.to_bytes(2, "little") for interval in intervals)


def glucose(
    number: int,
    when: datetime,
    millimoles: Number | None = None,
    *,
    offset: int | None = None,
    place: int = 0x11,
    status: int | None = None,
    context: bool = False,
) -> bytes:
    """Glucose Measurement 0x2A18: sequence number, base time, minutes of offset, mmol/L, type and location, status."""
    flags = (offset is not None) | (millimoles is not None) << 1 | (status is not None) << 3 | context << 4
    frame = bytes((flags | 0b100,)) + number.to_bytes(2, "little") + date_time(when)
    if offset is not None:
        frame += offset.to_bytes(2, "little", signed=True)
    if millimoles is not None:
        frame += sfloat(Decimal(millimoles).scaleb(-3)) + bytes((place,))
    return frame + _word(status, 2)


def glucose_context(number: int, *, meal: int | None = None) -> bytes:
    """Glucose Measurement Context 0x2A34: sequence number of the measurement it belongs to, meal."""
    return bytes(((meal is not None) << 1,)) + number.to_bytes(2, "little") + _word(meal, 1)


def body_composition(
    fat: Number,
    when: datetime | None = None,
    *,
    user: int | None = None,
    water: Number | None = None,
    ohms: Number | None = None,
    kilograms: Number | None = None,
    part: bool = False,
) -> bytes:
    """Body Composition Measurement 0x2A9C: fat in %, user, water mass in kg, impedance in ohm, weight in kg.

    `part` marks one packet of a measurement that takes several.
    """
    given = {1: when, 2: user, 8: water, 9: ohms, 10: kilograms, 12: part or None}
    flags = sum(1 << bit for bit, value in given.items() if value is not None)
    frame = flags.to_bytes(2, "little") + _scaled(fat, "0.1") + _time(when) + _word(user, 1)
    for value, unit in ((water, "0.005"), (ohms, "0.1"), (kilograms, "0.005")):
        if value is not None:
            frame += _scaled(value, unit)
    return frame


def mi_scale(kilograms: Number, when: datetime, *, stable: bool = True, removed: bool = False) -> bytes:
    """Service data 0x181D of the Xiaomi Mi Smart Scale: state, weight in 1/200 kg, time (a vendor's own layout)."""
    return bytes((stable << 5 | removed << 7,)) + _scaled(kilograms, "0.005") + date_time(when)


def _time(when: datetime | None) -> bytes:
    return b"" if when is None else date_time(when)


def _word(value: int | None, size: int) -> bytes:
    return b"" if value is None else value.to_bytes(size, "little")


def _scaled(value: Number, unit: str) -> bytes:
    return int((Decimal(value) / Decimal(unit)).to_integral_value()).to_bytes(2, "little")


def _parts(value: Number, limit: int) -> tuple[int, int]:
    number = Decimal(value)
    written = number.as_tuple().exponent
    if not isinstance(written, int):
        raise ValueError(f"{value} is not a number")
    exponent = min(written, 0)
    mantissa = int(number.scaleb(-exponent))
    if abs(mantissa) > limit or exponent < -8:
        raise ValueError(f"{value} has too many digits")
    return mantissa, exponent
