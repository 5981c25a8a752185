"""Device time: Date Time 2A08, Current Time 2A2B, Local Time Information 2A0F and Reference Time Information 2A14.

GATT Specification Supplement: Date Time, Day Date Time, Exact Time 256, Current Time, Local Time Information,
Reference Time Information. All of it is the device's local time, without zone.
"""

from dataclasses import dataclass
from datetime import datetime

from drivers.api import Clock, Facts
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.uuids import full

_ADJUSTED_BY_HAND = 0x01
# Clocks that were never set start on 1 January of the year of the firmware, or of an epoch. Nobody's readings of those
# days reach a hub of this project.
_FIRST_YEAR_OF_USE = 2026
# What the field may hold (1582 to 9999) is more than what a clock in a home can show.
_YEARS = range(1900, 2100)
_DST = {0: "standard", 2: "+0.5h", 4: "+1h", 8: "+2h", 255: "unknown"}
_SOURCES = ("unknown", "ntp", "gps", "radio", "manual", "atomic", "cellular", "not-synchronised")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A date as a device told it. `time` is None where it is no possible date; `fault` says why not to use it."""

    time: datetime | None
    raw: bytes
    fault: str | None
    told: str


@dataclass(frozen=True, slots=True)
class CurrentTime:
    """Current Time as told: day of week 1 Monday to 7 Sunday (0 unknown), fractions of 1/256 s, adjust reason bits."""

    stamp: Stamp
    day_of_week: int
    fractions256: int
    adjust_reason: int


def date_time(cursor: Cursor) -> Stamp:
    """Reads the 7 bytes of a Date Time; any bytes give a stamp, unusable ones with a fault.

    Faults: `date-unknown` (year, month or day is 0), `impossible-date`, `default-date` (a clock never set).
    """
    raw = cursor.take(7)
    year, month, day, hour, minute, second = raw[0] | raw[1] << 8, *raw[2:]
    told = f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}"
    try:
        if year and year not in _YEARS:
            raise ValueError(year)
        time = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - a device's time has no zone
    except ValueError:
        unknown = not (year and month and day) and month <= 12 and day <= 31 and hour < 24 and minute < 60 > second
        return Stamp(None, raw, "date-unknown" if unknown else "impossible-date", told)
    return Stamp(time, raw, "default-date" if is_default(time) else None, told)


def is_default(time: datetime) -> bool:
    """Whether this is the date of a clock that was never set."""
    return time.month == 1 and time.day == 1 and time.year < _FIRST_YEAR_OF_USE


def read_time(draft: Draft, cursor: Cursor) -> None:
    """Reads a Date Time into a measurement."""
    stamp = date_time(cursor)
    draft.time(stamp.time, stamp.raw, stamp.fault, stamp.told)


def _decode_date_time(data: bytes) -> datetime | None:
    return date_time(Cursor(data)).time


def _encode_date_time(time: datetime) -> bytes:
    return time.year.to_bytes(2, "little") + bytes((time.month, time.day, time.hour, time.minute, time.second))


def current_time(data: bytes) -> CurrentTime:
    """Decodes Current Time."""
    cursor = Cursor(data)
    return CurrentTime(date_time(cursor), *cursor.take(3))


def _decode_current_time(data: bytes) -> datetime | None:
    now = current_time(data)
    return now.stamp.time and now.stamp.time.replace(microsecond=now.fractions256 * 1_000_000 // 256)


def _encode_current_time(time: datetime) -> bytes:
    fractions = time.microsecond * 256 // 1_000_000
    return _encode_date_time(time) + bytes((time.isoweekday(), fractions, _ADJUSTED_BY_HAND))


DATE_TIME = Clock(full(0x2A08), _decode_date_time, _encode_date_time)
CURRENT_TIME = Clock(full(0x2A2B), _decode_current_time, _encode_current_time)


def local_time_information(data: bytes) -> Facts:
    """Local Time Information: offset of standard time from UTC (minutes, None: unknown) and daylight saving."""
    cursor = Cursor(data)
    quarters, dst = cursor.i8(), cursor.u8()
    known = -48 <= quarters <= 56
    return {
        "zone_offset_min": None if quarters == -128 else quarters * 15,
        "zone_valid": (known or quarters == -128) and dst in _DST,
        "zone_dst": _DST.get(dst, "reserved"),
    }


def reference_time_information(data: bytes) -> Facts:
    """Reference Time Information: what the device's clock was set by, how well (seconds), and how long ago (hours)."""
    source, accuracy, days, hours = Cursor(data).take(4)
    return {
        "clock_source": _SOURCES[source] if source < len(_SOURCES) else "reserved",
        "clock_accuracy_s": None if accuracy >= 254 else accuracy / 8,
        "clock_set_hours_ago": None if 255 in (days, hours) else days * 24 + hours,
    }
