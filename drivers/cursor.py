"""Reads fields out of bytes, in order. A short read is the one error there is, and it names its offset."""

from typing import Literal

from drivers.api import DecodeError


class Cursor:
    """A position in `data`. Integers are little endian, as on GATT, unless `order` says otherwise."""

    __slots__ = ("_data", "_offset", "_order")

    def __init__(self, data: bytes, order: Literal["little", "big"] = "little") -> None:
        self._data = data
        self._offset = 0
        self._order = order

    def left(self) -> int:
        """How many bytes are not read yet."""
        return len(self._data) - self._offset

    def take(self, count: int) -> bytes:
        """The next `count` bytes; DecodeError("truncated") where the bytes end before them."""
        if count > len(self._data) - self._offset:
            raise DecodeError("truncated", len(self._data), f"{count} bytes expected from byte {self._offset}")
        start = self._offset
        self._offset = start + count
        return self._data[start : self._offset]

    def rest(self) -> bytes:
        """Everything not read yet."""
        return self.take(self.left())

    def u8(self) -> int:
        """Unsigned, 1 byte."""
        return self.take(1)[0]

    def i8(self) -> int:
        """Signed, 1 byte."""
        return int.from_bytes(self.take(1), self._order, signed=True)

    def u16(self) -> int:
        """Unsigned, 2 bytes."""
        return int.from_bytes(self.take(2), self._order)

    def i16(self) -> int:
        """Signed, 2 bytes."""
        return int.from_bytes(self.take(2), self._order, signed=True)

    def u24(self) -> int:
        """Unsigned, 3 bytes."""
        return int.from_bytes(self.take(3), self._order)

    def u32(self) -> int:
        """Unsigned, 4 bytes."""
        return int.from_bytes(self.take(4), self._order)

    def u48(self) -> int:
        """Unsigned, 6 bytes."""
        return int.from_bytes(self.take(6), self._order)
