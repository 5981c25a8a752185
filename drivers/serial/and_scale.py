"""A&D scales and balances, A&D standard format: `ST,+00082.40 kg` CR LF.

A&D EK-L, EJ, EK-AEP and GC series manuals, "Data format": header ST stable, US unstable, OL overload, QT count; the GC
series may put a second header LO, OK, HI or -- behind it; nine characters of sign, digits and point; a unit of three,
right-aligned. The width is held to, so that a line that lost a digit is refused. 2400 7E1 is how these scales leave the
factory (so a public reader of an A&D EW opens its port, too).
"""

import re

from drivers.api import Line, Measurement
from drivers.serial.scales import refused, scale, weight

_HEADERS = rb"(?P<state>ST|US|OL|QT),(?:(?:LO|OK|HI|--),)?"
SHAPE = re.compile(_HEADERS + rb"[^,\r\n]{9,15}\Z")
# Eight digits and point behind the sign.
_NUMBER = rb"(?P<number>[+-](?=[\d.]{8} {0,2}[a-zA-Z])\d+(?:\.\d+)?)"
_STABLE = re.compile(rb"ST,(?:(?:LO|OK|HI|--),)?" + _NUMBER + rb" {0,2}(?P<unit>[a-zA-Z]{1,3})")


def decode(line: bytes) -> Measurement | None:
    """A stable weight; None while unstable, overloaded or counting."""
    shape = SHAPE.fullmatch(line)
    if shape is None:
        raise refused("not a line of the A&D standard format")
    if shape["state"] != b"ST":
        return None
    stable = _STABLE.fullmatch(line)
    if stable is None:
        raise refused("a stable line without its nine characters of weight and a unit")
    return weight(stable["number"].decode(), stable["unit"].decode(), stable.start("unit"))


DRIVER = scale(
    name="and-scale",
    shape=SHAPE,
    decode=decode,
    line=Line(2400, 7, "E", 1),
    verified="lines printed in the manuals of the EK-L, EJ, EK-AEP and GC series; no line captured from a scale",
)
