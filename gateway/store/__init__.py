"""The only door to SQLite: readings, outbox, frames, devices.

Everything here is synchronous and called on the event loop's thread: a call that returned is durable.
"""

import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path

from gateway.certificate import fingerprint
from gateway.deviation import Occurrence, held_back, undatable
from gateway.errors import RefusedError
from gateway.keeping import Draft, Kept, KeptFrame
from gateway.reading import Reading
from gateway.store import lifeboat, quarantine
from gateway.store.acts import Acts
from gateway.store.assignments import Assignments
from gateway.store.audit import AuditLog
from gateway.store.database import FILE, LOG, epoch_of, mapped, open_database, own, transaction
from gateway.store.deviations import Deviations
from gateway.store.epochs import remember, remembered
from gateway.store.equipment import Equipment
from gateway.store.events import Events
from gateway.store.frames import Frames
from gateway.store.held import Held
from gateway.store.keys import data_key, has_key, id_key, signing_key
from gateway.store.late import count_late
from gateway.store.looking import Look, look
from gateway.store.notes import UNTOLD, Notes
from gateway.store.outbox import Outbox
from gateway.store.places import Places, blob
from gateway.store.room import Room
from gateway.store.sealing import Seal
from gateway.store.signing import Signer, known_fingerprint, remember_key
from gateway.store.undated import UndatedReadings
from gateway.store.wiping import Certificates, Wiper, settle_keys

__all__ = ["DEFAULT_MAX_BYTES", "SQLITE_VERSION", "Look", "Store", "look"]

SQLITE_VERSION = sqlite3.sqlite_version
DEFAULT_MAX_BYTES = 256_000_000
_AT_ONCE = 200

OuterKey = Callable[[], bytes | None]


class Store:
    """The hub's memory, in one directory, owned by one process.

    `taken_in`: what became of readings that an earlier run could not keep (device, what became of it).
    """

    def __init__(self, directory: Path, max_bytes: int = DEFAULT_MAX_BYTES, outer: OuterKey = lambda: None) -> None:
        """Opens or creates it; RefusedError or TransientError with the reason.

        A damaged database is moved aside, whole, and everything that can be read of it is taken over into a new one,
        which is a new epoch. `max_bytes` is the cap on the database and its log; `outer` gives the key that
        seals the store's own keys (`keys.outer_key`), None: they lie bare in their files.
        """
        self.directory = directory
        with ExitStack() as undo:
            undo.callback(os.close, own(directory))
            self._outer = outer()
            found = quarantine.examine(directory)
            gone = not found.present and has_key(directory)
            if found.used:
                id_key(directory, born=False, outer=self._outer)
                data_key(directory, born=False, outer=self._outer)
            if found.damaged:
                quarantine.move_aside(directory)
            try:
                self._open(undo, born=not found.used)
            except RefusedError as error:
                if error.reason != "store-damaged":
                    raise
                # It shows only where it is read. The connection ends before its files are moved.
                self._connection.close()
                quarantine.move_aside(directory)
                self._open(undo, born=False)
            self._take_over(gone)
            self.assignments.mark()
            self._take_in()
            self.room = Room(self._connection, directory / LOG, max_bytes)
            self._close = undo.pop_all()

    @property
    def trouble(self) -> str | None:
        """Why the last write was refused (a key of the catalogue); None when it was not."""
        return self._connection.trouble

    def keep(self, drafts: Sequence[Draft]) -> list[Kept]:
        """Keeps all drafts in one transaction, each with the next place in the sequence; durable on return."""
        self.room.tend()
        return self._keep(drafts, self.room.check)

    def together(self) -> AbstractContextManager[object]:
        """Everything written inside is one transaction, durable when it ends without an error."""
        return transaction(self._connection)

    def add_frames(self, frames: Sequence[KeptFrame]) -> list[int]:
        """Keeps frames until their act is complete; gives their numbers."""
        return self._frames.add(frames, self.room.check)

    def refuse_frame(self, frame: KeptFrame, reason: str) -> None:
        """Keeps bytes that could not be decoded."""
        with transaction(self._connection):
            self._frames.refuse(frame, reason, self.room.check)
            self.deviations.add(Occurrence("undecodable", reason, device=frame.device))

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

    def count_late(self, now: datetime) -> int:
        """Counts readings that have waited too long for their confirmation (`now` is aware); gives how many."""
        return count_late(self._connection, self.deviations, now)

    def size_bytes(self) -> int:
        """Bytes of the database and its log."""
        return sum((self.directory / n).stat().st_size for n in (FILE, LOG) if (self.directory / n).exists())

    def probe(self) -> None:
        """Tries whether the medium takes a reading's bytes; a GatewayError says why not."""
        self.room.tend()
        with transaction(self._connection):
            self.room.check()
            self.notes.put("probe", secrets.token_hex(8))

    def quarantined(self) -> list[str]:
        """Damaged databases that were put aside and that nobody has taken away yet."""
        return [path.name for path in quarantine.all_of(self.directory)]

    def untold(self) -> dict[str, str]:
        """What was taken over from damaged databases, as JSON, by name; nobody has been told."""
        return self.notes.all(UNTOLD)

    def told(self, name: str) -> None:
        """Somebody has been told."""
        self.notes.write(name, None)

    def prune(self, kept: int) -> int:
        """Forgets some of the oldest released ids beyond the newest `kept`; gives how many."""
        return self.places.prune(kept)

    def signer(self) -> Signer:
        """Who signs in the name of this hub."""
        signer = Signer(signing_key(self.directory, self._outer))
        remember_key(self._connection, signer)
        return signer

    def signing_fingerprint(self) -> str:
        """By which the key that signs is known."""
        return known_fingerprint(self._connection) or fingerprint(self.signer().public_key)

    def save_unkept(self, drafts: Sequence[Draft]) -> None:
        """Saves readings that could not be kept, for the next start; durable on return."""
        lifeboat.save(self.directory, drafts, Seal(self.seal.key, lifeboat.EPOCH))

    def mark_damaged(self) -> None:
        """The next start must not trust this database, whatever a check says."""
        quarantine.mark(self.directory)

    def close(self) -> None:
        """Writes the log back and lets go of the directory."""
        with mapped():
            self._close.close()

    def _open(self, undo: ExitStack, *, born: bool) -> None:
        self._connection = open_database(self.directory)
        undo.callback(self._connection.close)
        self.notes = Notes(self._connection)
        self.id_key = id_key(self.directory, born=born, outer=self._outer)
        settle_keys(self._connection, self.directory, self._outer)
        key = data_key(self.directory, born=born, outer=self._outer)
        with mapped():
            self.epoch = epoch_of(self._connection) or self._born()
        self.seal = Seal(key, self.epoch)
        self.audit = AuditLog(self._connection)
        self.events = Events(self._connection)
        self.deviations = Deviations(self._connection, self.audit, self.events)
        self.places = Places(self._connection)
        self.places.load()
        self.outbox = Outbox(self._connection, self.places, self.seal, self.deviations.add)
        self._frames = Frames(self._connection, self.seal)
        self.holding = Held(self._connection, self.outbox, self.places, self.seal)
        self.undated = UndatedReadings(self._connection, self.seal, self.outbox, self.deviations.add, self._take_back)
        self.acts = Acts(self._connection)
        self.assignments = Assignments(self._connection, self.directory)
        self.equipment = Equipment(self._connection)
        self.wiper = Wiper(self._connection, self.directory, self.seal, self.outbox, self.places, self._outer)
        self.certificates = Certificates(self._connection)

    def _take_over(self, gone: bool) -> None:
        """What was put aside just now, or at a start that was cut short."""
        folders = quarantine.pending(self.directory)
        for folder in folders:
            self._salvage(folder)
            self.assignments.doubt()
            quarantine.finish(folder)
        if gone and not folders:
            found = {"quarantine": None, "epoch": self.epoch, "readings": 0, "whole": False}
            self.notes.write(f"{UNTOLD}0", json.dumps(found))

    def _salvage(self, folder: Path) -> None:
        # Loaded where it is needed, which is on few hubs.
        from gateway.store.salvage import Target, salvage  # noqa: PLC0415

        seal = partial(Seal, self.seal.key)
        target = Target(self._connection, self.epoch, self.places, self.seal, seal, remembered(self.directory))
        salvage(folder, target, self._keep_old, self.deviations.add)
        self.holding.load()

    def _take_in(self) -> None:
        """Readings that an earlier run could not keep; they have room, whatever the cap."""
        self.taken_in: list[tuple[str, Kept]] = []
        drafts = lifeboat.load(self.directory, Seal(self.seal.key, lifeboat.EPOCH), self.epoch)
        while some := list(islice(drafts, _AT_ONCE)):
            refs = [draft.reading.device.ref for draft in some]
            self.taken_in += zip(refs, self._keep(some, _no_check), strict=True)
        lifeboat.sink(self.directory)

    def _keep_old(self, drafts: Sequence[Draft]) -> list[Kept]:
        return self._keep(drafts, _no_check, news=False)

    def _keep(self, drafts: Sequence[Draft], check: Callable[[], None], *, news: bool = True) -> list[Kept]:
        given: dict[bytes, int] = {}
        with transaction(self._connection):
            kept = [self._keep_one(draft, given) for draft in drafts]
            if not all(one.duplicate for one in kept):
                check()
            if news:
                self._deviates(drafts, kept)
        self.places.remember(given)
        self.outbox.last_seq += len(given)
        return kept

    def _keep_one(self, draft: Draft, given: dict[bytes, int]) -> Kept:
        self._tidy(draft)
        reading, key = draft.reading, blob(draft.reading.id)
        if key in given or self.places.knows(key) or self.holding.knows(key):
            return Kept(reading.id, None, duplicate=True)
        frames = json.dumps(draft.frames)
        if reading.attribution.status != "assigned":
            self.holding.hold(reading, frames, draft.reason)
            return Kept(reading.id, None)
        seq = given[key] = self.outbox.last_seq + len(given) + 1
        self.places.add(seq, key, reading.received_at)
        self.outbox.put(seq, reading, frames)
        if draft.undated is not None:
            self.undated.add(seq, draft.undated)
        return Kept(reading.id, seq)

    def _deviates(self, drafts: Sequence[Draft], kept: Sequence[Kept]) -> None:
        for draft, one in zip(drafts, kept, strict=True):
            if one.seq is None and not one.duplicate:
                self.deviations.add(held_back(draft.reading, draft.reason))
            elif one.seq is not None and draft.undated is None and draft.reading.measured_at is None:
                self.deviations.add(undatable(draft.reading))

    def _take_back(self, seq: int, reading: Reading, reason: str) -> None:
        self.holding.take_back(seq, reading, reason)
        self.deviations.add(held_back(reading, reason))

    def _tidy(self, draft: Draft) -> None:
        if draft.waiting:
            self._connection.executemany("DELETE FROM frame WHERE number = ?", [(n,) for n in draft.waiting])
        if draft.cursor is not None:
            self._connection.execute(
                "INSERT INTO device (ref, twin, cursor) VALUES (?, '{}', ?)"
                " ON CONFLICT (ref) DO UPDATE SET cursor = max(coalesce(cursor, 0), excluded.cursor)",
                (draft.reading.device.ref, draft.cursor),
            )

    def _born(self) -> str:
        epoch = f"e-{secrets.token_hex(5)}"
        remember(self.directory, epoch)
        self.notes.write("epoch", epoch)
        return epoch


def _no_check() -> None:
    """What was here already has room."""
