"""Heart Rate Service 180D: measurement 2A37, body sensor location 2A38.

GATT Specification Supplement. A stream without time stamps: one settled reading per wearing.
"""

from decimal import Decimal

from drivers.api import BleDriver, Characteristic, Facts, Info, Measurement
from drivers.ble.device_information import STANDARD_INFO
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.quantities import ENERGY_EXPENDED, HEART_RATE
from drivers.settle import Settle
from drivers.uuids import full

MEASUREMENT = full(0x2A37)

_CONTACT = (None, None, False, True)
_LOCATIONS = ("other", "chest", "wrist", "finger", "hand", "ear-lobe", "foot")


def measurement(data: bytes) -> Measurement:
    """Decodes one value of the stream; beat intervals (1/1024 s) are reported in `detail`."""
    cursor, draft = Cursor(data), Draft("heart-rate")
    flags = cursor.u8()
    draft.reserved(flags, 0x1F)
    draft.value(HEART_RATE, Decimal(cursor.u16() if flags & 1 else cursor.u8()))
    contact = _CONTACT[flags >> 1 & 3]
    draft.detail["contact"] = contact
    if contact is False:
        draft.mark("no-skin-contact")
    if flags & 8:
        draft.value(ENERGY_EXPENDED, Decimal(cursor.u16()))
    if flags & 16:
        draft.detail["rr_1024"] = tuple(cursor.u16() for _ in range(cursor.left() // 2))
    return draft.done(cursor)


def location(data: bytes) -> Facts:
    """`sensor_location` by name; nothing for a reserved number."""
    place = Cursor(data).u8()
    return {"sensor_location": _LOCATIONS[place]} if place < len(_LOCATIONS) else {}


def _good(found: Measurement) -> bool:
    return found.status == "valid"


def _worn(found: Measurement) -> bool:
    return {"no-skin-contact", "implausible"}.isdisjoint(found.flags)


DRIVER = BleDriver(
    name="heart-rate",
    kind="heart-rate",
    services=(full(0x180D),),
    modes={"spot": lambda: Settle(good=_good, worn=_worn, stream=MEASUREMENT)},
    memory=False,
    characteristics=(Characteristic(MEASUREMENT, measurement),),
    info=(Info(full(0x2A38), location), *STANDARD_INFO),
    verified="frames of public test suites and constructed ones; no capture",
)
