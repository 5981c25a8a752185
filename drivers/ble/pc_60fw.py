"""Viatom / Wellue PC-60FW and its family (OxySmart): frames in a byte stream, values once a second.

Frame, check sum and fields: captured notifications in public decoders (find_string ids 39752770301, 60846461288) and
the maker's public LepuDemo (byte 9: bit 1 probe off, bit 2 searching; byte 10: battery). `AA 55 token length type ...
crc`, CRC-8/MAXIM over all before it. Two frames may share a notification, and a notification may end within a frame.

A stay of the finger gives one reading, as soon as ten frames on end, undisturbed, lie within 2 % and 6 /min; a stay
that never becomes so even gives its last values, marked `not-settled`. Zeros are no finger.
"""

from decimal import Decimal

from drivers.api import Absent, BleDriver, Characteristic, DecodeError, Framer, Measurement, Quantity
from drivers.ble.device_information import STANDARD_INFO
from drivers.crc import maxim
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.framers import Packets
from drivers.quantities import PULSE_AMPLITUDE_INDEX, PULSE_OXIMETER, SPO2
from drivers.serial.spot import Rule, stay

SERVICE = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
NOTIFY = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"

_LEAD = b"\xaa\x55"
_LIMIT = 4 + 255
_VALUES = (0x0F, 0x01)
_PROBE_OFF, _SEARCHING = 2, 4
_RULE = Rule(alike=10, told=False, least=10, out=3)


def framer() -> Framer:
    """Cuts notifications into frames whose check sum holds."""
    return Packets(_measure, _LIMIT)


def decode(data: bytes) -> Measurement | None:
    """The values of a frame; None for one of another kind (waveform, battery, state of work)."""
    if data[:2] != _LEAD:
        raise DecodeError("not-a-frame", 0, "frames begin with AA 55")
    if len(data) < 6 or len(data) < 4 + data[3]:
        raise DecodeError("truncated", len(data), "a frame is as long as its byte 3 says")
    if _measure(data, 0) != len(data):
        raise DecodeError("checksum", len(data) - 1, "the check sum does not hold")
    if (data[2], data[4]) != _VALUES:
        return None
    return _values(Cursor(data[5:-1]))


def _measure(data: bytes, at: int) -> int:
    if data[at : at + 2] != _LEAD[: len(data) - at]:
        return -1
    if len(data) - at < 4:
        return 0
    length = 4 + data[at + 3]
    if length < 6:
        return -1
    if len(data) - at < length:
        return 0
    end = at + length - 1
    return length if maxim(data[at:end]) == data[end] else -1


def _values(cursor: Cursor) -> Measurement:
    draft = Draft("pulse-oximeter")
    spo2, pulse, perfusion, status, battery = cursor.u8(), cursor.u16(), cursor.u8(), cursor.u8(), cursor.u8()
    _value(draft, SPO2, spo2)
    _value(draft, PULSE_OXIMETER, pulse)
    draft.known(PULSE_AMPLITUDE_INDEX, perfusion * Decimal("0.1"))
    draft.detail |= {
        "status_raw": status,
        "battery_level": battery >> 6,
        "finger": not status & _PROBE_OFF and bool(spo2 or pulse),
        "clean": not status & _SEARCHING,
    }
    return draft.done(cursor)


def _value(draft: Draft, quantity: Quantity, number: int) -> None:
    if number:
        draft.value(quantity, Decimal(number))
    else:
        draft.value(quantity, Absent.NOT_A_NUMBER)
        draft.lower("invalid")


DRIVER = BleDriver(
    name="pc-60fw",
    kind="pulse-oximeter",
    services=(SERVICE,),
    modes={"spot": stay(_RULE, pause_s=5.0)},
    memory=False,
    characteristics=(Characteristic(NOTIFY, decode, framer=framer),),
    info=STANDARD_INFO,
    verdict="public",
    verified="values, battery and state frames captured from devices, check sums included; probe-off and searching "
    "bits from the maker's demo code only",
)
