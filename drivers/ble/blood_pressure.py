"""Blood Pressure Service 1810 (1.1.1): live measurements as 2A35 or 2B34, stored ones as indications or as 2B36.

The layouts are in `pressure`, `enhanced_pressure` and `pressure_record`.
"""

from collections.abc import Generator

from drivers.api import BleDriver, Characteristic, Facts, Info, Reply, Step, TalkContext
from drivers.ble.device_information import STANDARD_INFO
from drivers.ble.device_time import CURRENT_TIME, DATE_TIME
from drivers.ble.enhanced_pressure import ENHANCED, ENHANCED_INTERMEDIATE, enhanced, enhanced_intermediate
from drivers.ble.pressure import intermediate, measurement
from drivers.ble.pressure_record import RECORD, Records, record
from drivers.ble.racp import CONTROL, REPORT_ALL, fetch
from drivers.cursor import Cursor
from drivers.draft import named_bits
from drivers.uuids import full

MEASUREMENT = full(0x2A35)
INTERMEDIATE = full(0x2A36)

_FEATURES = {
    0: "body-movement",
    1: "cuff-fit",
    2: "irregular-pulse",
    3: "pulse-rate-range",
    4: "measurement-position",
    5: "multiple-bonds",
    6: "e2e-crc",
    7: "user-data-service",
    8: "user-facing-time",
}


def features(data: bytes) -> Facts:
    """`features` by name."""
    return {"features": named_bits(Cursor(data).u16(), _FEATURES)}


def _talk(context: TalkContext) -> Generator[Step, Reply, None]:
    # The operand of a request by number is not published for this service: everything is asked for, doubles are known
    # by their record key.
    yield from fetch(REPORT_ALL)


DRIVER = BleDriver(
    name="blood-pressure",
    kind="blood-pressure",
    services=(full(0x1810),),
    modes={"each": Records},
    characteristics=(
        Characteristic(MEASUREMENT, measurement, required=False),
        Characteristic(ENHANCED, enhanced, required=False),
        Characteristic(INTERMEDIATE, intermediate, required=False),
        Characteristic(ENHANCED_INTERMEDIATE, enhanced_intermediate, required=False),
        Characteristic(RECORD, record, control=True, required=False),
        CONTROL,
    ),
    info=(Info(full(0x2A49), features), *STANDARD_INFO),
    clocks=(CURRENT_TIME, DATE_TIME),
    set_clock="after-values",
    talk=_talk,
    verified="frames captured from Beurer BM96 and BM54, A&D UA-651BLE and two unnamed cuffs; "
    "enhanced and stored records constructed only",
)
