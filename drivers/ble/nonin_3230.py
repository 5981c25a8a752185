"""Nonin 3230, and other Nonin oximeters with the same service (3150): one frame a second while a finger is in.

Nonin's sample application for iOS (2013) as published in several repositories, for the fields and the status bits;
andreasdri/nonin-3230-ble, index.js, for the service. That byte 0 is a length, and bit 6 encryption, is inferred.

A stay of the finger gives one reading, at the first frame whose values passed the device's SmartPoint algorithm while
it was not searching. A stay that ends without one gives its last values, marked `not-settled`.
"""

from decimal import Decimal

from drivers.api import Absent, BleDriver, Characteristic, Measurement, Quantity
from drivers.ble.device_information import STANDARD_INFO
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.quantities import PULSE_AMPLITUDE_INDEX, PULSE_OXIMETER, SPO2
from drivers.serial.spot import Rule, stay

SERVICE = "46a970e0-0d5f-11e2-8b5e-0002a5d5c51b"
OXIMETRY = "0aad7ea0-0d60-11e2-8e3c-0002a5d5c51b"

NO_SPO2, NO_PULSE = 127, 511
_BITS = ("synced_with_display", "weak_signal", "smartpoint", "searching", "correctcheck_ok", "low_battery", "encrypted")
_FLAGS = ("weak_signal", "low_battery")
# A stay without SmartPoint: the last value of at least 6 s. Radio gaps are shorter than the 5 s that end a stay.
_RULE = Rule(alike=1, told=True, least=6, out=2)


def decode(data: bytes) -> Measurement:
    """One second of the stream."""
    cursor, draft = Cursor(data, "big"), Draft("pulse-oximeter")
    length, status, battery, amplitude, seconds, spo2, pulse = (
        cursor.u8(),
        cursor.u8(),
        cursor.u8(),
        cursor.u16(),
        cursor.u16(),
        cursor.u8(),
        cursor.u16(),
    )
    told = {name: bool(status >> bit & 1) for bit, name in enumerate(_BITS)}
    _value(draft, SPO2, spo2, NO_SPO2)
    _value(draft, PULSE_OXIMETER, pulse, NO_PULSE)
    draft.value(PULSE_AMPLITUDE_INDEX, amplitude * Decimal("0.01"))
    draft.detail |= told | {
        "length": length,
        "status_raw": status,
        "battery_volts": battery * Decimal("0.1"),
        "counter_s": seconds,
        "finger": told["correctcheck_ok"] or spo2 != NO_SPO2 or pulse != NO_PULSE,
        "clean": not told["searching"] and not told["encrypted"],
        "settled": told["smartpoint"],
    }
    for name in _FLAGS:
        if told[name]:
            draft.mark(name.replace("_", "-"), "valid")
    return draft.done(cursor)


def _value(draft: Draft, quantity: Quantity, number: int, missing: int) -> None:
    if number == missing:
        draft.value(quantity, Absent.NOT_A_NUMBER)
        draft.lower("invalid")
    else:
        draft.value(quantity, Decimal(number))


DRIVER = BleDriver(
    name="nonin-3230",
    kind="pulse-oximeter",
    services=(SERVICE,),
    modes={"spot": stay(_RULE, pause_s=5.0)},
    memory=False,
    characteristics=(Characteristic(OXIMETRY, decode),),
    info=STANDARD_INFO,
    verdict="public",
    verified="frames built from the maker's sample code; no frame captured from a device",
)
