"""What a reading costs the card, from insert to release: bytes handed to the disk (`write_bytes` of /proc/PID/io, which
counts whole blocks of 4 kB), beside bare SQLite with the same text, as durable, in one table with default pages."""

import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from benches import Row
from benches.storing import draft
from gateway.store import Store

_SINGLE, _BURST, _AT_ONCE, _KNOWN = 400, 4000, 50, 20_000
_ALL = (1, 2**62)


def measure() -> list[Row]:
    """Bytes for each reading: one at a time, fifty at a time, and each with 20,000 earlier readings known."""
    return [
        Row("card: one reading", _ours(_SINGLE, 1, 0), _floor(_SINGLE, 1), "bytes"),
        Row("card: one reading, 20,000 known", _ours(_SINGLE, 1, _KNOWN), None, "bytes"),
        Row("card: each of fifty at once", _ours(_BURST, _AT_ONCE, 0), _floor(_BURST, _AT_ONCE), "bytes"),
        Row("card: each of fifty at once, 20,000 known", _ours(_BURST, _AT_ONCE, _KNOWN), None, "bytes"),
    ]


def _ours(count: int, at_once: int, known: int) -> float:
    with tempfile.TemporaryDirectory(dir=_disk()) as name:
        store = Store(Path(name) / "store")
        for start in range(1, known, 500):
            store.keep([draft(-number) for number in range(start, start + 500)])
            store.outbox.release([_ALL])
        drafts = [draft(number) for number in range(1, count + 1)]

        def work() -> None:
            for start in range(0, count, at_once):
                store.keep(drafts[start : start + at_once])
                store.outbox.release([_ALL])
            store.close()

        return _written(work) / count


def _floor(count: int, at_once: int) -> float:
    text = draft(1).reading.wire(1)
    with (
        tempfile.TemporaryDirectory(dir=_disk()) as name,
        closing(sqlite3.connect(Path(name) / "bare", isolation_level=None)) as link,
    ):
        link.execute("PRAGMA journal_mode = WAL")
        link.execute("PRAGMA synchronous = FULL")
        link.execute("CREATE TABLE outbox (seq INTEGER PRIMARY KEY, id BLOB UNIQUE, payload TEXT)")

        def work() -> None:
            for _start in range(0, count, at_once):
                link.execute("BEGIN IMMEDIATE")
                rows = [(os.urandom(16), text) for _row in range(at_once)]
                link.executemany("INSERT INTO outbox (id, payload) VALUES (?, ?)", rows)
                link.execute("COMMIT")
                link.execute("DELETE FROM outbox")
            link.close()

        return _written(work) / count


def _written(work: Callable[[], None]) -> int:
    before = _write_bytes()
    work()
    return _write_bytes() - before


def _write_bytes() -> int:
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("write_bytes")).split()[1])


def _disk() -> str:
    """A directory on a disk: what is written to memory wears nothing, and is not counted."""
    return str(Path(__file__).parent)
