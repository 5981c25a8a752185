"""Durable inserts, one commit each, beside bare SQLite with the same pragmas and the same messages, in turns.

Ours packs and seals what it writes, and looks for the id; what the seal alone costs, `storing` tells.
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from benches import Row, at_least, share_of_floor
from benches.rig import drafts, median
from gateway.keeping import Draft
from gateway.store import Store
from gateway.store.database import CHECKPOINT_PAGES, PAGE_BYTES

# So few in a turn that what else the machine does meets both sides alike; so many in a block that the log is written
# back at least once, on both sides.
_TURN = 25
_BLOCK = 500


def measure(*, quick: bool = False) -> list[Row]:
    """Rows a second in the block whose ratio is in the middle; for bursts, the median."""
    blocks, bursts = (5, 4) if quick else (25, 40)
    with tempfile.TemporaryDirectory() as name:
        store, bare = Store(Path(name, "store")), _bare(Path(name, "bare.sqlite"))
        waiting = list(drafts((blocks + bursts) * _BLOCK, store.epoch))
        pieces = [waiting[at : at + _BLOCK] for at in range(0, len(waiting), _BLOCK)]
        pairs = [_block(store, bare, number * _BLOCK, piece) for number, piece in enumerate(pieces[:blocks])]
        together = [_BLOCK / _lasted(partial(store.keep, piece)) for piece in pieces[blocks:]]
        store.close()
        bare.close()
    ours, floor = sorted(pairs, key=lambda pair: pair[1] / pair[0])[blocks // 2]
    return [
        Row("durable inserts, one commit each", _BLOCK / ours, _BLOCK / floor, "1/s", share_of_floor(0.8)),
        Row(f"durable inserts, {_BLOCK} in a commit", median(together), None, "1/s", at_least(1500)),
    ]


def _block(store: Store, bare: sqlite3.Connection, first: int, drafts: Sequence[Draft]) -> tuple[float, float]:
    """Seconds that ours and the floor take for all of them, in turns."""
    ours = floor = 0.0
    for at in range(0, len(drafts), _TURN):
        turn = drafts[at : at + _TURN]
        messages = [draft.reading.wire(seq) for seq, draft in enumerate(turn)]
        ours += _lasted(partial(_keep_each, store, turn))
        floor += _lasted(partial(_insert_each, bare, first + at, messages))
    return ours, floor


def _lasted(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute("CREATE TABLE outbox (seq INTEGER PRIMARY KEY, payload TEXT NOT NULL)")
    return connection


def _keep_each(store: Store, drafts: Sequence[Draft]) -> None:
    for draft in drafts:
        store.keep([draft])


def _insert_each(connection: sqlite3.Connection, first: int, messages: Iterable[str]) -> None:
    for number, message in enumerate(messages, start=first):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO outbox (seq, payload) VALUES (?, ?)", (number, message))
        connection.execute("COMMIT")
