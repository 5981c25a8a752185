"""Beurer PO60 over service FF12: an oximeter that stores its measurements and is asked for them. Experimental.

A working script for it (find_string id 25265251674): the requests, end time, SpO2 and pulse of a record, which the
radio cuts into 20 and 4 bytes. Start time, the bit of the last record and the request for the next batch come from a
source that names the maker's application (shawn-gxp/sh3-pi, beurer_po60.py). No dump captured from a device is known.

The reading is the average of a measurement. The pulse has 7 bits here; where the eighth is kept is not known, so a
pulse that may be 128 or more, or that lies outside its own extremes, is marked.
"""

from collections.abc import Generator
from decimal import Decimal

from drivers.api import Await, BleDriver, Characteristic, DecodeError, Measurement, Reply, Step, TalkContext, Value
from drivers.ble.device_information import STANDARD_INFO
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.ff12 import NOTIFY, SERVICE, WRITE, SevenBit, command, sums_up
from drivers.gather import each
from drivers.quantities import PULSE_OXIMETER, SPO2
from drivers.saying import say
from drivers.serial.stamps import moment, read_parts

HELLO, FIRST, NEXT = command(0x90, 0x05), command(0x99, 0x00), command(0x99, 0x01)

_RECORD, _LENGTH = 0xE9, 24
_LAST = 0x40
# Year since 2000, month, day, hour, minute, second.
_MASKS = (0x7F, 0x0F, 0x1F, 0x1F, 0x3F, 0x3F)
# A pulse below this may as well be one above 127.
_TOO_SLOW = 45

_HELLO_S, _PAUSE_S = 0.5, 2.0
_BATCHES = 100
_PIECES = 500


def framer() -> SevenBit:
    """Cuts notifications into records."""
    return SevenBit({_RECORD: _LENGTH})


def decode(message: bytes) -> Measurement:
    """One stored measurement."""
    if message[:1] != bytes((_RECORD,)):
        raise DecodeError("unknown-message", 0, "no record of this instrument")
    if len(message) < _LENGTH:
        raise DecodeError("truncated", len(message), "a record has 24 bytes")
    draft = Draft("pulse-oximeter")
    draft.stored = True
    _read_times(draft, message)
    spo2, pulse = tuple(message[17:20]), tuple(message[20:23])
    draft.value(SPO2, Decimal(spo2[2]))
    draft.value(PULSE_OXIMETER, Decimal(pulse[2]))
    for name, (highest, lowest, average) in (("spo2", spo2), ("pr", pulse)):
        draft.detail |= {f"{name}_max": highest, f"{name}_min": lowest, f"{name}_avg": average}
        if not lowest <= average <= highest:
            draft.mark("implausible")
    if min(pulse) < _TOO_SLOW:
        draft.mark("high-bits-unproved")
    draft.detail |= {"packet": message[1] & 15, "last": bool(message[1] & _LAST), "checksum_ok": _check(draft, message)}
    return draft.done(Cursor(message[_LENGTH:]))


def _read_times(draft: Draft, message: bytes) -> None:
    began, ended = (_parts(message[at : at + 6]) for at in (2, 8))
    start = moment(*began)
    read_parts(draft, message[8:14], *ended)
    draft.detail["start"] = start and start.isoformat()


def _parts(raw: bytes) -> tuple[int, int, int, int, int, int]:
    year, month, day, hour, minute, second = (byte & mask for byte, mask in zip(raw, _MASKS, strict=True))
    return 2000 + year, month, day, hour, minute, second


def _check(draft: Draft, message: bytes) -> bool:
    """No source says that a record ends with its check sum, as the hub's messages do: a wrong one is only marked."""
    sound = sums_up(message[:_LENGTH])
    if message[_LENGTH - 1] and not sound:
        draft.mark("checksum")
    return sound


def _talk(context: TalkContext) -> Generator[Step, Reply, None]:
    if not (yield from say(WRITE, HELLO)):
        return
    yield Await(_HELLO_S)
    stream, request = framer(), FIRST
    for _ in range(_BATCHES):
        if not (yield from say(WRITE, request)):
            return
        records = yield from _batch(stream)
        if not records or any(record[1] & _LAST for record in records):
            return
        request = NEXT


def _batch(stream: SevenBit) -> Generator[Step, Reply, list[bytes]]:
    """The records of one request: it has been answered when nothing more comes."""
    records: list[bytes] = []
    for _ in range(_PIECES):
        reply = yield Await(_PAUSE_S)
        if not isinstance(reply, Value):
            break
        records += [m for m in stream.feed(reply.data) if isinstance(m, bytes)]
    return records


DRIVER = BleDriver(
    name="beurer-po60",
    kind="pulse-oximeter",
    services=(SERVICE,),
    modes={"each": each(1.0)},
    characteristics=(Characteristic(NOTIFY, decode, control=True, framer=framer),),
    info=STANDARD_INFO,
    talk=_talk,
    verdict="experimental",
    verified="requests, end time and SpO2 as a working script reads them; no record captured from a device; start "
    "time, last record and next batch from one source; how a pulse of 128 or more is told is not known: it is marked",
)
