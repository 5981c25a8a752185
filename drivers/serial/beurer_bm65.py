"""Beurer BM65 over its USB converter: the memory, read record by record. 4800 8N1.

A public reader of the BM65 (byte order and the offset of 25). AA is answered 55, A2 the number of records, A3 n record
n: header, systolic - 25, diastolic - 25, pulse, month, day, hour, minute, year - 2000. There is no check sum: each
record is asked for twice, and counts when both copies are the same and its date is possible.
"""

from collections.abc import Generator

from drivers.api import (
    PORT,
    Await,
    DecodeError,
    Framer,
    Line,
    Measurement,
    Reply,
    SerialDriver,
    Step,
    TalkContext,
    Value,
    Write,
)
from drivers.cursor import Cursor
from drivers.framers import Packets
from drivers.gather import each
from drivers.serial.cuffs import pressures
from drivers.serial.stamps import moment, read_parts

SIZE = 9
HELLO, HELLO_BACK, COUNT, RECORD = 0xAA, 0x55, 0xA2, 0xA3
_ANSWER_S = 1.0
_AGAIN_S = 30.0
_TRIES = 3


def _possible(record: bytes) -> bool:
    month, day, hour, minute, year = record[4:SIZE]
    return moment(2000 + year, month, day, hour, minute) is not None


def _measure(data: bytes, at: int) -> int:
    one, other = data[at : at + SIZE], data[at + SIZE : at + 2 * SIZE]
    if not one.startswith(other[: len(one)]):
        return -1
    if len(one) == SIZE and not _possible(one):
        return -1
    return 2 * SIZE if len(other) == SIZE else 0


def _framer() -> Framer:
    return Packets(_measure, 2 * SIZE, least=2 * SIZE)


def decode(data: bytes) -> Measurement:
    """A record, or both copies of it."""
    record, copy = Cursor(data).take(SIZE), data[SIZE:]
    if copy and copy != record:
        raise DecodeError("copies-differ", SIZE, "the two copies of the record differ")
    draft = pressures(record[1] + 25, record[2] + 25, record[3])
    month, day, hour, minute, year = record[4:]
    read_parts(draft, record[4:], 2000 + year, month, day, hour, minute)
    draft.stored = True
    draft.detail["header"] = record[0]
    return draft.done(Cursor(b""))


_Hearing = Generator[Step, Reply, bytes]


def _talk(context: TalkContext) -> Generator[Step, Reply, None]:
    """Knocks until the cuff answers, and reads its memory once."""
    while True:
        heard = yield from _ask(bytes((HELLO,)), 1)
        if heard[-1:] == bytes((HELLO_BACK,)):
            break
        yield Await(_AGAIN_S)
    count = yield from _ask(bytes((COUNT,)), 1)
    for number in range(1, (count[0] if count else 0) + 1):
        yield from _twice(number)


def _twice(number: int) -> Generator[Step, Reply, None]:
    """Asks for a record until two copies on end are the same, three times at most."""
    before = b""
    for _ in range(2 * _TRIES):
        copy = yield from _ask(bytes((RECORD, number)), SIZE)
        if len(copy) == SIZE and copy == before:
            return
        before = copy


def _ask(question: bytes, size: int) -> _Hearing:
    """Asks, and listens until `size` bytes have come, or nothing more does."""
    yield Write(PORT, question)
    heard = b""
    while len(heard) < size and isinstance(reply := (yield Await(_ANSWER_S)), Value):
        heard += reply.data
    return heard


DRIVER = SerialDriver(
    name="beurer-bm65",
    kind="blood-pressure",
    framer=_framer,
    decode=decode,
    modes={"each": each(5.0)},
    line=Line(4800, 8, "N", 1),
    talk=_talk,
    verified="a record constructed from a public reader; no capture",
)
