"""Cuts byte streams into messages: lines of text, and binary packets that are told by their shape.

Both are bounded, give the same whatever the chunks, and find every message that came whole, with noise before, between
and after. Each stretch of bytes that belongs to no message is reported once.
"""

import re
from collections.abc import Callable

from drivers.api import DecodeError

LINE_LIMIT = 256
_ENDS = re.compile(rb"[\r\n]")
# An unbroken stretch of noise is reported again after this many bytes.
_STRETCH = 4096


class Lines:
    """Lines that end with CR, LF or both; empty ones are skipped.

    `shape` is a pattern of a whole message, anchored at its end. A line that merely ends in a message gives the
    message, and an error for what stood before it: so a message survives the noise in front of it. Without a shape
    lines are given as they are. Of a line longer than `limit` the end is kept, and only a message in it is given.
    """

    def __init__(self, shape: re.Pattern[bytes] | None = None, limit: int = LINE_LIMIT) -> None:
        self._shape = shape
        self._limit = limit
        self._line = bytearray()
        self._too_long = False

    def feed(self, data: bytes) -> list[bytes | DecodeError]:
        """Takes any chunk."""
        found: list[bytes | DecodeError] = []
        *ended, rest = _ENDS.split(data)
        for part in ended:
            found += self._grow(part)
            found += self._end()
        return found + self._grow(rest)

    def reset(self) -> None:
        """Gives up a line that has not ended."""
        self._line.clear()
        self._too_long = False

    def _grow(self, part: bytes) -> list[bytes | DecodeError]:
        self._line += part
        if len(self._line) <= self._limit:
            return []
        del self._line[: -self._limit]
        known, self._too_long = self._too_long, True
        return [] if known else [DecodeError("line-too-long", self._limit, "no end of line")]

    def _end(self) -> list[bytes | DecodeError]:
        line, cut = bytes(self._line), self._too_long
        self.reset()
        if not line:
            return []
        message = self._shape.search(line) if self._shape is not None else None
        if message is None:
            return [] if cut else [line]
        noise = message.start() > 0 and not cut
        return [*([DecodeError("noise", 0, "bytes before a message")] if noise else ()), message.group()]


# Tells what stands at a place in the data: the length of a whole message; 0: perhaps one, not all here; -1: none.
Measure = Callable[[bytes, int], int]


class Packets:
    """Binary messages, recognised by `measure`; none is longer than `limit`, or shorter than `least`.

    Of several readings of the same bytes the one that is complete first is taken, so that a false beginning in noise
    does not swallow the message behind it.
    """

    def __init__(self, measure: Measure, limit: int, least: int = 1) -> None:
        self._measure = measure
        self._limit = limit
        self._least = least
        self._held = b""
        self._noise = 0

    def feed(self, data: bytes) -> list[bytes | DecodeError]:
        """Takes any chunk."""
        found: list[bytes | DecodeError] = []
        for start in range(0, len(data), self._limit):
            self._held += data[start : start + self._limit]
            while (message := self._first()) is not None:
                at, length = message
                found += self._skip(at)
                found.append(self._held[:length])
                self._held = self._held[length:]
                self._noise = 0
            found += self._skip(self._hopeless())
        return found

    def reset(self) -> None:
        """Gives up what is half received."""
        self._held = b""
        self._noise = 0

    def _first(self) -> tuple[int, int] | None:
        """The whole message that ends first: where, how long."""
        places = range(len(self._held) - self._least + 1)
        whole = [(at + n, at) for at in places if (n := self._measure(self._held, at)) > 0]
        if not whole:
            return None
        end, at = min(whole)
        return at, end - at

    def _hopeless(self) -> int:
        """How many bytes at the front can begin no message."""
        waiting = (at for at in range(len(self._held)) if self._measure(self._held, at) == 0)
        at = next(waiting, len(self._held))
        return max(at, len(self._held) - self._limit)

    def _skip(self, count: int) -> list[bytes | DecodeError]:
        if not count:
            return []
        self._held = self._held[count:]
        before, self._noise = self._noise, self._noise + count
        if before and before // _STRETCH == self._noise // _STRETCH:
            return []
        return [DecodeError("noise", 0, "bytes that belong to no message")]


def fixed(size: int, sound: Callable[[bytes], bool], starts: Callable[[int], bool]) -> Measure:
    """Messages of one size: `starts` says whether a byte can be the first, `sound` whether `size` bytes are one."""

    def measure(data: bytes, at: int) -> int:
        if not starts(data[at]):
            return -1
        if len(data) - at < size:
            return 0
        return size if sound(data[at : at + size]) else -1

    return measure
