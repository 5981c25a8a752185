"""Berry BM1000B, C and E: the five-byte frames of a serial oximeter over a transparent service. Off unless allowed.

Adafruit_CircuitPython_BLE_BerryMed_Pulse_Oximeter, __init__.py (service, layout, no-value words). Newer firmware sends
other frames of 20 bytes: they are passed over as noise, and give no reading. Several frames share a notification.

A stay of the finger gives one reading, as soon as so many frames on end as come in about eight seconds lie within 2 %
and 6 /min.
"""

from decimal import Decimal

from drivers.api import Absent, BleDriver, Characteristic, DecodeError, Framer, Measurement
from drivers.ble.device_information import STANDARD_INFO
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.framers import Packets, fixed
from drivers.quantities import PULSE_OXIMETER, SPO2
from drivers.serial.spot import Rule, stay

SERVICE = "49535343-fe7d-4ae5-8fa9-9fafd205e455"
NOTIFY = "49535343-1e4d-4bd9-ba61-23c647249616"

NO_SPO2, NO_PULSE = 127, 255
_SIZE = 5
_NO_FINGER, _SEARCHING, _PULSE_HIGH = 0x10, 0x20, 0x40
# A hundred frames a second.
_RULE = Rule(alike=800, told=False, least=800, out=50)


def framer() -> Framer:
    """Cuts notifications into frames."""
    return Packets(fixed(_SIZE, _sound, lambda byte: byte >= 0x80), _SIZE)


def _sound(frame: bytes) -> bool:
    return max(frame[1:_SIZE]) < 0x80


def decode(data: bytes) -> Measurement:
    """One hundredth of a second."""
    head, pleth, state, pulse, spo2 = Cursor(data).take(_SIZE)
    if head < 0x80 or not _sound(data):
        raise DecodeError("not-a-frame", 0, "bit 7 stands in the first byte alone")
    draft = Draft("pulse-oximeter")
    pulse |= 0x80 if state & _PULSE_HIGH else 0
    draft.value(SPO2, Decimal(spo2) if 0 < spo2 < NO_SPO2 else Absent.NOT_A_NUMBER)
    draft.value(PULSE_OXIMETER, Decimal(pulse) if 0 < pulse < NO_PULSE else Absent.NOT_A_NUMBER)
    draft.detail |= {"pleth": pleth, "finger": not state & _NO_FINGER, "clean": not state & _SEARCHING}
    return draft.done(Cursor(data[_SIZE:]))


DRIVER = BleDriver(
    name="berry-bm1000",
    kind="pulse-oximeter",
    services=(SERVICE,),
    modes={"spot": stay(_RULE, pause_s=5.0)},
    memory=False,
    characteristics=(Characteristic(NOTIFY, decode, framer=framer),),
    info=STANDARD_INFO,
    verdict="opt-in",
    verified="frames built from a public library's layout; no frame captured; frames of newer firmware are not read",
)
