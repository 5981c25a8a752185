"""Dates that instruments on serial lines tell, in parts."""

from datetime import datetime

from drivers.ble.device_time import is_default
from drivers.draft import Draft


def moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime | None:
    """The naive time; None where there is no such time."""
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - a device's time has no zone
    except ValueError:
        return None


def read_parts(draft: Draft, raw: bytes, *parts: int) -> None:
    """Gives a measurement the device's time: year, month, day, hour, minute and perhaps second, told in `raw`.

    Faults: `impossible-date`, `default-date` (a clock never set).
    """
    time = moment(*parts)
    told = "{:04d}-{:02d}-{:02d}T".format(*parts) + ":".join(f"{part:02d}" for part in parts[3:])
    fault = "impossible-date" if time is None else "default-date" if is_default(time) else None
    draft.time(time, raw, fault, told)


def bcd(byte: int) -> int:
    """Two decimal digits in a byte; 255 where they are none, which no part of a date can be."""
    high, low = byte >> 4, byte & 15
    return high * 10 + low if high < 10 > low else 255
