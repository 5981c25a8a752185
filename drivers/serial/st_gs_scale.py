"""Scales and indicators with a two-header line: `ST,GS,+0012.34kg` CR LF (CAS, T-Scale, Dini Argeo and many more).

First header ST stable, US unstable, OL overload, UL underload; second GS gross, NT net. Widths, spaces and the case of
the unit differ by maker; Dini Argeo's DGT4X puts an address of two digits in front and a comma before the unit (its
manual, p. 52). A dialect that sends ST always and the state in the second place is refused: it would pass unstable
weights for stable ones. The number takes at least six characters, so that a line that lost most of it is refused.
"""

import re
from dataclasses import replace

from drivers.api import Measurement
from drivers.serial.scales import refused, scale, weight

_HEADERS = rb"(?P<address>\d\d)?(?P<state>ST|US|OL|UL),(?P<load>GS|NT),"
SHAPE = re.compile(_HEADERS + rb"[^,\r\n]{6,16}(?:, *[a-zA-Z]{1,3})? *\Z")
_STABLE = re.compile(_HEADERS + rb"(?P<number>(?=[ \d.+-]{6})[+-]? *\d+(?:\.\d+)?) *,? *(?P<unit>[a-zA-Z]{1,3}) *")
_SPACED = re.compile(_HEADERS + rb"(?P<number>(?=[ \d.+-]{6}) *[+-]?\d+(?:\.\d+)?) *,? *(?P<unit>[a-zA-Z]{1,3}) *")


def decode(line: bytes) -> Measurement | None:
    """A stable weight; None while unstable, over- or underloaded. A net weight is marked so."""
    shape = SHAPE.fullmatch(line)
    if shape is None:
        raise refused("not a line with two headers")
    if shape["state"] != b"ST":
        return None
    stable = _STABLE.fullmatch(line) or _SPACED.fullmatch(line)
    if stable is None:
        raise refused("a stable line without a weight and a unit")
    gross = stable["load"] == b"GS"
    flags = () if gross else ("net-weight",)
    read = weight(stable["number"].decode(), stable["unit"].decode(), stable.start("unit"), *flags)
    address = stable["address"]
    return replace(read, detail={**read.detail, "gross": gross, "address": int(address) if address else None})


DRIVER = scale(
    name="st-gs-scale",
    shape=SHAPE,
    decode=decode,
    verified="lines of two makers' documents and of public tests; no line captured from a scale",
)
