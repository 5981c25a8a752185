"""Contec CMS50D-BT over service FF12: a stream that must be asked for again and again. Off unless allowed.

tobiasisenberg/OxiVis issue #2: the request `9B 01 1C` and one captured notification. Which bytes are pulse and SpO2
(3 and 4), and that byte 2 holds their eighth bits, is inferred: a frame that sets one of these two bits is not taken.

A stay of the finger gives one reading, as soon as ten frames on end lie within 2 % and 6 /min.
"""

from collections.abc import Generator
from decimal import Decimal

from drivers.api import Absent, Await, BleDriver, Characteristic, DecodeError, Measurement, Reply, Step, TalkContext
from drivers.ble.device_information import STANDARD_INFO
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.ff12 import NOTIFY, SERVICE, WRITE, SevenBit, command, sums_up
from drivers.quantities import PULSE_OXIMETER, SPO2
from drivers.saying import say
from drivers.serial.spot import Rule, stay

REQUEST = command(0x9B, 0x01)

_VALUES, _LENGTH = 0xEB, 8
_RULE = Rule(alike=10, told=False, least=10, out=3)
# The stream stops in under a minute; the contact is left to the device after so many requests.
_AGAIN_S = 20.0
_REQUESTS = 4


def framer() -> SevenBit:
    """Cuts notifications into messages; other kinds of the same first byte may be longer."""
    return SevenBit({_VALUES: _LENGTH}, tails=(_VALUES,))


def decode(message: bytes) -> Measurement | None:
    """The values of a message `EB 01`; None for its other kinds."""
    if message[:1] != bytes((_VALUES,)):
        raise DecodeError("unknown-message", 0, "no message of this instrument")
    if len(message) < _LENGTH:
        raise DecodeError("truncated", len(message), "a message of values has 8 bytes")
    if message[1] != 1:
        return None
    if not sums_up(message[:_LENGTH]):
        raise DecodeError("checksum", _LENGTH - 1, "the check sum does not hold")
    high, pulse, spo2 = message[2:5]
    draft = Draft("pulse-oximeter")
    for quantity, number in ((SPO2, spo2), (PULSE_OXIMETER, pulse)):
        draft.value(quantity, Decimal(number) if 0 < number < 0x7F else Absent.NOT_A_NUMBER)
    sure = not high & 3
    if not sure:
        draft.mark("high-bits-unproved")
    draft.detail |= {"high_bits": high, "finger": 0 < spo2 < 0x7F or 0 < pulse < 0x7F, "clean": sure}
    return draft.done(Cursor(message[_LENGTH:]))


def _talk(context: TalkContext) -> Generator[Step, Reply, None]:
    for _ in range(_REQUESTS):
        if not (yield from say(WRITE, REQUEST)):
            return
        # Nothing comes on a control channel: this is the time between two requests.
        yield Await(_AGAIN_S)


DRIVER = BleDriver(
    name="cms50d-bt",
    kind="pulse-oximeter",
    services=(SERVICE,),
    modes={"spot": stay(_RULE, pause_s=5.0)},
    memory=False,
    characteristics=(Characteristic(NOTIFY, decode, framer=framer),),
    info=STANDARD_INFO,
    talk=_talk,
    verdict="opt-in",
    verified="the request and one notification captured from a device, check sums included; the places of the values "
    "are inferred, and a pulse above 126 is not read",
)
