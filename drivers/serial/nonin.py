"""Nonin oximeters on a serial line or over SPP: OEM III, XPod, iPod, 9560 Onyx II; data formats 2, 7 and 8.

Nonin, Onyx II Model 9560 OEM Specification and Technical Information, 6470-000-01 (2008). The formats cannot be told
apart safely, so each is a driver: `nonin-serial` (2), `nonin-serial-7`, `-8`, and `-13` in its own file. With the
option `select_format` the driver selects its format at opening; the 9560 takes that in its first 5 s, and keeps it.

Readings out of formats 2 and 7 use the "-D" values alone, which hold for 10 s after the finger is out; a stay gives one
reading, at the first packet that the device's SmartPoint algorithm passed. Format 8 has no check sum: SmartPoint is
believed when three values on end are alike.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from drivers.api import (
    PORT,
    Absent,
    Decode,
    DecodeError,
    Framer,
    Line,
    Measurement,
    Quantity,
    Reply,
    SerialDriver,
    Step,
    Talk,
    TalkContext,
    Write,
)
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.framers import Packets, fixed
from drivers.quantities import PULSE_OXIMETER, SPO2
from drivers.serial.spot import Rule, stay

NO_PULSE, NO_SPO2 = 511, 127
FRAMES = 25
PACKET = FRAMES * 5
LINE = Line(9600, 8, "N", 1)

# Three packets a second; SmartPoint decides. A stay without it: the last value of at least 6 s.
_CHECKED = Rule(alike=1, told=True, least=18, out=2, cable=True)
# One frame a second.
_UNCHECKED = Rule(alike=3, told=True, least=6, out=2, cable=True)


# --- formats 2 and 7: 25 frames of 5 bytes, a value spread over them ------------------------------------------------


@dataclass(frozen=True, slots=True)
class Layout:
    """Where format 2 and format 7 differ: what a frame begins with, and where its status byte stands."""

    lead: bytes
    status: int


DF2 = Layout(b"\x01", 1)
DF7 = Layout(b"", 0)


def _frame_fault(layout: Layout, data: bytes, at: int, first: bool) -> str | None:
    """What is wrong with the frame at a place; frame 1 alone carries the sync bit."""
    if data[at : at + len(layout.lead)] != layout.lead:
        return "not-a-frame"
    status = data[at + layout.status]
    if not status & 0x80:
        return "not-a-frame"
    if sum(data[at : at + 4]) & 0xFF != data[at + 4]:
        return "checksum"
    return None if first == bool(status & 1) else "sync"


def _packets(layout: Layout) -> Callable[[], Framer]:
    def measure(data: bytes, at: int) -> int:
        whole = min(FRAMES, (len(data) - at) // 5)
        if any(_frame_fault(layout, data, at + 5 * i, i == 0) for i in range(whole)):
            return -1
        return PACKET if whole == FRAMES else _begun(data, at + 5 * whole)

    def _begun(data: bytes, at: int) -> int:
        return -1 if data[at : at + len(layout.lead)] != layout.lead[: len(data) - at] else 0

    return lambda: Packets(measure, PACKET, least=PACKET)


def _decode_packet(layout: Layout, data: bytes) -> Measurement:
    for i in range(min(FRAMES, len(data) // 5)):
        fault = _frame_fault(layout, data, 5 * i, i == 0)
        if fault:
            raise DecodeError(fault, 5 * i, f"frame {i + 1} of the packet")
    if len(data) < PACKET:
        raise DecodeError("truncated", len(data), "a packet has 25 frames of 5 bytes")
    statuses = [data[5 * i + layout.status] for i in range(FRAMES)]
    return _measured(statuses, data[3:PACKET:5], Cursor(data[PACKET:]))


def _measured(statuses: Sequence[int], slow: bytes, rest: Cursor) -> Measurement:
    """`slow`: the fourth byte of each frame, the values that come once in 25 frames."""
    draft = Draft("pulse-oximeter")
    value(draft, SPO2, slow[8] & 0x7F, NO_SPO2)
    value(draft, PULSE_OXIMETER, _pulse(slow, 19), NO_PULSE)
    seen = 0
    for status in statuses:
        seen |= status
    alarm, lost, artefact = bool(statuses[-1] & 8), bool(seen & 16), bool(seen & 32)
    draft.detail |= {
        "hr": _pulse(slow, 0),
        "spo2_average": slow[2],
        "srev": slow[3],
        "spo2_d": slow[8],
        "spo2_fast": slow[9],
        "spo2_bb": slow[10],
        "e_hr": _pulse(slow, 13),
        "e_spo2": slow[15],
        "e_spo2_d": slow[16],
        "hr_d": _pulse(slow, 19),
        "e_hr_d": _pulse(slow, 21),
    }
    _say(draft, finger=not alarm, lost=lost, artefact=artefact, settled=bool(slow[7] & 0x20))
    # Red, green, or both for yellow: of one pulse, so of one frame.
    pulses = {status & 6 for status in statuses}
    _mark(draft, low=4 in pulses, marginal=6 in pulses, battery=bool(slow[7] & 1))
    return draft.done(rest)


def _pulse(slow: bytes, at: int) -> int:
    return (slow[at] & 3) << 7 | slow[at + 1] & 0x7F


def value(draft: Draft, quantity: Quantity, number: int, missing: int) -> None:
    """Adds a number, or its absence."""
    draft.value(quantity, Absent.NOT_A_NUMBER if number == missing else Decimal(number))


def _say(draft: Draft, *, finger: bool, lost: bool, artefact: bool, settled: bool) -> None:
    draft.detail |= {
        "finger": finger,
        "clean": not lost and not artefact,
        "settled": settled,
        "smartpoint": settled,
        "sensor_alarm": not finger,
        "out_of_track": lost,
        "artifact": artefact,
    }


def _mark(draft: Draft, *, low: bool, marginal: bool, battery: bool) -> None:
    draft.detail |= {"low_perfusion": low, "marginal_perfusion": marginal, "low_battery": battery}
    for present, flag in ((low, "low-perfusion"), (marginal, "marginal-perfusion"), (battery, "low-battery")):
        if present:
            draft.mark(flag, "valid")


def decode_2(data: bytes) -> Measurement:
    """A packet of format 2."""
    return _decode_packet(DF2, data)


def decode_7(data: bytes) -> Measurement:
    """A packet of format 7: as format 2, with 16 bits of waveform in place of the leading 01."""
    return _decode_packet(DF7, data)


# --- format 8: 4 bytes a second -------------------------------------------------------------------------------------


def _sound_8(data: bytes) -> bool:
    return max(data[1:4]) < 0x80


def _framer_8() -> Framer:
    return Packets(fixed(4, _sound_8, lambda byte: byte >= 0x80), 4, least=4)


def decode_8(data: bytes) -> Measurement:
    """One frame of format 8."""
    head, low, spo2, tail = Cursor(data).take(4)
    if head < 0x80 or not _sound_8(data):
        raise DecodeError("not-a-frame", 0, "bit 7 stands in the first byte alone")
    draft = Draft("pulse-oximeter")
    value(draft, SPO2, spo2, NO_SPO2)
    value(draft, PULSE_OXIMETER, (head & 3) << 7 | low, NO_PULSE)
    _say(draft, finger=not tail & 8, lost=bool(head & 32), artefact=bool(head & 4), settled=bool(tail & 32))
    _mark(draft, low=bool(head & 16), marginal=bool(head & 8), battery=bool(tail & 1))
    return draft.done(Cursor(data[4:]))


# --- what the hub says ----------------------------------------------------------------------------------------------


def select_format(number: int) -> bytes:
    """The command that selects a data format."""
    return bytes((0x02, 0x70, 0x02, 0x02, number, 0x03))


def selecting(number: int) -> Talk:
    """Selects a format at opening, where the configuration wants it."""

    def talk(context: TalkContext) -> Generator[Step, Reply, None]:
        if context.options.get("select_format") is True:
            yield Write(PORT, select_format(number))

    return talk


def _driver(
    name: str, number: int, framer: Callable[[], Framer], decode: Decode, rule: Rule, verified: str
) -> SerialDriver:
    return SerialDriver(
        name=name,
        kind="pulse-oximeter",
        framer=framer,
        decode=decode,
        modes={"spot": stay(rule)},
        line=LINE,
        talk=selecting(number),
        memory=False,
        verified=verified,
    )


DRIVERS = (
    _driver("nonin-serial", 2, _packets(DF2), decode_2, _CHECKED, "frames of a public firmware's tests; no capture"),
    _driver("nonin-serial-7", 7, _packets(DF7), decode_7, _CHECKED, "constructed frames only"),
    _driver("nonin-serial-8", 8, _framer_8, decode_8, _UNCHECKED, "constructed frames only"),
)
