"""The receiver's own SQLite database: each reading once, under its id. The only door to SQLite here."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import merge
from pathlib import Path
from typing import Literal

from gateway.errors import RefusedError, TransientError
from gateway.receiver.messages import Amend, Reading, Void, same_act, same_content
from gateway.receiver.ranges import Range, Ranges

Outcome = Literal["new", "double", "two-contents", "two-places", "two-ids"]

_VERSION = 1
_SCHEMA = """
CREATE TABLE readings (
    id TEXT PRIMARY KEY,
    hub TEXT NOT NULL,
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    received_at TEXT NOT NULL,
    payload BLOB NOT NULL,
    doubles INTEGER NOT NULL DEFAULT 0,
    status TEXT
);
CREATE TABLE places (
    hub TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, PRIMARY KEY (hub, epoch, seq)
) WITHOUT ROWID;
CREATE TABLE voids (
    hub TEXT NOT NULL, epoch TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, reason TEXT NOT NULL,
    received_at TEXT NOT NULL, PRIMARY KEY (hub, epoch, first, last)
) WITHOUT ROWID;
CREATE TABLE amends (
    id TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, received_at TEXT NOT NULL,
    PRIMARY KEY (id, status, reason)
) WITHOUT ROWID;
CREATE TABLE aside (
    topic TEXT NOT NULL, payload BLOB NOT NULL, reason TEXT NOT NULL, received_at TEXT NOT NULL,
    PRIMARY KEY (topic, payload, reason)
) WITHOUT ROWID;
"""


class Database:
    """Use from one thread. RefusedError from the constructor if the file cannot serve; TransientError later."""

    def __init__(self, path: Path) -> None:
        try:
            self._link = sqlite3.connect(path, isolation_level=None)
            self._prepare()
        except sqlite3.Error as error:
            raise RefusedError("receiver-database", str(error)) from error

    def _prepare(self) -> None:
        self._link.execute("PRAGMA journal_mode = WAL")
        self._link.execute("PRAGMA synchronous = FULL")
        version = self._link.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._link.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
        elif version != _VERSION:
            raise RefusedError("receiver-database", f"schema {version}, not {_VERSION}")

    def close(self) -> None:
        """Lets go of the file."""
        self._link.close()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """What is done inside is durable when it ends, or did not happen; TransientError if the disk refuses."""
        try:
            self._link.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._link.execute("ROLLBACK")
                raise
            self._link.execute("COMMIT")
        except sqlite3.Error as error:
            raise TransientError("receiver-database", str(error)) from error

    def take(self, reading: Reading, payload: bytes, topic: str, at: str) -> Outcome:
        """Stores a reading once; what contradicts what is known is kept aside."""
        outcome = self._judge(reading, payload)
        if outcome == "new":
            self._link.execute(
                "INSERT INTO readings (id, hub, epoch, seq, kind, received_at, payload, status) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, "
                "(SELECT status FROM amends WHERE id = ? ORDER BY received_at DESC LIMIT 1))",
                (reading.id, reading.hub, reading.epoch, reading.seq, reading.kind, at, payload, reading.id),
            )
        elif outcome == "double":
            self._link.execute("UPDATE readings SET doubles = doubles + 1 WHERE id = ?", (reading.id,))
        else:
            self.keep_aside(topic, payload, outcome, at)
        self._link.execute(
            "INSERT OR IGNORE INTO places (hub, epoch, seq, id) VALUES (?, ?, ?, ?)",
            (reading.hub, reading.epoch, reading.seq, reading.id),
        )
        return outcome

    def _judge(self, reading: Reading, payload: bytes) -> Outcome:
        place = self._link.execute(
            "SELECT id FROM places WHERE hub = ? AND epoch = ? AND seq = ?", (reading.hub, reading.epoch, reading.seq)
        ).fetchone()
        if place is not None and place[0] != reading.id:
            return "two-ids"
        known = self._link.execute(
            "SELECT hub, epoch, seq, payload FROM readings WHERE id = ?", (reading.id,)
        ).fetchone()
        if known is None:
            return "new"
        hub, epoch, seq, first_payload = known
        if (hub, epoch) != (reading.hub, reading.epoch):
            same = hub == reading.hub and same_act(first_payload, payload)
            return "double" if same else "two-contents"
        if not same_content(first_payload, payload) and seq == reading.seq:
            return "two-contents"
        return "double" if seq == reading.seq else "two-places"

    def void(self, hub: str, void: Void, at: str) -> bool:
        """Accounts for places that will not come; whether that is new."""
        done = self._link.execute(
            "INSERT OR IGNORE INTO voids (hub, epoch, first, last, reason, received_at) VALUES (?, ?, ?, ?, ?, ?)",
            (hub, void.epoch, void.first, void.last, void.reason, at),
        )
        return done.rowcount > 0

    def amend(self, amend: Amend, at: str) -> bool:
        """Notes what became known of a reading; whether that is new. The reading itself is never changed."""
        done = self._link.execute(
            "INSERT OR IGNORE INTO amends (id, status, reason, received_at) VALUES (?, ?, ?, ?)",
            (amend.id, amend.status, amend.reason, at),
        )
        self._link.execute("UPDATE readings SET status = ? WHERE id = ?", (amend.status, amend.id))
        return done.rowcount > 0

    def keep_aside(self, topic: str, payload: bytes, reason: str, at: str) -> None:
        """Keeps a message that cannot be used, once."""
        self._link.execute(
            "INSERT OR IGNORE INTO aside (topic, payload, reason, received_at) VALUES (?, ?, ?, ?)",
            (topic, payload, reason, at),
        )

    def streams(self) -> Iterator[tuple[str, str, list[Range]]]:
        """(hub, epoch, stretches of places accounted for), the hub's newest epoch last."""
        pairs = self._link.execute(
            "SELECT hub, epoch, max(at) FROM (SELECT hub, epoch, max(received_at) AS at FROM readings GROUP BY 1, 2 "
            "UNION ALL SELECT hub, epoch, max(received_at) FROM voids GROUP BY 1, 2) GROUP BY 1, 2 ORDER BY 3"
        ).fetchall()
        for hub, epoch, _ in pairs:
            yield hub, epoch, self._stretches(hub, epoch)

    def _stretches(self, hub: str, epoch: str) -> list[Range]:
        rows = self._link.execute(
            "SELECT min(seq), max(seq) FROM (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS island FROM places "
            "WHERE hub = :hub AND epoch = :epoch) GROUP BY island "
            "UNION ALL SELECT first, last FROM voids WHERE hub = :hub AND epoch = :epoch",
            {"hub": hub, "epoch": epoch},
        )
        return [(first, last) for first, last in rows]

    def lines(self, hub: str, epoch: str, first: int, last: int) -> Iterator[tuple[int, str | None]]:
        """(seq, id) of the places `first` to `last` in order; None for the id of a void place."""
        key = {"hub": hub, "epoch": epoch, "first": first, "last": last}
        void = Ranges(
            self._link.execute(
                "SELECT max(first, :first), min(last, :last) FROM voids "
                "WHERE hub = :hub AND epoch = :epoch AND last >= :first AND first <= :last",
                key,
            )
        )
        places = self._link.execute(
            "SELECT seq, id FROM places WHERE hub = :hub AND epoch = :epoch AND seq BETWEEN :first AND :last "
            "ORDER BY seq",
            key,
        )
        # A void counts for more than a reading that came all the same: it is what the hub's own ledger says.
        kept = (line for line in places if line[0] not in void)
        yield from merge(kept, ((seq, None) for low, high in void for seq in range(low, high + 1)))

    def totals(self) -> dict[str, int]:
        """Counts over everything ever received."""
        count = "SELECT (SELECT count(*) FROM readings), (SELECT coalesce(sum(doubles), 0) FROM readings), "
        count += "(SELECT count(*) FROM aside)"
        readings, doubles, aside = self._link.execute(count).fetchone()
        return {"readings": readings, "doubles": doubles, "aside": aside}
