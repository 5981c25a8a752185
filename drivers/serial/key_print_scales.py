"""Scales that send one line when their print key is pressed: Detecto solo and Rice Lake 350-10.

Detecto solo manual, p. 20: time, date, BMI, height, weight, CR. Rice Lake 350-10 manual, p. 10: 21 characters with CR
LF, weight right-aligned, unit, Gross or Net. Neither says that the weight is stable; both print only at a key press.
The Detecto's date is kept as told and not used: its order of day and month depends on a setting.
"""

import re
from decimal import Decimal

from drivers.api import Measurement
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.quantities import BMI, HEIGHT_IN
from drivers.serial.scales import LINE_MODE, UNITS, refused, scale, weight

DETECTO_SHAPE = re.compile(
    rb"(?P<time>\d\d:\d\d,\d\d/\d\d/\d\d),(?P<bmi>\d+\.\d)?,(?P<height>[^,\r\n]{0,12}),"
    rb"(?P<weight>\d+\.\d+) ?(?P<unit>lb|kg)\Z"
)
_FEET = re.compile(rb"(?P<feet>\d)'(?P<inches>\d\d\.\d)\"")


def decode_detecto(line: bytes) -> Measurement:
    """A weighing with BMI and height where they were keyed in."""
    read = DETECTO_SHAPE.fullmatch(line)
    if read is None:
        raise refused("not a Detecto line")
    draft = Draft("weight")
    draft.value(UNITS[read["unit"].decode()], Decimal(read["weight"].decode()))
    if read["bmi"]:
        draft.known(BMI, Decimal(read["bmi"].decode()))
    feet = _FEET.fullmatch(read["height"])
    if feet:
        draft.known(HEIGHT_IN, int(feet["feet"]) * 12 + Decimal(feet["inches"].decode()))
    draft.time(None, read["time"], "ambiguous-date", read["time"].decode())
    return draft.done(Cursor(b""))


RICE_LAKE_SHAPE = re.compile(
    rb"(?P<number>(?=[ \d.-]{9} [a-z]) *-?\d+(?:\.\d+)?) (?P<unit>lb|kg) (?P<load>Gross|Net  ) \Z"
)


def decode_rice_lake(line: bytes) -> Measurement:
    """A weighing; a net weight is marked so."""
    read = RICE_LAKE_SHAPE.fullmatch(line)
    if read is None:
        raise refused("not a Rice Lake line")
    flags = () if read["load"] == b"Gross" else ("net-weight",)
    return weight(read["number"].decode(), read["unit"].decode(), read.start("unit"), *flags)


DRIVERS = (
    scale(
        name="detecto-scale",
        shape=DETECTO_SHAPE,
        decode=decode_detecto,
        modes=LINE_MODE,
        verified="the line printed in the manual",
    ),
    scale(
        name="rice-lake-scale",
        shape=RICE_LAKE_SHAPE,
        decode=decode_rice_lake,
        modes=LINE_MODE,
        verified="the line printed in the manual",
    ),
)
