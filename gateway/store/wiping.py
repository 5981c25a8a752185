"""Wiping: what belongs to the person followed leaves the card, and the key that sealed it is destroyed.

In an order that a power cut may interrupt anywhere: a new key is written down; in one transaction everything goes, the
places that nobody confirmed become voids under the new key, and a note says so; the new key takes the old one's place;
the database is written anew, without free pages, and its log emptied. Whoever goes on after a cut goes by the note.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.errors import TransientError
from gateway.store import keys, parcel
from gateway.store.acts import Acts
from gateway.store.assignments import WIPED_UPTO
from gateway.store.database import Medium, mapped, sync_directory, transaction
from gateway.store.notes import Notes
from gateway.store.outbox import Outbox
from gateway.store.places import Places, Range
from gateway.store.quarantine import FOLDER
from gateway.store.sealing import Seal

# What is the person's, or was made of it.
ERASED = (
    "outbox", "undated", "held", "aside", "frame", "reading", "gone",
    "assignment", "span", "assignment_history", "tenure", "visit",
)  # fmt: skip
REASON = "wiped"
_PENDING = "wiping"
_KEY = "data_key"

Facts = Mapping[str, object]


def settle_keys(connection: Medium, directory: Path, outer: bytes | None) -> None:
    """After a start: a new key takes its place if the wipe that made it was done, else it goes."""
    if not keys.has_next(directory):
        return
    if Notes(connection).get(_KEY) == keys.fingerprint(keys.next_key(directory, outer)):
        keys.destroy(directory)
    else:
        keys.drop_next(directory)


class Wiper:
    """Wipes one open store."""

    def __init__(
        self,
        connection: Medium,
        directory: Path,
        seal: Seal,
        outbox: Outbox,
        places: Places,
        outer: bytes | None,
    ) -> None:
        self._connection, self._directory, self._seal = connection, directory, seal
        self._outbox, self._places, self._outer = outbox, places, outer
        self._notes = Notes(connection)

    def pending(self) -> dict[str, object] | None:
        """The facts of a wipe that has erased and not ended yet."""
        text = self._notes.get(_PENDING)
        return None if text is None else dict(json.loads(text))

    def unconfirmed(self) -> int:
        """How many readings nobody has confirmed."""
        with mapped():
            (count,) = self._connection.execute("SELECT count(*) FROM outbox WHERE kind <> 'void'").fetchone()
        return int(count)

    def erase(self, act: str, void: Callable[[int, int], str], facts: Facts) -> dict[str, object]:
        """Erases, and destroys the key; gives the facts, with what was erased.

        `act` is the id of the act that stays in the table, `void(first, last)` the message for places that nobody
        confirmed, `facts` what is to be remembered until the end.
        """
        old, new = self._seal.key, keys.next_key(self._directory, self._outer)
        try:
            with transaction(self._connection):
                found = {**facts, **self._counts(), "destroyed_key": keys.fingerprint(old)}
                found["key"] = keys.fingerprint(new)
                voids, ranges = self._voids(), self._ranges()
                self._forget(act)
                self._seal.renew(new)
                for seq, text in voids:
                    self._outbox.put_void(seq, text)
                for first, last in ranges:
                    self._outbox.put_void(first, void(first, last))
                self._places.void(ranges, REASON)
                for name, text in ((WIPED_UPTO, str(self._outbox.last_seq)), (_KEY, keys.fingerprint(new))):
                    self._notes.put(name, text)
                self._notes.put(_PENDING, json.dumps(found))
        except BaseException:
            self._seal.renew(old)
            raise
        keys.destroy(self._directory)
        self._places.load()
        return found

    def scrub(self) -> None:
        """Writes the database anew and empties its log; TransientError `wipe-incomplete` if something stays."""
        try:
            shutil.rmtree(self._directory / FOLDER, ignore_errors=False)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise TransientError("wipe-incomplete", f"{FOLDER}: {error.strerror}") from error
        with mapped():
            for statement in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                done = self._connection.execute(statement).fetchone()
                if done is not None and done[0]:
                    raise TransientError("wipe-incomplete", "somebody reads the database")
            (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        if free:
            raise TransientError("wipe-incomplete", f"{free} free pages")
        sync_directory(self._directory)

    def done(self) -> None:
        """The wipe has ended; part of the caller's transaction."""
        self._notes.put(_PENDING, None)

    def _counts(self) -> dict[str, object]:
        (waiting,) = self._connection.execute("SELECT count(*) FROM outbox WHERE kind <> 'void'").fetchone()
        counts: dict[str, int] = {"unconfirmed": waiting}
        for name, table in (("held", "held"), ("refused", "aside"), ("frames", "frame"), ("ids", "reading")):
            (counts[name],) = self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 # above
        folder = self._directory / FOLDER
        counts["damaged_databases"] = sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0
        return {"counts": counts, "last_seq": self._outbox.last_seq}

    def _voids(self) -> list[tuple[int, str]]:
        rows = self._connection.execute("SELECT seq, payload FROM outbox WHERE kind = 'void' ORDER BY seq").fetchall()
        return [(seq, parcel.message(self._seal, "outbox", seq, payload)) for seq, payload in rows]

    def _ranges(self) -> list[Range]:
        found: list[Range] = []
        for (seq,) in self._connection.execute("SELECT seq FROM outbox WHERE kind <> 'void' ORDER BY seq"):
            if found and seq == found[-1][1] + 1:
                found[-1] = (found[-1][0], seq)
            else:
                found.append((seq, seq))
        return found

    def _forget(self, act: str) -> None:
        for table in ERASED:
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names from above
        self._connection.execute("DELETE FROM act WHERE id <> ? AND state <> 'asked'", (act,))
        if Acts(self._connection).find(act) is not None:
            Acts(self._connection).begin(act)


class Certificates:
    """The proofs of the wipes of this hub; they stay."""

    def __init__(self, connection: Medium) -> None:
        self._connection = connection

    def add(self, document: Facts) -> int:
        """Keeps one; gives its number."""
        with transaction(self._connection):
            text = json.dumps(document, ensure_ascii=False)
            row = self._connection.execute("INSERT INTO certificate (document) VALUES (?)", (text,))
        return int(row.lastrowid or 0)

    def all(self) -> list[tuple[int, dict[str, object]]]:
        """(number, document) of all, in order."""
        with mapped():
            rows = self._connection.execute("SELECT number, document FROM certificate ORDER BY number").fetchall()
        return [(number, dict(json.loads(text))) for number, text in rows]
