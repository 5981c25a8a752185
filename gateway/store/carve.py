"""Rows out of the bare pages of a database whose tree is broken. Formats: sqlite.org/fileformat2.html.

Every page that looks like the leaf of a table is read on its own (section 1.6), be it in the database or in its log
(section 4), whoever pointed to it; so rows that were deleted may come up too. Pure: bytes in, rows out.
"""

from collections.abc import Iterator
from typing import Protocol

Row = tuple[int, list[object]]

_LEAF = 0x0D
_LOG_HEADER = 32
_FRAME_HEADER = 24
# Bytes of the fixed sizes of serial types 1 to 6 (section 2.1); 7 is a float, 8 and 9 are the numbers 0 and 1.
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


class Torn(Exception):  # noqa: N818  # no fault of ours: these bytes are no row
    """Bytes that are no row, or not all of one."""


class Bytes(Protocol):
    """Bytes, or a file that is mapped into memory."""

    def __len__(self) -> int:
        """How many."""
        ...

    def __getitem__(self, key: slice) -> bytes:
        """Some of them."""
        ...


class _Pages:
    """The pages of a database, numbered from 1, each as it was written last."""

    def __init__(self, database: Bytes, log: Bytes, size: int) -> None:
        self._database, self._size = database, size
        self.older: list[bytes] = []
        self._logged: dict[int, bytes] = {}
        step = _FRAME_HEADER + size
        for at in range(_LOG_HEADER, len(log) - step + 1, step):
            number = int.from_bytes(log[at : at + 4], "big")
            if number in self._logged:
                self.older.append(self._logged[number])
            self._logged[number] = log[at + _FRAME_HEADER : at + step]

    def __len__(self) -> int:
        return len(self._database) // self._size

    def get(self, number: int) -> bytes:
        """The page as it was written last; Torn if there is none."""
        return self._logged[number] if number in self._logged else self.written_back(number)

    def written_back(self, number: int) -> bytes:
        """The page as it stands in the database itself."""
        page = self._database[(number - 1) * self._size : number * self._size]
        if number < 1 or len(page) < self._size:
            raise Torn
        return page

    def all(self) -> Iterator[tuple[int, bytes]]:
        """(number, page), newest writings first; pages that were written anew since have the number 0."""
        yield from self._logged.items()
        for number in range(1, len(self) + 1):
            yield (0 if number in self._logged and number > 1 else number), self.written_back(number)
        yield from ((0, page) for page in reversed(self.older))


def carve(database: Bytes, log: Bytes, size: int) -> Iterator[Row]:
    """(rowid, columns) of every row that can be read in pages of `size` bytes; the newest writing of a page first."""
    pages = _Pages(database, log, size)
    for number, page in pages.all():
        yield from _leaf(page, 100 if number == 1 else 0, pages)


def _leaf(page: bytes, head: int, pages: _Pages) -> Iterator[Row]:
    if page[head] != _LEAF:
        return
    count = int.from_bytes(page[head + 3 : head + 5], "big")
    for index in range(min(count, len(page) // 2)):
        place = head + 8 + 2 * index
        try:
            yield _cell(page, int.from_bytes(page[place : place + 2], "big"), pages)
        except Torn:
            continue


def _cell(page: bytes, at: int, pages: _Pages) -> Row:
    length, at = _varint(page, at)
    rowid, at = _varint(page, at)
    record = _payload(page, at, length, pages)
    return _signed(rowid), _columns(record)


def _payload(page: bytes, at: int, length: int, pages: _Pages) -> bytes:
    """The record, put together from its overflow pages where it has any (section 1.6, "U" is `usable`)."""
    usable = len(page)
    most = usable - 35
    if length <= most:
        return _slice(page, at, length)
    if length > usable * (len(pages) + 1):
        raise Torn
    least = (usable - 12) * 32 // 255 - 23
    local = least + (length - least) % (usable - 4)
    local = local if local <= most else least
    record = _slice(page, at, local)
    following = int.from_bytes(_slice(page, at + local, 4), "big")
    while len(record) < length:
        page = pages.get(following)
        record += page[4 : 4 + length - len(record)]
        following = int.from_bytes(page[:4], "big")
    return record


def _columns(record: bytes) -> list[object]:
    end, at = _varint(record, 0)
    types = []
    while at < end:
        kind, at = _varint(record, at)
        types.append(kind)
    columns = []
    for kind in types:
        value, at = _value(record, at, kind)
        columns.append(value)
    if at != len(record):
        raise Torn
    return columns


def _value(record: bytes, at: int, kind: int) -> tuple[object, int]:
    if kind in _INTEGERS:
        size = _INTEGERS[kind]
        return int.from_bytes(_slice(record, at, size), "big", signed=True), at + size
    if kind >= 12:
        size = (kind - 12) // 2
        data = _slice(record, at, size)
        return (data if kind % 2 == 0 else _text(data)), at + size
    if kind == 0:
        return None, at
    if kind in (8, 9):
        return kind - 8, at
    raise Torn  # a float, of which the rows sought here have none, or reserved


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Torn from error


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """(value, place after it), unsigned; section 1.6."""
    value = 0
    for _byte in range(8):
        byte, at = _slice(data, at, 1)[0], at + 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
    return value << 8 | _slice(data, at, 1)[0], at + 1


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _slice(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise Torn
    return data[at : at + length]
