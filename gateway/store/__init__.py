"""The only door to SQLite: readings, outbox, frames, devices.

Everything here is synchronous and called on the event loop's thread: a call that returned is durable.
"""

import json
import os
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gateway.keeping import Draft, Kept, KeptFrame
from gateway.store.database import FILE, mapped, open_database, open_read_only, own, transaction
from gateway.store.frames import Frames
from gateway.store.keys import id_key
from gateway.store.outbox import Depth, Outbox
from gateway.store.undated import UndatedReadings

SQLITE_VERSION = sqlite3.sqlite_version


class Store:
    """The hub's memory, in one directory, owned by one process."""

    def __init__(self, directory: Path) -> None:
        """Opens or creates it; RefusedError or TransientError with the reason."""
        self.directory = directory
        with ExitStack() as undo, mapped():
            undo.callback(os.close, own(directory))
            self._connection = open_database(directory)
            undo.callback(self._connection.close)
            epoch = _epoch(self._connection)
            self.id_key = id_key(directory, born=epoch is None)
            self.epoch = epoch or self._born()
            self.outbox = Outbox(self._connection)
            self._frames = Frames(self._connection)
            self.undated = UndatedReadings(self._connection)
            self._open = undo.pop_all()

    def keep(self, drafts: Sequence[Draft]) -> list[Kept]:
        """Keeps all drafts in one transaction, each with the next place in the sequence; durable on return."""
        seq = self.outbox.last_seq
        kept: list[Kept] = []
        with transaction(self._connection):
            for draft in drafts:
                known = self._known(draft)
                if not known and draft.reading.attribution.status == "assigned":
                    seq += 1
                    self._place(draft, seq)
                    kept.append(Kept(draft.reading.id, seq))
                else:
                    if not known:
                        self._hold(draft)
                    kept.append(Kept(draft.reading.id, None, duplicate=known))
                self._tidy(draft)
        self.outbox.last_seq = seq
        return kept

    def add_frames(self, frames: Sequence[KeptFrame]) -> list[int]:
        """Keeps frames until their act is complete; gives their numbers."""
        return self._frames.add(frames)

    def refuse_frame(self, frame: KeptFrame, reason: str) -> None:
        """Keeps bytes that could not be decoded."""
        self._frames.refuse(frame, reason)

    def drop_frames(self, numbers: Sequence[int]) -> None:
        """Forgets frames that belong to no act."""
        self._frames.drop(numbers)

    def waiting_frames(self, device: str) -> list[KeptFrame]:
        """Frames of a device that an earlier run left without an act."""
        return self._frames.waiting(device)

    def cursor(self, device: str) -> int | None:
        """The highest record number kept of a device."""
        with mapped():
            row = self._connection.execute("SELECT cursor FROM device WHERE ref = ?", (device,)).fetchone()
        return None if row is None else row[0]

    def twin(self, device: str) -> dict[str, object]:
        """What is known of a device."""
        with mapped():
            row = self._connection.execute("SELECT twin FROM device WHERE ref = ?", (device,)).fetchone()
        return {} if row is None else dict(json.loads(row[0]))

    def save_twin(self, device: str, twin: Mapping[str, object]) -> None:
        """Keeps what is known of a device."""
        with transaction(self._connection):
            self._connection.execute(
                "INSERT INTO device (ref, twin) VALUES (?, ?) ON CONFLICT (ref) DO UPDATE SET twin = excluded.twin",
                (device, json.dumps(twin)),
            )

    def held(self) -> dict[str, int]:
        """How many readings are held back, by attribution."""
        with mapped():
            return dict(self._connection.execute("SELECT status, count(*) FROM held GROUP BY status").fetchall())

    def size_bytes(self) -> int:
        """Bytes of the database and its log."""
        names = (FILE, f"{FILE}-wal")
        return sum((self.directory / n).stat().st_size for n in names if (self.directory / n).exists())

    def close(self) -> None:
        """Writes the log back and lets go of the directory."""
        with mapped():
            self._open.close()

    def _known(self, draft: Draft) -> bool:
        key = (_blob(draft.reading.id),)
        found = self._connection.execute("SELECT 1 FROM reading WHERE id = ?", key).fetchone()
        return bool(found or self._connection.execute("SELECT 1 FROM held WHERE id = ?", key).fetchone())

    def _place(self, draft: Draft, seq: int) -> None:
        reading = draft.reading
        self._connection.execute(
            "INSERT INTO reading (seq, id, stored_at) VALUES (?, ?, ?)",
            (seq, _blob(reading.id), reading.received_at.isoformat() if reading.received_at else ""),
        )
        self._connection.execute(
            "INSERT INTO outbox (seq, kind, payload, frames, device) VALUES (?, ?, ?, ?, ?)",
            (seq, reading.device.kind, reading.wire(seq), json.dumps(draft.frames), reading.device.ref),
        )
        if draft.undated is not None:
            self.undated.add(seq, draft.undated)

    def _hold(self, draft: Draft) -> None:
        reading = draft.reading
        payload = reading.model_dump_json(by_alias=True, exclude_unset=True)
        self._connection.execute(
            "INSERT INTO held (id, kind, status, payload, frames, device) VALUES (?, ?, ?, ?, ?, ?)",
            (
                _blob(reading.id),
                reading.device.kind,
                reading.attribution.status,
                payload,
                json.dumps(draft.frames),
                reading.device.ref,
            ),
        )

    def _tidy(self, draft: Draft) -> None:
        self._connection.executemany("DELETE FROM frame WHERE number = ?", [(n,) for n in draft.waiting])
        if draft.cursor is not None:
            self._connection.execute(
                "INSERT INTO device (ref, twin, cursor) VALUES (?, '{}', ?)"
                " ON CONFLICT (ref) DO UPDATE SET cursor = max(coalesce(cursor, 0), excluded.cursor)",
                (draft.reading.device.ref, draft.cursor),
            )

    def _born(self) -> str:
        epoch = f"e-{secrets.token_hex(5)}"
        with transaction(self._connection):
            self._connection.execute("INSERT INTO fact (name, value) VALUES ('epoch', ?)", (epoch,))
        return epoch


def _epoch(connection: sqlite3.Connection) -> str | None:
    row = connection.execute("SELECT value FROM fact WHERE name = 'epoch'").fetchone()
    return None if row is None else row[0]


def _blob(reading_id: str) -> bytes:
    return bytes.fromhex(reading_id.replace("-", ""))


@dataclass(frozen=True, slots=True)
class Look:
    """What a store holds, seen from outside: counts and ages, no value."""

    epoch: str
    last_seq: int
    depth: Depth
    held: dict[str, int]
    aside: int


def look(directory: Path) -> Look:
    """Reads a store beside the daemon that owns it; RefusedError if there is none."""
    connection = open_read_only(directory)
    try:
        with mapped():
            outbox = Outbox(connection)
            epoch = _epoch(connection) or ""
            held = dict(connection.execute("SELECT status, count(*) FROM held GROUP BY status").fetchall())
            return Look(epoch, outbox.last_seq, outbox.depth(), held, outbox.aside())
    finally:
        connection.close()
