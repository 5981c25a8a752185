"""The family of Contec's instruments that talk over service FF12, or over a line: oximeters and a spirometer.

tikhonp/contec-spirometer-ios-app, spirometer/ContecSDK (commands, lengths); tobiasisenberg/OxiVis issue #2 (check sum
on a captured notification). The first byte of a message has bit 7 set, no other has: so a message is found again after
any loss. The last byte is the sum of those before it, 7 bits of it. The hub writes FF01 and hears FF02.
"""

from collections.abc import Collection, Mapping

from drivers.api import DecodeError
from drivers.uuids import full

SERVICE, WRITE, NOTIFY = full(0xFF12), full(0xFF01), full(0xFF02)


def command(*body: int) -> bytes:
    """A message of the hub: the bytes and their check sum."""
    return bytes((*body, checksum(bytes(body))))


def checksum(data: bytes) -> int:
    """The sum of bytes, 7 bits of it."""
    return sum(data) & 0x7F


def sums_up(message: bytes) -> bool:
    """Whether a message ends with its check sum."""
    return checksum(message[:-1]) == message[-1]


class SevenBit:
    """Cuts the stream into messages: `lengths` gives the length of each kind by its first byte.

    `tails`: kinds that are followed by data of no use here. A message whose rest does not come, and each stretch of
    bytes that belongs to no message, is reported once; nothing is held beyond one message.
    """

    def __init__(self, lengths: Mapping[int, int], tails: Collection[int] = ()) -> None:
        self._lengths = lengths
        self._tails = frozenset(tails)
        self._held = bytearray()
        self._reported = False

    def feed(self, data: bytes) -> list[bytes | DecodeError]:
        """Takes any chunk."""
        found: list[bytes | DecodeError] = []
        for byte in data:
            found += self._begin(byte) if byte & 0x80 else self._go_on(byte)
        return found

    def reset(self) -> None:
        """Gives up what is half received."""
        self._held.clear()
        self._reported = False

    def _begin(self, byte: int) -> list[bytes | DecodeError]:
        cut = len(self._held)
        self._held.clear()
        if byte in self._lengths:
            self._held.append(byte)
            self._reported = False
            return [DecodeError("truncated", 0, "a message began before the one before it was whole")] if cut else []
        return self._stray()

    def _go_on(self, byte: int) -> list[bytes | DecodeError]:
        if not self._held:
            return self._stray()
        self._held.append(byte)
        if len(self._held) < self._lengths[self._held[0]]:
            return []
        message = bytes(self._held)
        self._held.clear()
        self._reported = message[0] in self._tails
        return [message]

    def _stray(self) -> list[bytes | DecodeError]:
        known, self._reported = self._reported, True
        return [] if known else [DecodeError("noise", 0, "bytes that belong to no message")]
