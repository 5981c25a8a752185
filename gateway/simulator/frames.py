"""What virtual devices send: values put into the bytes of the standard characteristics. Pure.

Layouts: Bluetooth SIG GATT Specification Supplement. Written apart from the drivers' decoders on purpose: an encoder
that shared their mistakes would hide them.
"""

from datetime import datetime
from decimal import Decimal

Number = Decimal | int | str

NAN = b"\xff\x07"


def sfloat(value: Number) -> bytes:
    """IEEE 11073 16-bit float with as many decimals as the value is written with (ValueError if it does not fit)."""
    mantissa, exponent = _parts(value, limit=2047)
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
