"""Rows out of bare pages: whatever the tree above them is worth."""

import sqlite3
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.store.carve import carve

SIZE = 1024
_MORE = "ABCDEFGHIJ" * 500


def make(path: Path, rows: int = 40) -> None:
    """A database with a table whose rows are of every kind and size, in a tree of several levels."""
    with closing(sqlite3.connect(path, isolation_level=None)) as link:
        link.execute(f"PRAGMA page_size = {SIZE}")
        link.execute("CREATE TABLE t (number INTEGER PRIMARY KEY, kind TEXT, data BLOB, size INTEGER, odd)")
        link.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", (row(n) for n in range(1, rows + 1)))


def row(number: int) -> tuple[object, ...]:
    size = (number * 137) % 3000
    numbers = (0, 1, -1, 200, 40_000, -9_000_000, 2**40, -(2**60))
    return (number, "ord" * (number % 5), _MORE.encode()[:size], numbers[number % 8], None)


def test_every_row_is_found_without_a_tree(tmp_path: Path) -> None:
    make(tmp_path / "x")
    data = bytearray((tmp_path / "x").read_bytes())
    data[:SIZE] = bytes(SIZE)
    for at in range(0, len(data), SIZE):
        if data[at] == 5:  # a page that only leads to others
            data[at : at + SIZE] = b"\xff" * SIZE
    found = {rowid: tuple(columns) for rowid, columns in carve(bytes(data), b"", SIZE) if len(columns) == 5}
    assert found == {n: (None, *row(n)[1:]) for n in range(1, 41)}


def test_the_newest_writing_of_a_page_comes_first_and_the_log_counts(tmp_path: Path) -> None:
    make(tmp_path / "x", 3)
    with closing(sqlite3.connect(tmp_path / "x", isolation_level=None)) as link:
        link.execute("PRAGMA journal_mode = WAL")
        for word in ("first", "second"):
            link.execute("UPDATE t SET kind = ? WHERE number = 2", (word,))
        database, log = (tmp_path / "x").read_bytes(), (tmp_path / "x-wal").read_bytes()
    words = [columns[1] for rowid, columns in carve(database, log, SIZE) if rowid == 2 and len(columns) == 5]
    assert words == ["second", row(2)[1], "first"]


def test_a_page_beyond_the_database_may_lie_in_the_log_alone(tmp_path: Path) -> None:
    make(tmp_path / "x", 1)
    with closing(sqlite3.connect(tmp_path / "x", isolation_level=None)) as link:
        link.execute("PRAGMA journal_mode = WAL")
        link.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?)", row(21))
        database, log = (tmp_path / "x").read_bytes(), (tmp_path / "x-wal").read_bytes()
    rows = {rowid: columns for rowid, columns in carve(database, log, SIZE) if len(columns) == 5}
    assert tuple(rows[21][1:]) == row(21)[1:]


def test_rows_of_floats_and_of_torn_text_are_left_out(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x", isolation_level=None)) as link:
        link.execute(f"PRAGMA page_size = {SIZE}")
        link.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b)")
        link.executemany("INSERT INTO t VALUES (?, ?)", [(1, 1.5), (-7, "text"), (3, "torn")])
    data = (tmp_path / "x").read_bytes().replace(b"torn", b"\xff\xff\xff\xff")
    assert [r for r in carve(data, b"", SIZE) if len(r[1]) == 2] == [(-7, [None, "text"])]


def leaf(*cells: bytes) -> bytes:
    """A page of a table's rows."""
    page, end = bytearray(SIZE), SIZE
    page[0], page[3:5] = 0x0D, len(cells).to_bytes(2, "big")
    for index, cell in enumerate(cells):
        end -= len(cell)
        page[end : end + len(cell)] = cell
        page[8 + 2 * index : 10 + 2 * index] = end.to_bytes(2, "big")
    return bytes(page)


def test_rows_whose_rest_lies_on_a_page_that_is_not_there_are_left_out() -> None:
    whole = bytes((5, 1, 2, 15)) + b"1"
    # 2,000 bytes, of which 980 would be here and the rest on page 99; and more bytes than all pages have.
    torn, endless = bytes((0x8F, 0x50, 1)) + bytes(980) + (99).to_bytes(4, "big"), bytes((0xFF, 0xFF, 0x7F, 1))
    rows = list(carve(bytes(SIZE) + leaf(bytes((3, 1, 2, 15)) + b"1", torn) + leaf(endless, whole), b"", SIZE))
    assert rows == [(1, ["1"])]


@settings(max_examples=300)
@given(st.data())
def test_any_bytes_give_rows_or_none_but_never_a_fault(data: st.DataObject) -> None:
    cells = data.draw(st.lists(st.binary(max_size=300), max_size=4))
    page = bytearray(SIZE)
    page[0], page[3:5] = 0x0D, data.draw(st.integers(0, 65_535)).to_bytes(2, "big")
    page[8:16] = data.draw(st.binary(min_size=8, max_size=8))
    body = b"".join(cells)[: SIZE - 16]
    page[16 : 16 + len(body)] = body
    header = bytes(SIZE)
    list(carve(header + bytes(page) * 2, data.draw(st.binary(max_size=3000)), SIZE))
