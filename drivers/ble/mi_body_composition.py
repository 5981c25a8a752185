"""Xiaomi Mi Body Composition Scale 2: weight and impedance in its advertisements (service data 181B). Not a medical
device.

theengs/decoder, src/devices/*_json.h and tests/BLE/test_ble.cpp (layout, values); openScale, MiScaleHandler.kt (stable
and load-removed bits). As `mi_scale`, but the impedance, for those who stand barefoot, follows the weight after some
seconds: the act waits for it. No body composition is computed from it.
"""

from decimal import Decimal

from drivers.api import BleDriver, Characteristic, Measurement
from drivers.ble.device_time import read_time
from drivers.ble.mi_scale import QUIET_S, FirstOfMoment, read_weight
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.quantities import IMPEDANCE
from drivers.uuids import full

SERVICE = full(0x181B)

_LB = 0x01
_IMPEDANCE, _STABLE, _JIN, _REMOVED = 0x02, 0x20, 0x40, 0x80


def decode(data: bytes) -> Measurement | None:
    """A weight, perhaps with an impedance; None while it is not stable, or when the load is gone."""
    cursor, draft = Cursor(data), Draft("weight")
    units, flags, stamp, ohm, raw = cursor.u8(), cursor.u8(), cursor.take(7), cursor.u16(), cursor.u16()
    read_weight(draft, raw, lb=bool(units & _LB), jin=bool(flags & _JIN))
    read_time(draft, Cursor(stamp))
    _impedance(draft, ohm if flags & _IMPEDANCE else 0)
    measurement = draft.done(cursor)
    return measurement if raw and flags & _STABLE and not flags & _REMOVED else None


def _impedance(draft: Draft, ohm: int) -> None:
    """An impedance nobody has is a fault of the contact, and none of the weight."""
    low, high = IMPEDANCE.low, IMPEDANCE.high
    if low is not None and high is not None and low <= ohm <= high:
        draft.value(IMPEDANCE, Decimal(ohm))
    elif ohm:
        draft.detail["impedance_unusable"] = ohm


DRIVER = BleDriver(
    name="mi-body-composition-scale",
    kind="weight",
    services=(SERVICE,),
    modes={"first": lambda: FirstOfMoment(IMPEDANCE.type)},
    adverts=(Characteristic(SERVICE, decode),),
    quiet_s=QUIET_S,
    verdict="public",
    verified="NOT A MEDICAL DEVICE; advertisements and values of a public decoder's tests; none captured for this "
    "project, and no weight in jin",
)
