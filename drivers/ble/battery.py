"""Battery: level 2A19 and level status 2BED (GATT Specification Supplement, Battery Level and Battery Level Status)."""

from drivers.api import Facts
from drivers.cursor import Cursor

_CHARGE = ("unknown", "good", "low", "critical")


def battery_level(data: bytes) -> Facts:
    """`battery` in percent; above 100 is reserved and tells nothing."""
    percent = Cursor(data).u8()
    return {"battery": percent} if percent <= 100 else {}


def battery_level_status(data: bytes) -> Facts:
    """`battery_charge` (unknown, good, low, critical), `battery_fault` (bits), and `battery` where it is included."""
    cursor = Cursor(data)
    flags, state = cursor.u8(), cursor.u16()
    facts: dict[str, object] = {"battery_charge": _CHARGE[state >> 7 & 3], "battery_fault": state >> 12 & 7}
    if flags & 1:
        cursor.u16()
    if flags & 2:
        facts |= battery_level(cursor.take(1))
    return facts
