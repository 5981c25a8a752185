"""Messages and frames lie together, and those of older databases, which lie apart, are found as well."""

import json
from pathlib import Path

import pytest

from gateway.errors import RefusedError
from gateway.store import Store, parcel
from gateway.store.database import Medium, transaction
from gateway.store.sealing import Seal
from tests.readings import draft, reading

_TABLES = {"outbox": "seq", "held": "id", "aside": "number"}


def set_apart(connection: Medium, seal: Seal) -> None:
    """As databases were before there were parcels: a seal for each column."""
    with transaction(connection):
        for table, key in _TABLES.items():
            rows = connection.execute(f"SELECT {key}, payload, frames FROM {table}").fetchall()  # noqa: S608 # above
            for row, payload, frames in rows:
                message, raw = parcel.opened(seal, table, row, payload, frames)
                columns = (seal.shut(message, table, row, "payload"), seal.shut(raw, table, row, "frames"), row)
                connection.execute(f"UPDATE {table} SET payload = ?, frames = ? WHERE {key} = ?", columns)  # noqa: S608


def older(place: Path) -> Store:
    """Three that wait, one refused and one held back, kept by an older program."""
    store = Store(place)
    store.keep([draft(name) for name in ("one", "two", "three", "four")])
    store.keep([draft("hers", "foreign")])
    store.outbox.set_aside(3, "mqtt-payload-invalid", '{"void":3}')
    set_apart(store._connection, store.seal)
    return store


def frames(store: Store) -> dict[str, list[list[str]]]:
    """Of everything that waits, but voids, by id."""
    rows = store.outbox.waiting(0, 2**62, 100)
    return {json.loads(r.payload)["id"]: json.loads(store.outbox.frames(r.seq)) for r in rows if r.kind != "void"}


def expected(*names: str) -> dict[str, list[list[str]]]:
    return {reading(name).id: [["port", name.encode().hex()]] for name in names}


def test_what_an_older_program_kept_is_read_moved_and_sent(tmp_path: Path) -> None:
    store = older(tmp_path)
    assert frames(store) == expected("one", "two", "four")
    store.outbox.set_aside(2, "mqtt-payload-invalid", '{"void":2}')
    store.outbox.offer_again("weight", "mqtt-payload-invalid", 10)
    store.holding.released(store.holding.release([reading("hers").id]))
    assert frames(store) == expected("one", "two", "three", "four", "hers")
    store.close()


def test_what_an_older_program_kept_is_saved_from_a_damaged_database(tmp_path: Path) -> None:
    store = older(tmp_path)
    store.mark_damaged()
    store.close()
    mended = Store(tmp_path)
    assert frames(mended) == expected("one", "two", "four")
    assert (mended.held(), mended.outbox.aside()) == ({"foreign": 1}, 1)
    mended.outbox.offer_again("weight", "mqtt-payload-invalid", 10)
    assert frames(mended) == expected("one", "two", "three", "four")
    mended.close()


@pytest.mark.parametrize("row", [2, b"1"])
def test_a_parcel_of_another_place_is_not_opened(row: int | bytes) -> None:
    seal = Seal(bytes(64), "e-1")
    sealed = parcel.shut(seal, "outbox", 1, "{}", parcel.NO_FRAMES)
    assert parcel.opened(seal, "outbox", 1, sealed, parcel.TOGETHER) == ("{}", "[]")
    with pytest.raises(RefusedError):
        parcel.opened(seal, "outbox", row, sealed, parcel.TOGETHER)
