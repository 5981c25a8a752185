"""Visomat Double Comfort and Prevention DS-2200PV: a dump of the memories of both users between STX and ETX.

visomat-utils README (git.ao2.it): for each user `M`, the user, the number of records in two digits, and so many records
of 20 digits: yymmdd HHMM flag sys dia pulse; a user without records has one dummy digit instead. How the dump is asked
for is not told there, nor are the line settings: this driver listens to a dump that is started on the cuff's side.
A clock that was never set tells 2044.
"""

import re

from drivers.api import DecodeError, Framer, Measurement, SerialDriver
from drivers.cursor import Cursor
from drivers.framers import Packets
from drivers.gather import each
from drivers.serial.cuffs import pressures
from drivers.serial.stamps import read_parts

_STX, _ETX = 2, 3
_RECORD = 20
# Two users of 99 records.
_LONGEST = 2 * (4 + 99 * _RECORD) + 2
_BLOCK = re.compile(rb"M([12])(\d\d)")
_NEVER_SET = 2044


def blocks(dump: bytes) -> list[bytes]:
    """The records of a dump (without STX and ETX), each as `M`, user, 20 digits; DecodeError if it is not whole."""
    found, at = [], 0
    while at < len(dump):
        head = _BLOCK.match(dump, at)
        if head is None:
            raise DecodeError("not-a-dump", at, "a block begins with M, a user and a number")
        count = int(head[2])
        body = dump[head.end() : head.end() + (count * _RECORD or 1)]
        if len(body) < (count * _RECORD or 1) or not body.isdigit():
            raise DecodeError("truncated", min(head.end() + len(body), len(dump)), "fewer digits than records")
        found += [b"M" + head[1] + body[i : i + _RECORD] for i in range(0, count * _RECORD, _RECORD)]
        at = head.end() + len(body)
    return found


def _measure(data: bytes, at: int) -> int:
    if data[at] != _STX:
        return -1
    end = data.find(_ETX, at)
    if end < 0:
        return 0 if data[at + 1 : at + 2] in (b"", b"M") else -1
    return end + 1 - at if _whole(data[at + 1 : end]) else -1


def _whole(dump: bytes) -> bool:
    try:
        blocks(dump)
    except DecodeError:
        return False
    return bool(dump)


class _Dumps:
    """Cuts dumps into their records."""

    def __init__(self) -> None:
        self._packets = Packets(_measure, _LONGEST)

    def feed(self, data: bytes) -> list[bytes | DecodeError]:
        """Takes any chunk."""
        found: list[bytes | DecodeError] = []
        for message in self._packets.feed(data):
            found += [message] if isinstance(message, DecodeError) else blocks(message[1:-1])
        return found

    def reset(self) -> None:
        """Gives up half a dump."""
        self._packets.reset()


def _framer() -> Framer:
    return _Dumps()


def decode(data: bytes) -> Measurement | None:
    """One record, or a dump with at most one (None: with none)."""
    if len(data) == _RECORD + 2 and data[:1] == b"M" and data[1:].isdigit() and data[1:2] in b"12":
        return _read(data[1] - ord("0"), data[2:])
    records = blocks(data.strip(b"\x02\x03"))
    if len(records) > 1:
        raise DecodeError("several-records", 0, "a dump with several records is cut by the framer")
    return decode(records[0]) if records else None


def _read(user: int, digits: bytes) -> Measurement:
    year, month, day, hour, minute = (int(digits[i : i + 2]) for i in range(0, 10, 2))
    draft = pressures(int(digits[11:14]), int(digits[14:17]), int(digits[17:20]))
    read_parts(draft, digits[:10], 2000 + year, month, day, hour, minute)
    if 2000 + year >= _NEVER_SET:
        draft.distrust_time("default-date")
    draft.user = user
    draft.stored = True
    draft.detail["flag"] = digits[10] - ord("0")
    return draft.done(Cursor(b""))


DRIVER = SerialDriver(
    name="visomat-serial",
    kind="blood-pressure",
    framer=_framer,
    decode=decode,
    modes={"each": each(5.0)},
    verdict="experimental",
    verified="two dumps published from real cuffs; how to ask for one, and the line settings, are not known",
)
