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


def st_gs_line(number: str, unit: str = "kg", header: str = "ST") -> bytes:
    """A line of an indicator with two headers."""
    return f"{header},GS,+{number:0>7}{unit}\r\n".encode()


def mt_sics_line(number: str, unit: str = "kg", state: str = "S") -> bytes:
    """An answer of an MT-SICS scale."""
    return f"S {state} {number:>10} {unit}\r\n".encode()


def tanita_line(kg: str, fat: str = "18.6", height_cm: int = 170) -> bytes:
    """A line of a Tanita SC-240."""
    bmi = float(kg) * 10000 / height_cm**2
    pairs = f'{{0,16,~0,1,~1,1,~2,1,MO,"SC-240",SN,"00000001",Hm,{height_cm},Wk,{kg},FW,{fat},MI,{bmi:.1f},'
    return f"{pairs}CS,{sum(pairs.encode()) & 0xFF:02X}\r\n".encode()


def detecto_line(lb: str) -> bytes:
    """What a Detecto solo prints."""
    return f"12:00,08/07/15,21.5,5'03.0\",{lb}lb\r".encode()


def rice_lake_line(lb: str) -> bytes:
    """What a Rice Lake 350-10 prints."""
    return f"{lb:>9} lb Gross \r\n".encode()


def cms50_live(spo2: int = 97, pulse: int = 72, *, finger: bool = True, searching: bool = False) -> bytes:
    """One of 60 frames a second of a CMS50D+."""
    oxygen, rate = (spo2, pulse) if finger else (127, 127)
    head = 0x83 | (0 if finger else 0x10)
    return bytes((head, 0x40, (0x20 if searching else 0) | (rate & 0x80) >> 1 | 5, rate & 0x7F, oxygen))


def cms50_upload(seconds: list[tuple[int, int]]) -> list[bytes]:
    """A CMS50D+'s memory, as (SpO2, pulse) a second: three headers with the length, then the seconds."""
    length = len(seconds) * 3 - 1
    told = bytes((0x80 | length >> 14, 0x80 | length >> 7 & 0x7F, length & 0x7F))
    return [b"\xf2\x80\x00" * 3 + told, *(bytes((0xF0 | p >> 7, 0x80 | p & 0x7F, s)) for s, p in seconds)]


def _cms50f(kind: int, *content: int) -> bytes:
    high = sum((byte >> 7) << i for i, byte in enumerate(content))
    return bytes((kind, 0x80 | high, *(byte | 0x80 for byte in content)))


def cms50f_live(spo2: int = 97, pulse: int = 72, *, finger: bool = True) -> bytes:
    """One of 60 frames a second of a CMS50F."""
    return _cms50f(0x01, 5 if finger else 0x80, 0x55, 0x1A, pulse, spo2, 0xFF, 0xFF)


def cms50f_count(sessions: int) -> bytes:
    """How many recordings there are."""
    return _cms50f(0x0A, 0, sessions)


def cms50f_duration(seconds: int) -> bytes:
    """How long a recording is."""
    raw = 2 * seconds
    return _cms50f(0x08, 0, 0, raw & 0xFF, raw >> 8 & 0xFF, raw >> 16, 0)


def cms50f_begin(start: datetime) -> bytes:
    """When a recording began: two replies."""
    date = _cms50f(0x07, 0, 0, start.year // 100, start.year % 100, start.month, start.day)
    return date + _cms50f(0x12, 0, 0, start.hour, start.minute, start.second, 0)


def cms50f_data(seconds: list[tuple[int, int]]) -> list[bytes]:
    """A recording, as (SpO2, pulse) a second, three to a reply."""
    full = seconds + [(0x7F, 0xFF)] * (-len(seconds) % 3)
    triples = [full[i : i + 3] for i in range(0, len(full), 3)]
    return [_cms50f(0x0F, *(value for pair in triple for value in pair)) for triple in triples]


def bm65_record(systolic: int, diastolic: int, pulse: int, time: datetime) -> bytes:
    """A record of a Beurer BM65."""
    stamp = (time.month, time.day, time.hour, time.minute, time.year - 2000)
    return bytes((0xAC, systolic - 25, diastolic - 25, pulse, *stamp))


def visomat_dump(records: list[tuple[int, int, int, datetime]]) -> bytes:
    """A Visomat's dump: the records of user 1, and an empty memory of user 2."""
    digits = "".join(f"{t:%y%m%d%H%M}0{s:03d}{d:03d}{p:03d}" for s, d, p, t in records)
    return f"\x02M1{len(records):02d}{digits or 0}M2000\x03".encode()


def ua767pc(systolic: int, diastolic: int, pulse: int) -> bytes:
    """One measurement of an A&D UA-767PC."""
    return f"80{systolic - diastolic:02X}{diastolic:02X}{pulse:02X}60".encode()


def sp10_record(number: int, time: datetime, fvc: float = 5.1, fev1: float = 4.95, pef: float = 9.33) -> bytes:
    """One blow in an SP10's memory."""
    values = [0] * 13
    values[0], values[2], values[6] = round(fvc * 100), round(fev1 * 100), round(pef * 100)
    values[3] = round(fev1 / fvc * 1000)
    stamp = (time.year - 2000, time.month, time.day, time.hour, time.minute, time.second)
    head = (0xE1, 0, 1, number & 0x7F, number >> 7, *stamp, 0, 39, 175 & 0x7F, 175 >> 7, 1, 0)
    message = bytes((*head, *(part for v in values for part in (v & 0x7F, v >> 7))))
    return message + bytes((sum(message) & 0x7F,))
