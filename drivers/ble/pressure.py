"""Blood Pressure Measurement 2A35, Intermediate Cuff Pressure 2A36, and the fields they share with the enhanced ones.

GATT Specification Supplement; field behaviour from captures of Beurer, A&D and others.
"""

from drivers.api import Measurement
from drivers.ble.device_time import read_time
from drivers.cursor import Cursor
from drivers.draft import Draft, named_bits
from drivers.floats import Special, sfloat
from drivers.quantities import (
    CUFF_PRESSURE,
    CUFF_PRESSURE_KPA,
    DIASTOLIC,
    DIASTOLIC_KPA,
    MEAN,
    MEAN_KPA,
    PULSE_CUFF,
    SYSTOLIC,
    SYSTOLIC_KPA,
)

_PRESSURES = ((SYSTOLIC, DIASTOLIC, MEAN), (SYSTOLIC_KPA, DIASTOLIC_KPA, MEAN_KPA))
_STATUS = {0: "body-movement", 1: "cuff-too-loose", 2: "irregular-pulse", 5: "improper-position"}
_PULSE_RANGE = (None, "pulse-above-upper-limit", "pulse-below-lower-limit", "pulse-range-reserved")


def measurement(data: bytes) -> Measurement:
    """Decodes a measurement; failed where none of the pressures is a number."""
    cursor, draft = Cursor(data), Draft("blood-pressure")
    flags = cursor.u8()
    draft.reserved(flags, 0x1F)
    failed = read_pressures(draft, cursor, flags)
    if flags & 2:
        read_time(draft, cursor)
    read_rest(draft, cursor, flags)
    return draft.done(cursor, failed)


def cuff_pressure(data: bytes) -> Measurement:
    """Decodes an intermediate value; the two unused pressures are ignored whatever they are."""
    cursor, draft = Cursor(data), Draft("blood-pressure")
    flags = cursor.u8()
    draft.reserved(flags, 0x1F)
    read_cuff_pressure(draft, cursor, flags)
    cursor.take(4)
    if flags & 2:
        read_time(draft, cursor)
    read_rest(draft, cursor, flags)
    return draft.done(cursor)


def intermediate(data: bytes) -> None:
    """A cuff being pumped is no reading: checks the frame and gives nothing."""
    cuff_pressure(data)


def read_pressures(draft: Draft, cursor: Cursor, flags: int) -> str | None:
    """Reads systolic, diastolic and mean; returns why the measurement failed, None if it did not.

    A mean of 0 is a cuff that computes none: absent. Systolic at or below diastolic is no pressure of anybody.
    """
    systolic, diastolic, mean = sfloat(cursor), sfloat(cursor), sfloat(cursor)
    draft.detail["mean_zero"] = mean == 0
    numbers = (systolic, diastolic, Special.NAN if mean == 0 else mean)
    for quantity, number in zip(_PRESSURES[flags & 1], numbers, strict=True):
        draft.value(quantity, number)
    if isinstance(systolic, Special) or isinstance(diastolic, Special):
        draft.lower("invalid")
    elif systolic <= diastolic:
        draft.doubt()
    return "measurement-failed" if all(isinstance(n, Special) for n in (systolic, diastolic, mean)) else None


def read_cuff_pressure(draft: Draft, cursor: Cursor, flags: int) -> None:
    """Reads the pressure of a cuff that is being pumped."""
    draft.value(CUFF_PRESSURE_KPA if flags & 1 else CUFF_PRESSURE, sfloat(cursor))


def read_rest(draft: Draft, cursor: Cursor, flags: int) -> None:
    """Reads pulse (bit 2), user (bit 3) and status (bit 4) as the flags announce them."""
    if flags & 4:
        draft.value(PULSE_CUFF, sfloat(cursor))
    if flags & 8:
        draft.user_slot(cursor.u8())
    if flags & 16:
        _status(draft, cursor.u16())


def _status(draft: Draft, word: int) -> None:
    pulse_range = _PULSE_RANGE[word >> 3 & 3]
    names = named_bits(word, _STATUS) + ((pulse_range,) if pulse_range else ())
    draft.detail |= {"status_raw": word, "status_bits": names}
    for name in names:
        if name != "pulse-range-reserved":
            draft.mark(name, "valid")
