"""Weight Scale Service 181D: measurement 2A9D, features 2A9E; with the body composition of the same act.

Weight Scale Service 1.0; GATT Specification Supplement.
"""

from decimal import Decimal

from drivers.api import BleDriver, Characteristic, Facts, Info, Measurement
from drivers.ble import body_composition as composition
from drivers.ble.device_information import STANDARD_INFO
from drivers.ble.device_time import CURRENT_TIME, DATE_TIME, read_time
from drivers.ble.mass import read_height, read_weight
from drivers.ble.one_weighing import MORE_S, WAIT_S, join, open_act
from drivers.ble.user_data import CONTROL, talk
from drivers.cursor import Cursor
from drivers.draft import Draft, named_bits
from drivers.gather import Merge
from drivers.quantities import BMI
from drivers.uuids import full

MEASUREMENT = full(0x2A9D)

_FEATURES = {0: "timestamp", 1: "multi-user", 2: "bmi"}


def measurement(data: bytes) -> Measurement:
    """Decodes a weight; failed where the scale says so (0xFFFF)."""
    cursor, draft = Cursor(data), Draft("weight")
    flags = cursor.u8()
    draft.reserved(flags, 0x0F)
    successful = read_weight(draft, cursor, flags)
    if flags & 2:
        read_time(draft, cursor)
    if flags & 4:
        draft.user_slot(cursor.u8())
    if flags & 8:
        draft.known(BMI, cursor.u16() * Decimal("0.1"))
        read_height(draft, cursor, flags)
    return draft.done(cursor, None if successful else "measurement-failed")


def features(data: bytes) -> Facts:
    """`features` by name; `weight_resolution` and `height_resolution` are the codes of the service (0 unspecified)."""
    word = Cursor(data).u32()
    return {
        "features": named_bits(word, _FEATURES),
        "weight_resolution": word >> 3 & 0xF,
        "height_resolution": word >> 7 & 0x7,
    }


DRIVER = BleDriver(
    name="weight-scale",
    kind="weight",
    services=(full(0x181D),),
    modes={"merge": lambda: Merge(join, open_act, WAIT_S)},
    characteristics=(
        Characteristic(MEASUREMENT, measurement),
        Characteristic(composition.MEASUREMENT, composition.measurement, required=False),
        CONTROL,
    ),
    info=(Info(full(0x2A9E), features), Info(full(0x2A9B), composition.features), *STANDARD_INFO),
    clocks=(CURRENT_TIME, DATE_TIME),
    set_clock="after-values",
    talk=talk,
    more_s=MORE_S,
    verified="frames captured from Beurer BF720 and BF788 and an unnamed scale",
)
