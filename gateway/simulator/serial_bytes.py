"""What instruments on serial lines send, written from the makers' layouts and apart from the drivers that read it."""

from datetime import datetime


def and_line(number: str, unit: str = "kg", header: str = "ST") -> bytes:
    """A line of an A&D scale: `number` with its decimals, padded with zeros to nine characters with its sign."""
    sign = "-" if number.startswith("-") else "+"
    return f"{header},{sign}{number.lstrip('+-'):0>8}{unit:>3}\r\n".encode()


def nonin_packet(
    spo2: int = 97,
    pulse: int = 72,
    *,
    finger: bool = True,
    smartpoint: bool = True,
    artefact: bool = False,
    pleth16: bool = False,
) -> bytes:
    """25 frames of Nonin's data format 2, a third of a second; `pleth16` makes it format 7."""
    rate, oxygen = (pulse, spo2) if finger else (511, 127)
    slow = bytearray(25)
    for at in (0, 13):
        slow[at], slow[at + 1] = rate >> 7, rate & 0x7F
    for at in (19, 21):
        slow[at], slow[at + 1] = pulse >> 7, pulse & 0x7F
    slow[2] = slow[9] = slow[10] = slow[15] = oxygen
    slow[8] = slow[16] = spo2
    slow[3], slow[7] = 48, 0x20 if smartpoint and finger else 0
    status = 0x80 | (0 if finger else 0x08) | (0x20 if artefact else 0)
    out = b""
    for i, value in enumerate(slow):
        wave = bytes((status | (i == 0), i, 0)) if pleth16 else bytes((1, status | (i == 0), i))
        frame = wave + bytes((value,))
        out += frame + bytes((sum(frame) & 0xFF,))
    return out


def nonin_8(spo2: int = 97, pulse: int = 72, *, finger: bool = True, smartpoint: bool = True) -> bytes:
    """One second of Nonin's data format 8."""
    rate, oxygen = (pulse, spo2) if finger else (511, 127)
    return bytes((0x80 | rate >> 7, rate & 0x7F, oxygen, (0x20 if smartpoint and finger else 0) | (0 if finger else 8)))


def _bcd(number: int) -> int:
    return number // 10 << 4 | number % 10


def nonin_13(spo2: int, pulse: int, time: datetime, *, stored: bool = False, smartpoint: bool = True) -> bytes:
    """One measurement in Nonin's data format 13."""
    parts = (time.year // 100, time.year % 100, time.month, time.day, time.hour, time.minute, time.second)
    status = (0x0200 if smartpoint else 0) | (0x0010 if stored else 0)
    data = bytes((*map(_bcd, parts), 0)) + status.to_bytes(2, "big") + pulse.to_bytes(2, "big") + bytes((0, spo2))
    return b"\x00\x02\x00\x0d" + len(data).to_bytes(2, "big") + data + bytes((sum(data) & 0xFF, 3))
