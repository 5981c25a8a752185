"""Durable inserts, one commit each, beside bare SQLite with the same pragmas and the same readings, in turns.

Two floors. One is given its messages ready and inserts them as they are. The other makes of each reading what is to
lie on the card, as ours does: it renders, packs and seals. What the seal alone costs, `storing` tells.
"""

import json
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from benches import Row, at_least, share_of_floor
from benches.rig import drafts, median
from gateway.keeping import Draft
from gateway.store import Store, parcel
from gateway.store.database import CHECKPOINT_PAGES, PAGE_BYTES
from gateway.store.sealing import Seal

# So few in a turn that what else the machine does meets both sides alike; so many in a block that the log is written
# back at least once, on both sides.
_TURN = 25
_BLOCK = 500

# Ours, the floor that is given its messages, the floor that makes them.
Sides = tuple[
    Callable[[Sequence[Draft]], None],
    Callable[[int, Iterable[str]], None],
    Callable[[int, Iterable[Draft]], None],
]


def measure(*, quick: bool = False) -> list[Row]:
    """Rows a second in the block whose ratio is in the middle; for bursts, the median."""
    blocks, bursts = (5, 4) if quick else (25, 40)
    with tempfile.TemporaryDirectory() as name:
        store = Store(Path(name, "store"))
        bare, sealing = _bare(Path(name, "bare.sqlite"), "TEXT"), _bare(Path(name, "sealing.sqlite"), "BLOB")
        sides: Sides = (
            partial(_keep_each, store),
            partial(_insert_each, bare),
            partial(_seal_each, sealing, store.seal),
        )
        waiting = list(drafts((blocks + bursts) * _BLOCK, store.epoch))
        pieces = [waiting[at : at + _BLOCK] for at in range(0, len(waiting), _BLOCK)]
        lasted = [_block(sides, number * _BLOCK, piece) for number, piece in enumerate(pieces[:blocks])]
        together = [_BLOCK / _lasted(partial(store.keep, piece)) for piece in pieces[blocks:]]
        for opened in (store, bare, sealing):
            opened.close()
    return [
        _beside("durable inserts, one commit each", [(ours, floor) for ours, floor, _ in lasted]),
        _beside(
            "the same, beside bare SQLite that renders and seals as well", [(ours, floor) for ours, _, floor in lasted]
        ),
        Row(f"durable inserts, {_BLOCK} in a commit", median(together), None, "1/s", at_least(1500)),
    ]


def _beside(name: str, pairs: Sequence[tuple[float, float]]) -> Row:
    """Of seconds that ours and a floor took for each block."""
    ours, floor = sorted(pairs, key=lambda pair: pair[1] / pair[0])[len(pairs) // 2]
    return Row(name, _BLOCK / ours, _BLOCK / floor, "1/s", share_of_floor(0.8))


def _block(sides: Sides, first: int, drafts: Sequence[Draft]) -> tuple[float, float, float]:
    """Seconds that each side takes for all of them, in turns."""
    ours = bare = sealing = 0.0
    keep, insert, seal = sides
    for at in range(0, len(drafts), _TURN):
        turn = drafts[at : at + _TURN]
        messages = [draft.reading.wire(seq) for seq, draft in enumerate(turn)]
        ours += _lasted(partial(keep, turn))
        bare += _lasted(partial(insert, first + at, messages))
        sealing += _lasted(partial(seal, first + at, turn))
    return ours, bare, sealing


def _lasted(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _bare(path: Path, kind: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute(f"CREATE TABLE outbox (seq INTEGER PRIMARY KEY, payload {kind} NOT NULL)")
    return connection


def _keep_each(store: Store, drafts: Sequence[Draft]) -> None:
    for draft in drafts:
        store.keep([draft])


def _insert_each(connection: sqlite3.Connection, first: int, messages: Iterable[str]) -> None:
    for number, message in enumerate(messages, start=first):
        _insert(connection, number, message)


def _seal_each(connection: sqlite3.Connection, seal: Seal, first: int, drafts: Iterable[Draft]) -> None:
    for number, draft in enumerate(drafts, start=first):
        message, frames = draft.reading.wire(number), json.dumps(draft.frames)
        _insert(connection, number, parcel.shut(seal, "outbox", number, message, frames))


def _insert(connection: sqlite3.Connection, number: int, payload: str | bytes) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO outbox (seq, payload) VALUES (?, ?)", (number, payload))
    connection.execute("COMMIT")
