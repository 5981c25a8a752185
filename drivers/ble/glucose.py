"""Glucose Service 1808: measurement 2A18 with its context 2A34, features 2A51, stored records over 2A52.

GATT Specification Supplement. The records have numbers of their own: only newer ones than those kept are asked for.
"""

from collections.abc import Generator
from datetime import timedelta

from drivers.api import BleDriver, Characteristic, Facts, Info, Measurement, Reply, Step, TalkContext
from drivers.ble import racp
from drivers.ble.device_information import STANDARD_INFO
from drivers.ble.device_time import CURRENT_TIME, DATE_TIME, date_time
from drivers.ble.glucose_context import CONTEXT, context, join, open_act
from drivers.cursor import Cursor
from drivers.draft import Draft, named_bits
from drivers.floats import Number, Special, in_unit, sfloat
from drivers.gather import Merge
from drivers.quantities import (
    GLUCOSE,
    GLUCOSE_CAPILLARY_BLOOD,
    GLUCOSE_CAPILLARY_BLOOD_MGDL,
    GLUCOSE_CAPILLARY_PLASMA,
    GLUCOSE_CAPILLARY_PLASMA_MGDL,
    GLUCOSE_MGDL,
)
from drivers.uuids import full

MEASUREMENT = full(0x2A18)

_MMOL = {1: GLUCOSE_CAPILLARY_BLOOD, 2: GLUCOSE_CAPILLARY_PLASMA}
_MGDL = {1: GLUCOSE_CAPILLARY_BLOOD_MGDL, 2: GLUCOSE_CAPILLARY_PLASMA_MGDL}
_CONTROL_SOLUTION = (10, 4)
_LOCATIONS = {1: "site-finger", 2: "site-alternate", 3: "site-ear-lobe"}
_STATUS = {
    0: "device-battery-low",
    1: "sensor-malfunction",
    2: "sample-size-insufficient",
    3: "strip-insertion-error",
    4: "strip-type-incorrect",
    5: "result-above-range",
    6: "result-below-range",
    7: "temperature-too-high",
    8: "temperature-too-low",
    9: "read-interrupted",
    10: "device-fault",
    11: "time-fault",
}
_FEATURES = {
    0: "low-battery-detection",
    1: "sensor-malfunction-detection",
    2: "sample-size",
    3: "strip-insertion-error-detection",
    4: "strip-type-error-detection",
    5: "result-range-detection",
    6: "temperature-range-detection",
    7: "read-interrupt-detection",
    8: "general-device-fault",
    9: "time-fault",
    10: "multiple-bonds",
}
_OFFSET_UNKNOWN = (0x7FFF, -0x8000)
_LAST_NUMBER = 0xFFFF
_CONTEXT_S = 5.0


def measurement(data: bytes) -> Measurement:
    """Decodes a value; failed where there is none and no direction in which it is out of range."""
    cursor, draft = Cursor(data), Draft("glucose")
    flags = cursor.u8()
    draft.reserved(flags, 0x1F)
    draft.record = cursor.u16()
    draft.detail["context_follows"] = bool(flags & 16)
    _time(draft, cursor, flags)
    number = _concentration(draft, cursor, flags) if flags & 2 else Special.NAN
    if flags & 8:
        _status(draft, cursor.u16())
    failed = number in (Special.NAN, Special.NRES, Special.RESERVED)
    draft.lower("invalid" if failed else "valid")
    return draft.done(cursor, "measurement-failed" if failed else None)


def features(data: bytes) -> Facts:
    """`features` by name."""
    return {"features": named_bits(Cursor(data).u16(), _FEATURES)}


def _time(draft: Draft, cursor: Cursor, flags: int) -> None:
    """Base time and its offset (minutes): together the time the user saw."""
    stamp = date_time(cursor)
    raw, time, fault = stamp.raw, stamp.time, stamp.fault
    draft.detail["base_time"] = stamp.told
    if flags & 1:
        offset = cursor.i16()
        draft.detail["time_offset_min"] = offset
        raw += offset.to_bytes(2, "little", signed=True)
        if offset in _OFFSET_UNKNOWN:
            fault = fault or "offset-out-of-range"
        elif time is not None:
            time += timedelta(minutes=offset)
    draft.time(time, raw, fault, stamp.told if time is None else time.isoformat())


def _concentration(draft: Draft, cursor: Cursor, flags: int) -> Number:
    raw = sfloat(cursor)
    place = cursor.u8()
    kind, location = place & 0xF, place >> 4
    molar = bool(flags & 4)
    number = in_unit(raw, 3 if molar else 5)
    draft.value(_MMOL.get(kind, GLUCOSE) if molar else _MGDL.get(kind, GLUCOSE_MGDL), number)
    draft.detail |= {"concentration_raw": str(raw), "raw_unit": "mol/L" if molar else "kg/L"}
    draft.detail |= {"type": kind, "location": location}
    if location in _LOCATIONS:
        draft.mark(_LOCATIONS[location], "valid")
    if kind == _CONTROL_SOLUTION[0] or location == _CONTROL_SOLUTION[1]:
        draft.mark("control-solution", "invalid")
    return number


def _status(draft: Draft, word: int) -> None:
    draft.detail["sensor_status_raw"] = word
    for name in named_bits(word, _STATUS):
        if name == "time-fault":
            draft.distrust_time("device-time-fault")
        else:
            draft.mark(name, "valid" if name == "device-battery-low" else "questionable")


def _talk(known: TalkContext) -> Generator[Step, Reply, None]:
    """Asks for what is newer than the newest kept. A meter that has nothing newer may have begun to count anew, and one
    that cannot choose has only the whole to give: then everything is asked for, and doubles are known by their key."""
    code: int | None = racp.NO_RECORDS
    if known.cursor is not None and known.cursor < _LAST_NUMBER:
        code = yield from racp.fetch(racp.report_from(known.cursor + 1))
    if code == racp.NO_RECORDS or code in racp.UNSUPPORTED:
        yield from racp.fetch(racp.REPORT_ALL)


DRIVER = BleDriver(
    name="glucose",
    kind="glucose",
    services=(full(0x1808),),
    modes={"merge": lambda: Merge(join, open_act, _CONTEXT_S)},
    characteristics=(
        Characteristic(MEASUREMENT, measurement, control=True),
        Characteristic(CONTEXT, context, required=False),
        racp.CONTROL,
    ),
    info=(Info(full(0x2A51), features), *STANDARD_INFO),
    clocks=(CURRENT_TIME, DATE_TIME),
    set_clock="after-values",
    talk=_talk,
    verified="frames captured from two unnamed meters; contexts and stored records constructed",
)
