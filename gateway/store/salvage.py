"""Takes over what can still be read of a damaged database.

First through SQLite, table by table, from both ends towards the damage; then, if the outbox was not whole, row by row
out of the bare pages. A reading that cannot be read may be one that its device still remembers: where it is not certain
that all were read, the ids and record numbers of what is gone are forgotten, so that it is fetched again. The receiver
knows by its id what it has already.
"""

import json
import mmap
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from gateway.deviation import Occurrence
from gateway.errors import GatewayError, RefusedError
from gateway.keeping import Draft, Kept
from gateway.reading import Reading
from gateway.store import parcel
from gateway.store.carve import Bytes, carve
from gateway.store.database import FILE, LOG, PAGE_BYTES, Medium, open_read_only, transaction
from gateway.store.frames import kept_frame
from gateway.store.notes import UNTOLD, Notes
from gateway.store.places import Places, is_blob
from gateway.store.sealing import Row, Seal
from gateway.store.undated import FLOOR, WHAT, what_of
from gateway.timebase import Undated
from gateway.topics import KINDS

_T = TypeVar("_T")
Columns = tuple[Any, ...]

_OUTBOX = ("seq", "kind", "payload", "frames", "at_broker", "device")
# Tables whose rows are not simply copied, or not all of them, or nothing to whoever comes after.
_NOT_COPIED = ("fact", "reading", "void", "outbox", "undated", "held", "device")
# Records come before anything that would add to them; what is missing of them stays missing, and is found so.
_RECORDS = ("audit", "deviation", "deviation_count", "deviation_closing", "event")
# Columns that say something of the old epoch only.
_LEFT_OUT = {"aside": ("seq",)}
_LEFT_FACTS = ("epoch", "probe", "wiped_upto", "late_upto", "data_key", "wiping")
_SEALED = {"aside": ("payload", "frames"), "frame": ("data",)}
_AT_ONCE = 200


class Target(NamedTuple):
    """Where it goes: the database, its epoch, places and seal; `earlier` gives the seal of an epoch, `epochs` are all
    that this hub has had."""

    connection: Medium
    epoch: str
    places: Places
    seal: Seal
    earlier: Callable[[str], Seal]
    epochs: Sequence[str]


def salvage(
    folder: Path,
    target: Target,
    keep: Callable[[list[Draft]], list[Kept]],
    deviates: Callable[[Occurrence], object],
) -> None:
    """Takes over everything in `folder` into another database.

    `keep` keeps readings, durable on return; `deviates` hears of those that are lost. What is cut short may be done
    again: readings are known by their ids. The last step leaves a note (`untold.` and the folder's name) with a JSON
    table of what was found.
    """
    connection, epoch, places = target[:3]
    with closing(open_read_only(folder)) as link:
        wreck = Wreck(folder, link, target)
        _take_facts(wreck, connection)
        with transaction(connection):
            for table in _RECORDS:
                _copy(wreck, target, table)
        kept: list[Kept] = []
        readings = wreck.readings(epoch)
        while some := list(islice(readings, _AT_ONCE)):
            kept += keep(some)
        found = {
            "quarantine": folder.name,
            "epoch": epoch,
            "earlier_epoch": wreck.facts().get("epoch"),
            "readings": sum(one.seq is not None for one in kept),
            "held": sum(one.seq is None and not one.duplicate for one in kept),
            "whole": wreck.whole,
            "unreadable": wreck.unreadable,
        }
        with transaction(connection):
            _take_rest(wreck, target)
            known = _take_ids(wreck, places)
            Notes(connection).put(f"{UNTOLD}{folder.name}", json.dumps(found))
            if wreck.unreadable or not wreck.whole:
                deviates(Occurrence("lost", "store-damaged", wreck.unreadable))
        places.remember(known)


def _take_facts(wreck: "Wreck", connection: Medium) -> None:
    facts = {name: value for name, value in wreck.facts().items() if name not in _LEFT_FACTS}
    if _read(datetime.fromisoformat, facts.get(FLOOR)) is None:
        facts.pop(FLOOR, None)
    with transaction(connection):
        connection.executemany("INSERT OR IGNORE INTO fact (name, value) VALUES (?, ?)", facts.items())


def _take_rest(wreck: "Wreck", target: Target) -> None:
    connection = target.connection
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    for (table,) in names.fetchall():
        if table not in (*_NOT_COPIED, *_RECORDS):
            _copy(wreck, target, table)
    for ref, twin, cursor in wreck.rows("device", ("ref", "twin", "cursor")):
        if _read(json.loads, twin) is not None:
            known = (ref, twin, cursor if wreck.whole else None)
            connection.execute("INSERT OR IGNORE INTO device (ref, twin, cursor) VALUES (?, ?, ?)", known)


def _copy(wreck: "Wreck", target: Target, table: str) -> None:
    connection = target.connection
    query = "SELECT name FROM pragma_table_info(?) ORDER BY pk = 0, pk, cid"
    names = [name for (name,) in connection.execute(query, (table,))]
    columns = [name for name in names if name not in _LEFT_OUT.get(table, ())]
    marks = ", ".join("?" * len(columns))
    insert = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our own names
    for found in wreck.rows(table, columns):
        row = _sealed_anew(wreck, target.seal, table, dict(zip(columns, found, strict=True)))
        if row is not None and (table != "frame" or _read(lambda one: kept_frame(one, target.seal), row) is not None):
            with suppress(sqlite3.IntegrityError):  # what does not fit the table, or does not follow, is no row of it
                connection.execute(insert, row)


def _sealed_anew(wreck: "Wreck", seal: Seal, table: str, row: dict[str, Any]) -> tuple[Any, ...] | None:
    """The row, with what was sealed in it sealed for its new place; None if it cannot be opened."""
    for column in _SEALED.get(table, ()):
        if row[column] == parcel.TOGETHER:
            continue
        text = wreck.open(row[column], table, row["number"], column)
        if text is None:
            return None
        row[column] = seal.shut(text, table, row["number"], column)
    return tuple(row.values())


def _take_ids(wreck: "Wreck", places: Places) -> dict[bytes, int]:
    """Ids of what was released, at places below 1 in their old order; none where it is not certain that it was."""
    ids = [row[1] for row in wreck.rows("reading", ("seq", "id"))] if wreck.whole else []
    released = [reading_id for reading_id in ids if is_blob(reading_id) and not places.knows(reading_id)]
    known = {reading_id: -age for age, reading_id in enumerate(reversed(released))}
    for reading_id, place in known.items():
        places.add(place, reading_id, None)
    return known


def _read(reader: Callable[[Any], _T], value: Any) -> _T | None:
    """What `reader` makes of a value; None if it makes nothing of it."""
    try:
        return reader(value)
    except (GatewayError, TypeError, ValueError):
        return None


@contextmanager
def _mapped(path: Path) -> Iterator[Bytes]:
    """A file's bytes, not all at once in memory; none if there is no file."""
    if not path.exists() or path.stat().st_size == 0:
        yield b""
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        yield mapped


class Wreck:
    """A damaged database. `whole`: all of its outbox was read; `unreadable`: rows that are there and say nothing."""

    def __init__(self, folder: Path, link: Medium, target: Target) -> None:
        self._folder, self._link = folder, link
        self.whole = True
        self.unreadable = 0
        # Its own epoch first; where that cannot be read, it is one of those that this hub has had.
        known = dict.fromkeys([self.facts().get("epoch", ""), *target.epochs])
        self._seals = [target.earlier(str(epoch)) for epoch in known]

    def open(self, sealed: Any, table: str, row: Any, column: str) -> str | None:
        """A text that was sealed here; None if none of this hub's keys opens it."""
        return self._opened(lambda seal: seal.open(sealed, table, row, column), row)

    def _opened(self, opens: Callable[[Seal], _T], row: Any) -> _T | None:
        for seal in self._seals if isinstance(row, int | bytes) else ():
            with suppress(RefusedError):
                return opens(seal)
        return None

    def facts(self) -> dict[str, str]:
        """Small facts, by name."""
        return dict(self.rows("fact", ("name", "value")))

    def readings(self, epoch: str) -> Iterator[Draft]:
        """What waited to be confirmed, in the order of the old sequence, then what was held back; all for `epoch`."""
        undated = {row[0]: _read(what_of, row[1:]) for row in self.rows("undated", ("seq", *WHAT))}
        for seq, kind, payload, frames, *_rest in self._outbox():
            if kind in KINDS:
                yield from self._draft(("outbox", seq), payload, frames, epoch, undated.get(seq))
        for key, payload, frames in self.rows("held", ("id", "payload", "frames")):
            yield from self._draft(("held", key), payload, frames, epoch, None)

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Columns]:
        """Every row of a table that SQLite can read, by the order of the first column, its key."""
        query = f"SELECT {', '.join(columns)} FROM {table} ORDER BY {columns[0]}"  # noqa: S608 - names from above
        try:
            yield from self._link.execute(query)
        except sqlite3.Error:
            if table == "outbox":
                self.whole = False
            yield from reversed(self._behind(query))

    def _behind(self, query: str) -> list[Columns]:
        """The rows behind the damage, the last first."""
        found: list[Columns] = []
        with suppress(sqlite3.Error):
            for row in self._link.execute(f"{query} DESC"):
                found.append(row)
        return found

    def _outbox(self) -> Iterator[Columns]:
        seen = set()
        for row in self.rows("outbox", _OUTBOX):
            seen.add(row[0])
            yield row
        if not self.whole:
            carved: dict[int, Columns] = {}
            for row in self._carved():
                if row[0] not in seen:
                    carved.setdefault(row[0], row)
            yield from (carved[seq] for seq in sorted(carved))

    def _carved(self) -> Iterator[Columns]:
        """Rows of the outbox out of the bare pages, the newest writing of each first."""
        with _mapped(self._folder / FILE) as database, _mapped(self._folder / LOG) as log:
            for seq, columns in carve(database, log, PAGE_BYTES):
                if len(columns) == len(_OUTBOX) and columns[1] in KINDS:
                    yield (seq, *columns[1:])

    def _draft(
        self, place: tuple[str, Row], payload: Any, frames: Any, epoch: str, undated: Undated | None
    ) -> Iterator[Draft]:
        both = self._opened(lambda seal: parcel.opened(seal, *place, payload, frames), place[1])
        try:
            message, texts = both or ("", "")
            reading = Reading.from_text(message)
            raw = [(str(channel), str(data)) for channel, data in json.loads(texts)]
        except (TypeError, ValueError):
            self.unreadable += 1
            return
        yield Draft(reading.changed(epoch=epoch, seq=None), raw, undated=undated)
