"""Jumper JPD-500F ("My Oximeter"): four bytes a second. Off unless allowed.

KookKookKool/smarttelemed-v4, jumper_po_jpd_500f.dart: service, the frame `81 pulse SpO2 xx`, and one captured frame.
The fourth byte is not described; nor is what stands for no value: 0, and a SpO2 of 127 or a pulse of 255, as elsewhere.

A stay of the finger gives one reading, as soon as ten frames on end lie within 2 % and 6 /min.
"""

from decimal import Decimal

from drivers.api import Absent, BleDriver, Characteristic, Measurement
from drivers.ble.device_information import STANDARD_INFO
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.quantities import PULSE_OXIMETER, SPO2
from drivers.serial.spot import Rule, stay

SERVICE = "cdeacb80-5235-4c07-8846-93a37ee6b86d"
NOTIFY = "cdeacb81-5235-4c07-8846-93a37ee6b86d"

_VALUES = 0x81
_RULE = Rule(alike=10, told=False, least=10, out=3)


def decode(data: bytes) -> Measurement | None:
    """The values of a frame; None for one of another kind."""
    cursor, draft = Cursor(data), Draft("pulse-oximeter")
    if cursor.u8() != _VALUES:
        return None
    pulse, spo2 = cursor.u8(), cursor.u8()
    draft.detail |= {"fourth_byte": cursor.u8(), "finger": 0 < pulse < 255 or 0 < spo2 < 127, "clean": True}
    draft.value(SPO2, Decimal(spo2) if 0 < spo2 < 127 else Absent.NOT_A_NUMBER)
    draft.value(PULSE_OXIMETER, Decimal(pulse) if 0 < pulse < 255 else Absent.NOT_A_NUMBER)
    return draft.done(cursor)


DRIVER = BleDriver(
    name="jumper-jpd500f",
    kind="pulse-oximeter",
    services=(SERVICE,),
    modes={"spot": stay(_RULE, pause_s=5.0)},
    memory=False,
    characteristics=(Characteristic(NOTIFY, decode),),
    info=STANDARD_INFO,
    verdict="opt-in",
    verified="one captured frame in a public application's source; what stands for no value is inferred",
)
