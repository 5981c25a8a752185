"""The medical floats: base-10 numbers that keep their number of decimals, and five words that are no number.

IEEE 11073-20601 FLOAT-Type and SFLOAT-Type; GATT Specification Supplement, medfloat16 and medfloat32. Exponent and
mantissa are two's complement. The specials are whole words with exponent 0; the same mantissa with another exponent is
an ordinary number.
"""

from decimal import Decimal
from enum import StrEnum

from drivers.api import Absent
from drivers.cursor import Cursor


class Special(StrEnum):
    """A float that is no number. NRes: not at this resolution."""

    NAN = "NaN"
    NRES = "NRes"
    PLUS_INFINITY = "+INF"
    MINUS_INFINITY = "-INF"
    RESERVED = "RFU"


Number = Decimal | Special

ABSENT = {
    Special.NAN: Absent.NOT_A_NUMBER,
    Special.NRES: Absent.ERROR,
    Special.PLUS_INFINITY: Absent.POSITIVE_INFINITY,
    Special.MINUS_INFINITY: Absent.NEGATIVE_INFINITY,
    Special.RESERVED: Absent.ERROR,
}

_SPECIAL16 = {
    0x07FF: Special.NAN,
    0x0800: Special.NRES,
    0x07FE: Special.PLUS_INFINITY,
    0x0802: Special.MINUS_INFINITY,
    0x0801: Special.RESERVED,
}
_SPECIAL32 = {
    0x007FFFFF: Special.NAN,
    0x00800000: Special.NRES,
    0x007FFFFE: Special.PLUS_INFINITY,
    0x00800002: Special.MINUS_INFINITY,
    0x00800001: Special.RESERVED,
}


def sfloat(cursor: Cursor) -> Number:
    """Reads an SFLOAT: 4-bit exponent, 12-bit mantissa."""
    word = cursor.u16()
    return _SPECIAL16.get(word) or scaled(_signed(word & 0xFFF, 12), _signed(word >> 12, 4))


def float32(cursor: Cursor) -> Number:
    """Reads a FLOAT: 8-bit exponent, 24-bit mantissa."""
    word = cursor.u32()
    return _SPECIAL32.get(word) or scaled(_signed(word & 0xFFFFFF, 24), _signed(word >> 24, 8))


def scaled(mantissa: int, exponent: int) -> Decimal:
    """`mantissa` times ten to the `exponent`: as many decimals as the exponent says, none when it is positive."""
    if exponent > 0:
        return Decimal(mantissa * 10**exponent)
    return Decimal(mantissa).scaleb(exponent) if exponent else Decimal(mantissa)


def in_unit(number: Number, places: int) -> Number:
    """The number in a unit 10**places smaller, with as many significant digits as it was told with."""
    return number if isinstance(number, Special) else Decimal(f"{number.scaleb(places):f}")


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value
