"""Tanita SC-240 and WB-3000: one line of key,value pairs per weighing, `{0,16,~0,1,...,Wk,82.7,...,CS,FD` CR LF.

Tanita SC-240 manual, p. 24. Wk weight in kg, Wp in lb, FW fat %, MI BMI, Hm height in cm; other keys are passed over,
and the serial number is not kept. An odd character may follow 0.1 s later. How the check sum is made is not told: the
sum of all characters before `CS` gives the manual's. A line for which it does not hold is taken, with a doubt, if its
weight, height and BMI agree with each other, and refused if they do not.
"""

import re
from decimal import Decimal

from drivers.api import DecodeError, Measurement, Quantity
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.quantities import BMI, BODY_FAT, WEIGHT, WEIGHT_LB
from drivers.serial.scales import LINE_MODE, refused, scale

SHAPE = re.compile(rb"\{0,16,[^{\r\n]{10,900},CS,(?P<sum>[0-9A-Fa-f]{2})\Z")
_VALUES: dict[str, Quantity] = {"Wk": WEIGHT, "Wp": WEIGHT_LB, "MI": BMI, "FW": BODY_FAT}
_NUMBER = re.compile(r"[0-9]{1,4}(\.[0-9]{1,2})?")
_AGREE = Decimal("0.5")


def decode(line: bytes) -> Measurement:
    """A weighing."""
    shape = SHAPE.fullmatch(line)
    if shape is None:
        raise refused("not a Tanita line")
    words = [word.strip() for word in line.decode("latin-1").removeprefix("{").split(",")]
    pairs = dict(zip(words[::2], words[1::2], strict=False))
    sound = sum(line[: shape.start("sum") - 3]) & 0xFF == int(shape["sum"], 16)
    if not sound and not _agrees(pairs):
        raise DecodeError("checksum", shape.start("sum"), "neither the check sum nor the values agree")
    return _measured(pairs, shape["sum"].decode(), sound)


def _measured(pairs: dict[str, str], checksum: str, sound: bool) -> Measurement:
    draft = Draft("weight")
    for key, quantity in _VALUES.items():
        number = _number(pairs, key)
        if number is not None:
            draft.known(quantity, number)
    if draft.number_of("weight") is None:
        raise DecodeError("not-a-weight-line", 0, "no weight in kg or lb")
    if not sound:
        draft.mark("checksum-differs")
    draft.detail |= {"model": pairs.get("MO", "").strip('"'), "checksum": checksum}
    return draft.done(Cursor(b""))


def _number(pairs: dict[str, str], key: str) -> Decimal | None:
    text = pairs.get(key, "")
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _agrees(pairs: dict[str, str]) -> bool:
    weight, height, bmi = (_number(pairs, key) for key in ("Wk", "Hm", "MI"))
    if weight is None or not height or bmi is None:
        return False
    return abs(weight * 10000 / height**2 - bmi) <= _AGREE


DRIVER = scale(
    name="tanita-scale",
    shape=SHAPE,
    decode=decode,
    modes=LINE_MODE,
    limit=1024,
    verified="the line printed in the manual of the SC-240; the check sum inferred from it",
)
