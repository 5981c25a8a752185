"""Glucose Measurement Context 2A34: what the person told the meter about a value, and how it joins that value.

GATT Specification Supplement.
"""

from dataclasses import replace
from decimal import Decimal

from drivers.api import Measurement
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.floats import sfloat
from drivers.quantities import (
    CARBOHYDRATE,
    EXERCISE_DURATION,
    EXERCISE_INTENSITY,
    HBA1C,
    MEDICATION_MASS,
    MEDICATION_VOLUME,
)
from drivers.uuids import full

CONTEXT = full(0x2A34)

_CARBOHYDRATES = {1: "breakfast", 2: "lunch", 3: "dinner", 4: "snack", 5: "drink", 6: "supper", 7: "brunch"}
_MEALS = {1: "before-meal", 2: "after-meal", 3: "fasting", 4: "casual", 5: "bedtime"}
_TESTERS = {1: "self-tested", 2: "tested-by-professional", 3: "laboratory-test"}
_HEALTH = {
    1: "minor-health-issues",
    2: "major-health-issues",
    3: "during-menses",
    4: "under-stress",
    5: "no-health-issues",
}
_MEDICATIONS = {
    1: "rapid-acting-insulin",
    2: "short-acting-insulin",
    3: "intermediate-acting-insulin",
    4: "long-acting-insulin",
    5: "premixed-insulin",
}
_OVERRUN = 0xFFFF


def context(data: bytes) -> Measurement:
    """Decodes a context; its record number is that of the value it belongs to, without which it is no reading."""
    cursor, draft = Cursor(data), Draft("glucose")
    flags = cursor.u8()
    draft.record = cursor.u16()
    draft.detail["context"] = True
    if flags & 128:
        draft.detail["extended_flags"] = cursor.u8()
    _meal(draft, cursor, flags)
    if flags & 8:
        _exercise(draft, cursor)
    if flags & 16:
        _named(draft, cursor.u8(), _MEDICATIONS)
        draft.value(MEDICATION_VOLUME if flags & 32 else MEDICATION_MASS, sfloat(cursor))
    if flags & 64:
        draft.value(HBA1C, sfloat(cursor))
    return draft.done(cursor, "context-without-value")


def join(first: Measurement, second: Measurement) -> Measurement | None:
    """A value and its context, told by their number, in whichever order they came."""
    base, part = (second, first) if "context" in first.detail else (first, second)
    if "context" in base.detail or "context" not in part.detail or base.record != part.record:
        return None
    return replace(
        base,
        samples=base.samples + part.samples,
        flags=tuple(dict.fromkeys(base.flags + part.flags)),
        status=part.status if base.status == "valid" else base.status,
        detail={**part.detail, **base.detail, "context_follows": False},
    )


def open_act(found: Measurement) -> bool:
    """Whether a context may follow a value, or a value its context."""
    if "context" in found.detail:
        return "base_time" not in found.detail
    return found.failed is None and bool(found.detail["context_follows"])


def _meal(draft: Draft, cursor: Cursor, flags: int) -> None:
    if flags & 1:
        _named(draft, cursor.u8(), _CARBOHYDRATES)
        draft.value(CARBOHYDRATE, sfloat(cursor))
    if flags & 2:
        _named(draft, cursor.u8(), _MEALS)
    if flags & 4:
        word = cursor.u8()
        _named(draft, word & 0xF, _TESTERS)
        _named(draft, word >> 4, _HEALTH)


def _exercise(draft: Draft, cursor: Cursor) -> None:
    seconds, percent = cursor.u16(), cursor.u8()
    if seconds == _OVERRUN:
        draft.mark("exercise-duration-overrun", "valid")
    else:
        draft.value(EXERCISE_DURATION, Decimal(seconds))
    draft.value(EXERCISE_INTENSITY, Decimal(percent))


def _named(draft: Draft, number: int, names: dict[int, str]) -> None:
    """Marks what a number stands for; reserved ones and `not available` stand for nothing."""
    if number in names:
        draft.mark(names[number], "valid")
