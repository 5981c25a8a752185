"""Durable inserts, one commit each, beside bare SQLite with the same pragmas, in turns."""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from benches import Row, at_least, share_of_floor
from benches.rig import drafts, median
from gateway.keeping import Draft
from gateway.store import Store
from gateway.store.database import CHECKPOINT_PAGES, PAGE_BYTES

_PAYLOAD = "x" * 600


def measure(*, quick: bool = False) -> list[Row]:
    """Rows a second, the median of several turns."""
    each, turns = (300, 3) if quick else (1500, 7)
    with tempfile.TemporaryDirectory() as name:
        store, bare = Store(Path(name, "store")), _bare(Path(name, "bare.sqlite"))
        waiting = drafts(each * turns, store.epoch)
        singles, floors, bursts = [], [], []
        for turn in range(turns):
            batch = [next(waiting) for _ in range(each)]
            singles.append(_rate(each, partial(_keep_each, store, batch)))
            floors.append(_rate(each, partial(_insert_each, bare, range(turn * each, (turn + 1) * each))))
        more = list(drafts(each * turns * 2, store.epoch))[each * turns :]
        for at in range(0, len(more), 500):
            batch = more[at : at + 500]
            bursts.append(_rate(len(batch), partial(store.keep, batch)))
        store.close()
        bare.close()
    return [
        Row("durable inserts, one commit each", median(singles), median(floors), "1/s", share_of_floor(0.8)),
        Row("durable inserts, 500 in a commit", median(bursts), None, "1/s", at_least(1500)),
    ]


def _rate(count: int, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def _bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute("CREATE TABLE outbox (seq INTEGER PRIMARY KEY, payload TEXT NOT NULL)")
    return connection


def _keep_each(store: Store, drafts: Iterable[Draft]) -> None:
    for draft in drafts:
        store.keep([draft])


def _insert_each(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    for number in numbers:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO outbox (seq, payload) VALUES (?, ?)", (number, _PAYLOAD))
        connection.execute("COMMIT")
