"""A&D UA-767PC: ten characters per measurement, `804C4C4960`: 80, systolic - diastolic, diastolic, pulse, unknown.

One public sample, whose author calls it made up. There is no check sum, and neither the line settings nor the last
byte are known: experimental. Other first bytes than 80 are refused.
"""

import re

from drivers.api import DecodeError, Framer, Measurement, SerialDriver
from drivers.cursor import Cursor
from drivers.framers import Packets, fixed
from drivers.gather import each
from drivers.serial.cuffs import pressures

_SHAPE = re.compile(rb"80[0-9A-F]{8}")


def _sound(data: bytes) -> bool:
    if not _SHAPE.fullmatch(data):
        return False
    difference, diastolic, pulse, _ = bytes.fromhex(data[2:].decode())
    return 10 <= difference <= 120 and 30 <= diastolic <= 160 and 30 <= pulse <= 220


def _framer() -> Framer:
    return Packets(fixed(10, _sound, lambda byte: byte == ord("8")), 10, least=10)


def decode(data: bytes) -> Measurement:
    """One measurement."""
    if not _SHAPE.fullmatch(Cursor(data).take(10)):
        raise DecodeError("not-a-frame", 0, "80 and eight hexadecimal digits")
    difference, diastolic, pulse, unknown = bytes.fromhex(data[2:10].decode())
    draft = pressures(diastolic + difference, diastolic, pulse)
    draft.detail |= {"code": "80", "pulse_pressure": difference, "unknown": unknown}
    return draft.done(Cursor(data[10:]))


DRIVER = SerialDriver(
    name="and-ua767pc",
    kind="blood-pressure",
    framer=_framer,
    decode=decode,
    modes={"each": each(30.0)},
    verdict="experimental",
    verified="one sample that its author calls made up",
)
