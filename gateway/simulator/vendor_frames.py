"""What instruments with a maker's own protocol send over Bluetooth. Pure.

Written from the published layouts and apart from the drivers that read it: an encoder that shared their mistakes would
hide them.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import reduce
from operator import xor

RADIO_PIECE = 20
"""Bytes of a notification where nobody has asked for more."""


def pieces(stream: bytes, size: int = RADIO_PIECE) -> Iterator[bytes]:
    """A byte stream as notifications carry it."""
    for start in range(0, len(stream), size):
        yield stream[start : start + size]


def nonin_3230(
    spo2: int | None = 97,
    pulse: int | None = 72,
    *,
    smartpoint: bool = True,
    searching: bool = False,
    weak: bool = False,
    second: int = 0,
) -> bytes:
    """One second of a Nonin 3230; None: no value."""
    finger = spo2 is not None or pulse is not None
    status = finger | weak << 1 | smartpoint << 2 | searching << 3 | finger << 4
    oxygen, rate = 127 if spo2 is None else spo2, 511 if pulse is None else pulse
    return (
        bytes((10, status, 30)) + b"\x00\xfa" + second.to_bytes(2, "big") + bytes((oxygen,)) + rate.to_bytes(2, "big")
    )


def viatom(token: int, kind: int, *content: int) -> bytes:
    """A frame of Viatom's oximeters with its check sum, CRC-8/MAXIM."""
    frame = bytes((0xAA, 0x55, token, len(content) + 2, kind, *content))
    return frame + bytes((_crc8(frame),))


def pc_60fw(spo2: int = 97, pulse: int = 72, *, perfusion: int = 68, status: int = 0, battery: int = 3) -> bytes:
    """One second of a PC-60FW: values, in the company of waveform and battery; zeros are no finger."""
    values = viatom(0x0F, 0x01, spo2, pulse & 0xFF, pulse >> 8, perfusion, status, battery << 6)
    return viatom(0x0F, 0x02, 1, 2, 3, 4, 5) + values + viatom(0xF0, 0x03, battery)


def contec(*body: int) -> bytes:
    """A message of Contec's: 7 bits a byte but for the first, and the sum of them at the end."""
    return bytes((*body, sum(body) % 128))


def cms50d_bt(spo2: int = 99, pulse: int = 64) -> bytes:
    """One message of values of a CMS50D-BT."""
    return contec(0xEB, 1, 4, pulse, spo2, 0x7F, 0)


def berry(spo2: int = 97, pulse: int = 72, *, finger: bool = True) -> bytes:
    """A hundredth of a second of a Berry BM1000."""
    oxygen, rate = (spo2, pulse) if finger else (127, 255)
    return bytes((0x82, 48, (rate & 0x80) >> 1 | (not finger) << 4, rate & 0x7F, oxygen))


def omron_reply(request: bytes, data: bytes) -> bytes:
    """What an Omron cuff answers: the request's kind and address, and bytes of its memory; all bytes cancel out."""
    plain = bytes((8 + len(data), request[1] | 0x80, *request[2:5], len(data), *data, 0))
    return plain + bytes((reduce(xor, plain),))


def omron_record(number: int, when: datetime, systolic: int = 128, diastolic: int = 82, pulse: int = 64) -> bytes:
    """A record of 14 bytes in an Omron cuff."""
    day = when.month << 10 | when.day << 5 | when.hour
    minute = when.minute << 6 | when.second
    words = b"".join(word.to_bytes(2, "little") for word in (day, minute, 0x8000, number, 0))
    return bytes((systolic - 25, diastolic, pulse, when.year - 2000)) + words


def po60_record(number: int, ended: datetime, spo2: int = 96, pulse: int = 70, *, last: bool = False) -> bytes:
    """A measurement in the memory of a PO60: a minute that ended at `ended`, with its extremes around the averages."""
    date = (ended.year - 2000, ended.month, ended.day, ended.hour, ended.minute)
    values = (spo2 + 1, spo2 - 2, spo2, pulse + 9, pulse - 9, pulse)
    return contec(0xE9, number & 15 | last << 6, *date, 0, *date, ended.second, 0, 0, 0, *values)


def sp10_record(
    number: int, blown: datetime, *, fev1: int = 250, fvc: int = 310, pef: int = 633, kind: int = 1
) -> bytes:
    """A blow in the memory of an SP10: volumes in 0.01 L, peak flow in 0.01 L/s; `kind` 1 is a forced manoeuvre."""
    date = (blown.year - 2000, blown.month, blown.day, blown.hour, blown.minute, blown.second)
    ratio = 1000 * fev1 // fvc
    flows = (pef * 8 // 10, pef // 2, pef // 4, pef // 2)
    values = (fvc, 0, fev1, ratio, 0, fvc, pef, *flows, 90, 79)
    person = (1, 64, *_pair(168), 1, 0)
    return contec(0xE1, 0, kind, *_pair(number), *date, *person, *(part for value in values for part in _pair(value)))


def sp10_curve(points: int = 6) -> bytes:
    """The announcement of a curve, and its points."""
    return bytes((0xE2, 1, 0, *_pair(points))) + bytes((0x15, 1, 2, 3, 4, 5, 6, 7)) * points


def mi_scale(raw: int, when: datetime, *, stable: bool = True, removed: bool = False, unit: int = 0x02) -> bytes:
    """Service data of a Mi Smart Scale; `raw` in 1/200 kg, or in 1/100 lb with unit 0x03, or jin with 0x12."""
    return bytes((unit | stable << 5 | removed << 7,)) + raw.to_bytes(2, "little") + _mi_date(when)


def mi_body_scale(
    raw: int, when: datetime, *, ohm: int | None = None, stable: bool = True, removed: bool = False, lb: bool = False
) -> bytes:
    """Service data of a Mi Body Composition Scale 2; `ohm` None: not measured yet."""
    flags = 0x04 | (ohm is not None) << 1 | stable << 5 | removed << 7
    measured = (ohm or 0).to_bytes(2, "little") + raw.to_bytes(2, "little")
    return bytes((2 | lb, flags)) + _mi_date(when) + measured


def _mi_date(when: datetime) -> bytes:
    return when.year.to_bytes(2, "little") + bytes((when.month, when.day, when.hour, when.minute, when.second))


def _pair(value: int) -> tuple[int, int]:
    return value % 128, value // 128


def _crc8(data: bytes) -> int:
    """Most significant bit first over bytes turned round, which is the same."""
    crc = 0
    for byte in data:
        crc ^= int(f"{byte:08b}"[::-1], 2)
        for _ in range(8):
            crc = (crc << 1 ^ (0x31 if crc & 0x80 else 0)) & 0xFF
    return int(f"{crc:08b}"[::-1], 2)
