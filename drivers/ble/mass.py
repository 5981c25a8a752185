"""Fields shared by weight and body composition: masses, heights, and feature resolutions."""

from decimal import Decimal

from drivers.api import Absent, Quantity
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.quantities import HEIGHT, HEIGHT_IN, WEIGHT, WEIGHT_LB

UNSUCCESSFUL = 0xFFFF

_KG, _LB = Decimal("0.005"), Decimal("0.01")
_METRE, _INCH = Decimal("0.001"), Decimal("0.1")


def mass(word: int, flags: int) -> Decimal:
    """A mass field: 0.005 kg, or 0.01 lb where flag bit 0 says imperial."""
    return word * (_LB if flags & 1 else _KG)


def read_weight(draft: Draft, cursor: Cursor, flags: int) -> bool:
    """Reads a weight; False where the scale says that the measurement was unsuccessful."""
    quantity: Quantity = WEIGHT_LB if flags & 1 else WEIGHT
    word = cursor.u16()
    if word == UNSUCCESSFUL:
        draft.value(quantity, Absent.ERROR)
        draft.lower("invalid")
        return False
    draft.value(quantity, mass(word, flags))
    return True


def read_height(draft: Draft, cursor: Cursor, flags: int) -> None:
    """Reads a height; 0 is a user without a profile."""
    draft.known(HEIGHT_IN if flags & 1 else HEIGHT, cursor.u16() * (_INCH if flags & 1 else _METRE))
