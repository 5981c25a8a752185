"""Cost of keeping a reading on disk, sealed; beside the same store that only packs what it writes."""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import gateway.store
from benches import Row
from gateway.identity import reading_id
from gateway.keeping import Draft
from gateway.reading import Attribution, Device, Quality, Reading, Time, Value
from gateway.store import sealing
from gateway.store.packing import pack, unpack

_READINGS = 400
_RUNS = 5
_NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


class Unsealed:
    """Packs, and seals nothing."""

    def __init__(self, _key: bytes, _epoch: str) -> None:
        """Needs neither."""

    def shut(self, text: str, _table: str, _row: int | bytes, _column: str) -> bytes:
        """Packs."""
        return pack(text)

    def open(self, sealed: bytes, _table: str, _row: int | bytes, _column: str) -> str:
        """Unpacks."""
        return unpack(sealed)


def measure() -> list[Row]:
    """Microseconds for each reading: the seals alone, and a whole durable insert; medians of several runs by turns."""
    runs = [(_inserts(sealing.Seal), _inserts(Unsealed)) for _ in range(_RUNS)]
    sealed, bare = (statistics.median(side) for side in zip(*runs, strict=True))
    seal = sealing.Seal(bytes(64), "e-51c0a2")
    text = draft(1).reading.wire(1)
    shut = _cost(lambda: seal.shut(text, "outbox", 1, "payload"))
    packed = _cost(lambda: pack(text))
    sizes = len(seal.shut(text, "outbox", 1, "payload")), len(pack(text))
    return [
        Row("keep one reading, durable (sealed / packed only)", sealed * 1e6, bare * 1e6, "µs"),
        Row("seal one message (sealed / packed only)", shut * 1e6, packed * 1e6, "µs"),
        Row("size of one message (sealed / packed only)", float(sizes[0]), float(sizes[1]), "bytes"),
    ]


def _inserts(seal: type) -> float:
    with tempfile.TemporaryDirectory() as name, patch.object(gateway.store, "Seal", seal):
        store = gateway.store.Store(Path(name))
        drafts = [draft(number) for number in range(_READINGS)]
        began = time.perf_counter()
        for draft in drafts:
            store.keep([draft])
        lasted = time.perf_counter() - began
        store.close()
    return lasted / _READINGS


def _cost(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(2000):
        work()
    return (time.perf_counter() - began) / 2000


def draft(number: int) -> Draft:
    """A blood pressure, the `number`th."""
    reading = Reading(
        schema="dho.reading/1",
        id=reading_id(bytes(32), "dev-3f9c21aa0b11", "blood-pressure", str(number)),
        hub="hub-0042",
        epoch="e-51c0a2",
        boot="7c9e1f",
        assignment="asg-9f2c7b",
        device=Device(ref="dev-3f9c21aa0b11", kind="blood-pressure", model="UA-651BLE"),
        measured_at=_NOON,
        time=Time(source="hub", hub_clock="synchronised", uncertainty_s=Decimal(60)),
        received_at=_NOON,
        origin="live",
        acquisition="automatic",
        values=tuple(
            Value(type=name, mdc=150021, value=Decimal(120), unit="mm[Hg]") for name in ("systolic", "diastolic")
        ),
        quality=Quality(status="valid", flags=()),
        attribution=Attribution(status="assigned", method="sole-user"),
    )
    return Draft(reading, [("00002a35-0000-1000-8000-00805f9b34fb", "1678005000ffffe9070c180a1e003d000000")])
