"""Enhanced Blood Pressure Measurement 2B34 and Enhanced Intermediate Cuff Pressure 2B35.

GATT Specification Supplement. Times are seconds since an epoch that flag bit 6 chooses: 1900, or 2000.
"""

from datetime import datetime, timedelta

from drivers.api import Measurement
from drivers.ble.device_time import is_default
from drivers.ble.pressure import read_cuff_pressure, read_pressures, read_rest
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.uuids import full

ENHANCED = full(0x2B34)
ENHANCED_INTERMEDIATE = full(0x2B35)

_EPOCHS = (datetime.fromisoformat("1900-01-01"), datetime.fromisoformat("2000-01-01"))


def enhanced(data: bytes) -> Measurement:
    """Decodes a measurement; `device_time` is its time stamp, the user facing time is reported in `detail`."""
    cursor, draft, flags = _begin(data)
    failed = read_pressures(draft, cursor, flags)
    _end(draft, cursor, flags)
    return draft.done(cursor, failed)


def enhanced_cuff_pressure(data: bytes) -> Measurement:
    """Decodes an intermediate value."""
    cursor, draft, flags = _begin(data)
    read_cuff_pressure(draft, cursor, flags)
    _end(draft, cursor, flags)
    return draft.done(cursor)


def enhanced_intermediate(data: bytes) -> None:
    """A cuff being pumped is no reading: checks the frame and gives nothing."""
    enhanced_cuff_pressure(data)


def _begin(data: bytes) -> tuple[Cursor, Draft, int]:
    cursor, draft = Cursor(data), Draft("blood-pressure")
    flags = cursor.u8()
    draft.reserved(flags, 0x7F)
    return cursor, draft, flags


def _end(draft: Draft, cursor: Cursor, flags: int) -> None:
    epoch = _EPOCHS[flags >> 6 & 1]
    draft.detail["epoch"] = str(epoch.year)
    if flags & 2:
        seconds = cursor.u32()
        time = epoch + timedelta(seconds=seconds)
        raw = seconds.to_bytes(4, "little")
        draft.time(time, raw, "default-date" if is_default(time) else None, time.isoformat())
        draft.detail["timestamp_seconds"] = seconds
    read_rest(draft, cursor, flags)
    if flags & 32:
        seconds = cursor.u32()
        draft.detail["user_facing_seconds"] = seconds
        draft.detail["user_facing_time"] = (epoch + timedelta(seconds=seconds)).isoformat()
