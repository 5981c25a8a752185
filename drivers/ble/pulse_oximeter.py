"""Pulse Oximeter Service 1822: spot-check 2A5E, continuous 2A5F, features 2A60, stored records over 2A52.

Pulse Oximeter Service 1.0.1; layouts as in the former public characteristic viewer, checked against captures.
"""

from collections.abc import Generator
from decimal import Decimal

from drivers.api import BleDriver, Characteristic, Facts, Info, Measurement, Quantity, Reply, Step, TalkContext
from drivers.ble.device_information import STANDARD_INFO
from drivers.ble.device_time import CURRENT_TIME, DATE_TIME, read_time
from drivers.ble.racp import CONTROL, REPORT_ALL, fetch
from drivers.cursor import Cursor
from drivers.draft import Draft, named_bits, within
from drivers.floats import sfloat
from drivers.quantities import (
    PULSE_AMPLITUDE_INDEX,
    PULSE_FAST,
    PULSE_OXIMETER,
    PULSE_SLOW,
    SPO2,
    SPO2_FAST,
    SPO2_SLOW,
)
from drivers.settle import Settle
from drivers.uuids import full

SPOT_CHECK = full(0x2A5E)
CONTINUOUS = full(0x2A5F)

_MEASUREMENT_STATUS = {
    5: "measurement-ongoing",
    6: "early-estimated-data",
    7: "validated-data",
    8: "fully-qualified-data",
    9: "data-from-measurement-storage",
    10: "data-for-demonstration",
    11: "data-for-testing",
    12: "calibration-ongoing",
    13: "measurement-unavailable",
    14: "questionable-measurement",
    15: "invalid-measurement",
}
_SENSOR_STATUS = {
    0: "extended-display-update-ongoing",
    1: "equipment-malfunction",
    2: "signal-processing-irregularity",
    3: "inadequate-signal",
    4: "poor-signal",
    5: "low-perfusion",
    6: "erratic-signal",
    7: "nonpulsatile-signal",
    8: "questionable-pulse",
    9: "signal-analysis-ongoing",
    10: "sensor-interference",
    11: "sensor-unconnected-to-user",
    12: "unknown-sensor-connected",
    13: "sensor-displaced",
    14: "sensor-malfunctioning",
    15: "sensor-disconnected",
}
_FEATURES = {
    0: "measurement-status-support",
    1: "sensor-status-support",
    2: "spot-check-storage",
    3: "spot-check-timestamp",
    4: "spo2-pr-fast",
    5: "spo2-pr-slow",
    6: "pulse-amplitude-index",
    7: "multiple-bonds",
}
_GOOD_SIGNS = frozenset({"validated-data", "fully-qualified-data", "data-from-measurement-storage"})
_INVALID = frozenset({"measurement-unavailable", "invalid-measurement"})
_OFF = frozenset({"measurement-unavailable", "sensor-unconnected-to-user", "sensor-disconnected"})
# What leaves a value of the stream usable: the rest of the marks start the settling anew.
_HARMLESS = frozenset({"measurement-ongoing", "extended-display-update-ongoing", "low-perfusion"})


def spot_check(data: bytes) -> Measurement:
    """Decodes a spot-check; failed where neither value is a number."""
    cursor, draft = Cursor(data), Draft("pulse-oximeter")
    flags = cursor.u8()
    draft.reserved(flags, 0x1F)
    _pair(draft, cursor, SPO2, PULSE_OXIMETER)
    if flags & 1:
        read_time(draft, cursor)
    if flags & 16:
        draft.distrust_time("clock-not-set")
    _status(draft, cursor, flags >> 1)
    return _done(draft, cursor)


def continuous(data: bytes) -> Measurement:
    """Decodes one value of the stream."""
    cursor, draft = Cursor(data), Draft("pulse-oximeter")
    flags = cursor.u8()
    draft.reserved(flags, 0x1F)
    _pair(draft, cursor, SPO2, PULSE_OXIMETER)
    if flags & 1:
        _pair(draft, cursor, SPO2_FAST, PULSE_FAST)
    if flags & 2:
        _pair(draft, cursor, SPO2_SLOW, PULSE_SLOW)
    _status(draft, cursor, flags >> 2)
    return _done(draft, cursor)


def features(data: bytes) -> Facts:
    """`features` by name, and which status bits the device supports."""
    cursor = Cursor(data)
    word = cursor.u16()
    facts: dict[str, object] = {"features": named_bits(word, _FEATURES)}
    if word & 1:
        facts["measurement_status_support"] = named_bits(cursor.u16(), _MEASUREMENT_STATUS)
    if word & 2:
        facts["sensor_status_support"] = named_bits(cursor.u24(), _SENSOR_STATUS)
    return facts


def _pair(draft: Draft, cursor: Cursor, spo2: Quantity, pulse: Quantity) -> None:
    draft.value(spo2, sfloat(cursor))
    draft.value(pulse, sfloat(cursor))


def _status(draft: Draft, cursor: Cursor, present: int) -> None:
    """Reads what `present` announces: bit 0 measurement status, 1 sensor status, 2 pulse amplitude index."""
    if present & 1:
        names = _word(draft, "measurement_status", cursor.u16(), _MEASUREMENT_STATUS)
        draft.stored = "data-from-measurement-storage" in names
        if _INVALID.intersection(names):
            draft.lower("invalid")
    if present & 2:
        _word(draft, "sensor_status", cursor.u24(), _SENSOR_STATUS)
    if present & 4:
        draft.value(PULSE_AMPLITUDE_INDEX, sfloat(cursor))


def _word(draft: Draft, key: str, word: int, table: dict[int, str]) -> tuple[str, ...]:
    names = named_bits(word, table)
    draft.detail[f"{key}_raw"] = word
    draft.detail[key] = names
    for name in names:
        if name not in _GOOD_SIGNS:
            draft.mark(name)
    return names


def _done(draft: Draft, cursor: Cursor) -> Measurement:
    missing = [draft.number_of(q.type) is None for q in (SPO2, PULSE_OXIMETER)]
    if any(missing):
        draft.lower("invalid")
    return draft.done(cursor, "measurement-failed" if all(missing) else None)


def _worn(measurement: Measurement) -> bool:
    # Without a finger some send no number, some 0 and 0, some 127 and 255; a pulse alone is still being looked at.
    told = [(s.quantity, s.value) for s in measurement.samples[:2] if isinstance(s.value, Decimal)]
    return bool(told) and within(*told[0]) and _OFF.isdisjoint(measurement.flags)


def _good(measurement: Measurement) -> bool:
    return measurement.status != "invalid" and _HARMLESS.issuperset(measurement.flags)


def _talk(context: TalkContext) -> Generator[Step, Reply, None]:
    yield from fetch(REPORT_ALL)


DRIVER = BleDriver(
    name="pulse-oximeter",
    kind="pulse-oximeter",
    services=(full(0x1822),),
    modes={"spot": lambda: Settle(good=_good, worn=_worn, stream=CONTINUOUS)},
    characteristics=(
        Characteristic(SPOT_CHECK, spot_check, control=True, required=False),
        Characteristic(CONTINUOUS, continuous, required=False),
        CONTROL,
    ),
    info=(Info(full(0x2A60), features), *STANDARD_INFO),
    clocks=(CURRENT_TIME, DATE_TIME),
    set_clock="after-values",
    talk=_talk,
    verified="frames captured from a ChoiceMMed oximeter; stored records constructed only",
)
