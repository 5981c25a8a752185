"""Blood Pressure Record 2B36: a stored measurement in one or more segments.

GATT Specification Supplement, Blood Pressure Record; E2E-CRC as CRC-16/MCRF4XX. Whether later segments repeat sequence
number and UUID is not clear from the published layouts: the reading that fits the contained measurement is taken.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from drivers.api import Act, DecodeError, Frame, Measurement
from drivers.ble.enhanced_pressure import enhanced
from drivers.ble.pressure import measurement
from drivers.crc import mcrf4xx
from drivers.cursor import Cursor
from drivers.gather import Each
from drivers.uuids import full

RECORD = full(0x2B36)
MOST_SEGMENTS = 32

_HEAD = 5  # header, sequence number, UUID
_REPEAT_S = 20.0
_CONTAINED: Mapping[int | None, Callable[[bytes], Measurement]] = {0x2A35: measurement, 0x2B34: enhanced}


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a record; sequence number and UUID are told by the first."""

    first: bool
    last: bool
    counter: int
    sequence: int | None
    uuid: int | None
    payload: bytes


def segment(data: bytes) -> Segment:
    """Reads the header of a part."""
    cursor = Cursor(data)
    header = cursor.u8()
    first = bool(header & 1)
    sequence, uuid = (cursor.u16(), cursor.u16()) if first else (None, None)
    return Segment(first, bool(header & 2), header >> 2, sequence, uuid, cursor.rest())


def record(data: bytes) -> Measurement:
    """Decodes a record of one segment; of more, each gives an empty measurement that `Records` puts together."""
    part = segment(data)
    if part.first and part.last:
        return whole([data])
    return Measurement(kind="blood-pressure", samples=(), detail={"segment": part.counter})


def whole(parts: Sequence[bytes]) -> Measurement:
    """Decodes all the segments of a record, in order; the first tells sequence number and UUID."""
    head = segment(parts[0])
    refusal: DecodeError | None = None
    for payload in _payloads(head, parts):
        try:
            return _stored(head, _contained(head, payload, b"".join(parts)))
        except DecodeError as error:
            refusal = refusal or DecodeError(error.reason, error.offset + _HEAD, error.message)
    raise refusal or DecodeError("unknown-record", 3, "neither 2A35 nor 2B34")


def _payloads(head: Segment, parts: Sequence[bytes]) -> Iterator[bytes]:
    if head.uuid not in _CONTAINED:
        return
    yield head.payload + b"".join(part[1:] for part in parts[1:])
    if parts[1:] and all(part[1:_HEAD] == parts[0][1:_HEAD] for part in parts[1:]):
        yield head.payload + b"".join(part[_HEAD:] for part in parts[1:])


def _contained(head: Segment, payload: bytes, everything: bytes) -> Measurement:
    """Decodes the payload. Two bytes more than the measurement needs are the check sum over all fields of all parts."""
    decode = _CONTAINED[head.uuid]
    found = decode(payload)
    if len(str(found.detail.get("trailing_bytes", ""))) != 4:
        return found
    if mcrf4xx(everything[:-2]) != int.from_bytes(everything[-2:], "little"):
        raise DecodeError("checksum", len(payload) - 2, "the record does not match its check sum")
    return decode(payload[:-2])


def _stored(head: Segment, found: Measurement) -> Measurement:
    # A dated record has the key of its live copy, which has no number; an undated one has nothing but its number.
    number = None if found.dated else head.sequence
    return replace(found, record=number, stored=True, detail={**found.detail, "sequence": head.sequence})


class Records:
    """Puts the segments of records together; everything else passes, repeats excepted.

    A record with a lost segment, or that does not decode, is told as a failed measurement: it was there.
    """

    journal = True

    def __init__(self) -> None:
        self._each = Each(_REPEAT_S)
        self._parts: list[Act] = []

    def add(self, act: Act) -> list[Act]:
        """Takes a measurement or a segment."""
        frame = act.frames[0]
        if frame.channel != RECORD:
            return self._each.add(act)
        part = segment(frame.data)
        done = self._give_up() if part.first else []
        fits = part.first or self._follows(part)
        self._parts.append(act)
        if not fits:
            return self._give_up()
        return done + (self._each.add(self._finish()) if part.last else [])

    def tick(self, at: float) -> list[Act]:
        """Segments wait for the next or for the end of contact."""
        return []

    def end(self, at: float) -> list[Act]:
        """Contact is over: what is incomplete will not be completed."""
        return self._give_up()

    def held(self) -> tuple[Frame, ...]:
        """The segments of the record that is coming."""
        return tuple(frame for act in self._parts for frame in act.frames)

    def _follows(self, part: Segment) -> bool:
        if not 0 < len(self._parts) < MOST_SEGMENTS:
            return False
        return part.counter == (segment(self._parts[-1].frames[0].data).counter + 1) % 64

    def _finish(self) -> Act:
        frames = self.held()
        self._parts = []
        try:
            return Act(whole([frame.data for frame in frames]), frames)
        except DecodeError as error:
            return _failed("record-unreadable", frames, error.reason)

    def _give_up(self) -> list[Act]:
        frames = self.held()
        self._parts = []
        return [_failed("record-incomplete", frames, "segment_lost")] if frames else []


def _failed(why: str, frames: tuple[Frame, ...], reason: str) -> Act:
    return Act(Measurement(kind="blood-pressure", samples=(), failed=why, detail={"reason": reason}), frames)
