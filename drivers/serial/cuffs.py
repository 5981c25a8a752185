"""Blood-pressure cuffs on serial lines: what they share."""

from decimal import Decimal

from drivers.draft import Draft
from drivers.quantities import DIASTOLIC, PULSE_CUFF, SYSTOLIC


def pressures(systolic: int, diastolic: int, pulse: int) -> Draft:
    """A draft with the three values; doubted where they are not in the order that pressures are in."""
    draft = Draft("blood-pressure")
    draft.value(SYSTOLIC, Decimal(systolic))
    draft.value(DIASTOLIC, Decimal(diastolic))
    draft.value(PULSE_CUFF, Decimal(pulse))
    if systolic <= diastolic:
        draft.mark("implausible")
    return draft
