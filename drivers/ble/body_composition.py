"""Body Composition Service 181B: measurement 2A9C, features 2A9B.

GATT Specification Supplement. Impedance is in steps of 0.1 ohm, as captures show.
"""

from collections.abc import Iterator
from decimal import Decimal

from drivers.api import Absent, BleDriver, Characteristic, DecodeError, Facts, Info, Measurement, Quantity
from drivers.ble.device_information import STANDARD_INFO
from drivers.ble.device_time import CURRENT_TIME, DATE_TIME, read_time
from drivers.ble.mass import UNSUCCESSFUL, mass, read_height, read_weight
from drivers.ble.one_weighing import MORE_S, WAIT_S, join, open_composition
from drivers.ble.user_data import CONTROL, talk
from drivers.cursor import Cursor
from drivers.draft import Draft, named_bits
from drivers.gather import Merge
from drivers.quantities import (
    BASAL_METABOLISM,
    BODY_FAT,
    BODY_WATER_MASS,
    BODY_WATER_MASS_LB,
    FAT_FREE_MASS,
    FAT_FREE_MASS_LB,
    IMPEDANCE,
    MUSCLE_MASS,
    MUSCLE_MASS_LB,
    MUSCLE_PERCENTAGE,
    SOFT_LEAN_MASS,
    SOFT_LEAN_MASS_LB,
)
from drivers.uuids import full

MEASUREMENT = full(0x2A9C)

_TENTH = Decimal("0.1")
_MASSES = (
    (5, MUSCLE_MASS, MUSCLE_MASS_LB),
    (6, FAT_FREE_MASS, FAT_FREE_MASS_LB),
    (7, SOFT_LEAN_MASS, SOFT_LEAN_MASS_LB),
    (8, BODY_WATER_MASS, BODY_WATER_MASS_LB),
)
_FEATURES = {
    0: "timestamp",
    1: "multi-user",
    2: "basal-metabolism",
    3: "muscle-percentage",
    4: "muscle-mass",
    5: "fat-free-mass",
    6: "soft-lean-mass",
    7: "body-water-mass",
    8: "impedance",
    9: "weight",
    10: "height",
}


def measurement(data: bytes) -> Measurement | None:
    """Decodes a composition; failed where the scale says so (fat 0xFFFF), None for a placeholder.

    A scale without a user's profile fills the frame: no fat and no impedance is no composition.
    """
    cursor, draft = Cursor(data), Draft("body-composition")
    flags, fat = cursor.u16(), cursor.u16()
    _refuse_a_year(flags, fat)
    draft.reserved(flags, 0x1FFF)
    draft.detail |= {"multiple_packet": bool(flags & 0x1000), "mass_unit": "[lb_av]" if flags & 1 else "kg"}
    if flags & 2:
        read_time(draft, cursor)
    if flags & 4:
        draft.user_slot(cursor.u8())
    if fat == UNSUCCESSFUL:
        draft.value(BODY_FAT, Absent.ERROR)
        draft.lower("invalid")
    values = [(BODY_FAT, fat * _TENTH), *_values(cursor, flags)]
    real = _is_real(dict(values))
    for quantity, number in values[fat == UNSUCCESSFUL :] if real else ():
        draft.known(quantity, number)
    weighed = bool(flags & 0x400) and read_weight(draft, cursor, flags)
    if flags & 0x800:
        read_height(draft, cursor, flags)
    found = draft.done(cursor, "measurement-failed" if fat == UNSUCCESSFUL else None)
    return found if real or weighed else None


def features(data: bytes) -> Facts:
    """`composition_features` by name, and the codes of the weight and height resolutions."""
    word = Cursor(data).u32()
    return {
        "composition_features": named_bits(word, _FEATURES),
        "composition_weight_resolution": word >> 11 & 0xF,
        "composition_height_resolution": word >> 15 & 0x7,
    }


def _refuse_a_year(flags: int, fat: int) -> None:
    """A scale that puts control bytes and a date here has its year where the fat should be."""
    if flags & 2 and 2000 <= fat < 2100:
        raise DecodeError("implausible", 2, "the fat field holds a year: another layout under this UUID")


def _values(cursor: Cursor, flags: int) -> Iterator[tuple[Quantity, Decimal]]:
    if flags & 8:
        yield BASAL_METABOLISM, Decimal(cursor.u16())
    if flags & 16:
        yield MUSCLE_PERCENTAGE, cursor.u16() * _TENTH
    for bit, kilograms, pounds in _MASSES:
        if flags >> bit & 1:
            yield (pounds if flags & 1 else kilograms), mass(cursor.u16(), flags)
    if flags & 0x200:
        yield IMPEDANCE, cursor.u16() * _TENTH


def _is_real(values: dict[Quantity, Decimal]) -> bool:
    if values[BODY_FAT]:
        return True
    measured = {quantity: number for quantity, number in values.items() if quantity is not BASAL_METABOLISM}
    return bool(measured.get(IMPEDANCE, 1)) and any(measured.values())


DRIVER = BleDriver(
    name="body-composition",
    kind="body-composition",
    services=(full(0x181B),),
    modes={"merge": lambda: Merge(join, open_composition, WAIT_S)},
    characteristics=(Characteristic(MEASUREMENT, measurement), CONTROL),
    info=(Info(full(0x2A9B), features), *STANDARD_INFO),
    clocks=(CURRENT_TIME, DATE_TIME),
    set_clock="after-values",
    talk=talk,
    more_s=MORE_S,
    verified="frames captured from Beurer BF720 and BF788",
)
