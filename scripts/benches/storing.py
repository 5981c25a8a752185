"""What the seal costs: readings kept on disk, beside the same store that only packs what it writes, in turns."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import gateway.store
from benches import Row
from benches.rig import drafts
from gateway.store import sealing
from gateway.store.packing import pack, unpack


class Unsealed:
    """Packs, and seals nothing."""

    def __init__(self, key: bytes, _epoch: str) -> None:
        self.key = key

    def shut(self, text: str, _table: str, _row: int | bytes, _column: str) -> bytes:
        """Packs."""
        return pack(text)

    def open(self, sealed: bytes, _table: str, _row: int | bytes, _column: str) -> str:
        """Unpacks."""
        return unpack(sealed)


def measure(*, quick: bool = False) -> list[Row]:
    """Microseconds for each reading: a whole durable insert, and the seal of one message; and its size in bytes."""
    each, turns = (200, 3) if quick else (600, 7)
    runs = [(_inserts(sealing.Seal, each), _inserts(Unsealed, each)) for _ in range(turns)]
    sealed, bare = (statistics.median(side) for side in zip(*runs, strict=True))
    seal = sealing.Seal(bytes(64), "e-51c0a2")
    text = next(iter(drafts(1, "e-51c0a2"))).reading.wire(1)
    shut = _cost(lambda: seal.shut(text, "outbox", 1, "payload"))
    packed = _cost(lambda: pack(text))
    sizes = float(len(seal.shut(text, "outbox", 1, "payload"))), float(len(pack(text)))
    return [
        Row("keep one reading, durable (sealed / packed only)", sealed * 1e6, bare * 1e6, "µs"),
        Row("seal one message (sealed / packed only)", shut * 1e6, packed * 1e6, "µs"),
        Row("size of one message (sealed / packed only)", *sizes, "bytes"),
    ]


def _inserts(seal: type, count: int) -> float:
    with tempfile.TemporaryDirectory() as name, patch.object(gateway.store, "Seal", seal):
        store = gateway.store.Store(Path(name))
        readings = list(drafts(count, store.epoch))
        began = time.perf_counter()
        for draft in readings:
            store.keep([draft])
        lasted = time.perf_counter() - began
        store.close()
    return lasted / count


def _cost(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(2000):
        work()
    return (time.perf_counter() - began) / 2000
