"""Health Thermometer Service 1809: measurement 2A1C, intermediate 2A1E, temperature type 2A1D.

GATT Specification Supplement.
"""

from drivers.api import BleDriver, Characteristic, Facts, Info, Measurement
from drivers.ble.device_information import STANDARD_INFO
from drivers.ble.device_time import CURRENT_TIME, DATE_TIME, read_time
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.floats import Special, float32
from drivers.gather import each
from drivers.quantities import TEMPERATURE, TEMPERATURE_F
from drivers.uuids import full

MEASUREMENT = full(0x2A1C)
INTERMEDIATE = full(0x2A1E)

_SITES = {
    1: "armpit",
    2: "body",
    3: "ear-lobe",
    4: "finger",
    5: "gastrointestinal",
    6: "mouth",
    7: "rectum",
    8: "toe",
    9: "tympanum",
}


def measurement(data: bytes) -> Measurement:
    """Decodes a temperature; failed where it is not a number. The site is a flag, as `site-mouth`."""
    cursor, draft = Cursor(data), Draft("temperature")
    flags = cursor.u8()
    draft.reserved(flags, 0x07)
    number = float32(cursor)
    draft.value(TEMPERATURE_F if flags & 1 else TEMPERATURE, number)
    if flags & 2:
        read_time(draft, cursor)
    if flags & 4:
        site = cursor.u8()
        draft.detail["temperature_type"] = site
        if site in _SITES:
            draft.mark(f"site-{_SITES[site]}", "valid")
    failed = isinstance(number, Special)
    draft.lower("invalid" if failed else "valid")
    return draft.done(cursor, "measurement-failed" if failed else None)


def intermediate(data: bytes) -> None:
    """A temperature still rising is no reading: checks the frame and gives nothing."""
    measurement(data)


def temperature_type(data: bytes) -> Facts:
    """`temperature_site` where the device measures at one place only."""
    site = _SITES.get(Cursor(data).u8())
    return {"temperature_site": site} if site else {}


DRIVER = BleDriver(
    name="thermometer",
    kind="temperature",
    services=(full(0x1809),),
    modes={"each": each(10.0)},
    characteristics=(
        Characteristic(MEASUREMENT, measurement),
        Characteristic(INTERMEDIATE, intermediate, required=False),
    ),
    info=(Info(full(0x2A1D), temperature_type), *STANDARD_INFO),
    clocks=(CURRENT_TIME, DATE_TIME),
    set_clock="after-values",
    verified="frames of public test suites and constructed ones; no capture",
)
