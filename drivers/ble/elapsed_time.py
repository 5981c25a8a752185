"""Elapsed Time 2BF2: the clock of generic health sensors (GATT Specification Supplement, Elapsed Time Service)."""

from datetime import datetime, timedelta
from decimal import Decimal

from drivers.api import Facts
from drivers.cursor import Cursor

_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - UTC or local as the flags say
_RESOLUTION = (Decimal(1), Decimal("0.1"), Decimal("0.001"), Decimal("0.0001"))


def elapsed_time(data: bytes) -> Facts:
    """The device's clock as facts: 9 bytes as in a record, or 11 with clock status and capabilities.

    `elapsed_time` is the instant told (ISO 8601, UTC if `elapsed_utc`), None for a tick counter.
    """
    cursor = Cursor(data)
    flags, ticks, source, quarters = cursor.u8(), cursor.u48(), cursor.u8(), cursor.i8()
    resolution = _RESOLUTION[flags >> 2 & 3]
    counter = bool(flags & 1)
    facts: dict[str, object] = {
        "elapsed_counter": counter,
        "elapsed_utc": bool(flags & 2),
        "elapsed_resolution_s": resolution,
        "elapsed_offset_used": bool(flags & 16),
        "elapsed_current_timeline": bool(flags & 32),
        "elapsed_value": ticks,
        "elapsed_source": source,
        "elapsed_offset_quarters": quarters,
        "elapsed_time": None if counter else _instant(ticks * resolution),
    }
    if cursor.left():
        facts |= {"elapsed_status": cursor.u8(), "elapsed_capabilities": cursor.u8()}
    return facts


def _instant(seconds: Decimal) -> str | None:
    try:
        return (_EPOCH + timedelta(microseconds=int(seconds * 1_000_000))).isoformat()
    except OverflowError:
        return None
