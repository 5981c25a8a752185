"""Every place of the sequence and the id that was given it; stays after release, so that a device that hands over its
whole memory again is recognised, and the ledger can be told.

Ids are looked up in memory: an index of them on the card would cost a page somewhere else at each reading.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from gateway.store.database import Medium, mapped, transaction

Range = tuple[int, int]

_ID_BYTES = 16
_WEEK_S = 7 * 86_400
_DAY_S = 86_400
# So few at once that no reading waits for them.
_PRUNED_AT_ONCE = 500


class Places:
    """The places given. `add` and `void` are part of their caller's transaction, and `remember` follows its commit."""

    def __init__(self, connection: Medium) -> None:
        self._connection = connection
        # Two columns, sorted by the first: 16 bytes for each id.
        self._names, self._seqs = array("Q"), array("q")

    def load(self) -> None:
        """Learns all ids that are on the card, and nothing else; before this, none is known."""
        self._names, self._seqs = array("Q"), array("q")
        with mapped():
            for reading_id, seq in self._connection.execute("SELECT id, seq FROM reading ORDER BY id"):
                self._names.append(_name(reading_id))
                self._seqs.append(seq)

    def add(self, seq: int, reading_id: bytes, stored_at: datetime | None) -> None:
        """This reading has this place; `stored_at` (aware) None: the hub does not know the time."""
        at = None if stored_at is None else int(stored_at.timestamp())
        self._connection.execute("INSERT INTO reading (seq, id, stored_at) VALUES (?, ?, ?)", (seq, reading_id, at))

    def remember(self, given: Mapping[bytes, int]) -> None:
        """These are known from now on."""
        for reading_id, seq in given.items():
            name = _name(reading_id)
            at = bisect_left(self._names, name)
            self._names.insert(at, name)
            self._seqs.insert(at, seq)

    def knows(self, reading_id: bytes) -> bool:
        """Whether a reading has a place already."""
        return next(self._of(reading_id), None) is not None

    def given_before(self, seq: int) -> bool:
        """Whether the reading at this place had another before: it was refused there, and was offered again."""
        (reading_id,) = self._connection.execute("SELECT id FROM reading WHERE seq = ?", (seq,)).fetchone()
        return any(other < seq for other in self._of(reading_id))

    def _of(self, reading_id: bytes) -> Iterator[int]:
        """The places that were given to it."""
        name = _name(reading_id)
        at = bisect_left(self._names, name)
        while at < len(self._names) and self._names[at] == name:
            row = self._connection.execute("SELECT id FROM reading WHERE seq = ?", (self._seqs[at],)).fetchone()
            if row is not None and row[0] == reading_id:
                yield self._seqs[at]
            at += 1

    def void(self, ranges: Iterable[Range], reason: str) -> int:
        """These places will not be delivered, and the receiver is told so; gives how many of the ranges are new."""
        rows = [(*r, reason) for r in ranges]
        query = "INSERT OR IGNORE INTO void (first, last, reason) VALUES (?, ?, ?)"
        return max(0, self._connection.executemany(query, rows).rowcount)

    def lines(self, first: int, last: int) -> Iterator[tuple[int, str | None]]:
        """(place, id) in order, None for the id of a void place; gives them while the database is read."""
        void = self._voids(first, last)
        query = "SELECT seq, id FROM reading WHERE seq BETWEEN ? AND ? ORDER BY seq"
        with mapped():
            for seq, reading_id in self._connection.execute(query, (first, last)):
                while void and void[0][1] < seq:
                    void.pop(0)
                yield seq, None if void and void[0][0] <= seq else id_text(reading_id)

    def first(self) -> int:
        """The lowest place of this epoch that is still known; 0 if there is none."""
        query = "SELECT coalesce(min(seq), 0) FROM reading WHERE seq > 0"
        with mapped():
            seq: int = self._connection.execute(query).fetchone()[0]
        return seq

    def per_day(self, now: datetime) -> float:
        """Readings stored in a day, as in the last week (or since the first, if that was later)."""
        week_ago = int(now.timestamp()) - _WEEK_S
        query = "SELECT count(*), min(stored_at) FROM reading WHERE seq > 0 AND stored_at >= ?"
        with mapped():
            count, first = self._connection.execute(query, (week_ago,)).fetchone()
        span = 0.0 if first is None else now.timestamp() - first
        return float(count) / (max(span, _DAY_S) / _DAY_S)

    def prune(self, kept: int) -> int:
        """Forgets some of the oldest released places beyond the newest `kept`; gives how many, 0 when it is done."""
        query = (
            "SELECT seq, id FROM reading WHERE seq <= (SELECT max(seq) FROM reading) - ?"
            " AND seq < coalesce((SELECT min(seq) FROM outbox), 1 << 62) ORDER BY seq LIMIT ?"
        )
        with transaction(self._connection):
            rows = self._connection.execute(query, (kept, _PRUNED_AT_ONCE)).fetchall()
            if rows:
                self._connection.execute("DELETE FROM reading WHERE seq <= ?", (rows[-1][0],))
                self._connection.execute("DELETE FROM void WHERE last <= ?", (rows[-1][0],))
        for seq, reading_id in rows:
            self._forget(seq, _name(reading_id))
        return len(rows)

    def _forget(self, seq: int, name: int) -> None:
        at = self._seqs.index(seq, bisect_left(self._names, name))
        del self._names[at], self._seqs[at]

    def _voids(self, first: int, last: int) -> list[Range]:
        query = "SELECT first, last FROM void WHERE last >= ? AND first <= ? ORDER BY first, last"
        merged: list[Range] = []
        with mapped():
            for low, high in self._connection.execute(query, (first, last)):
                if merged and low <= merged[-1][1] + 1:
                    merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
                else:
                    merged.append((low, high))
        return merged


def received_text(stored_at: int | None) -> str | None:
    """The instant as text (RFC 3339, UTC); None for none."""
    return None if stored_at is None else datetime.fromtimestamp(stored_at, UTC).isoformat()


def blob(reading_id: str) -> bytes:
    """The id as it is kept: 16 bytes."""
    return bytes.fromhex(reading_id.replace("-", ""))


def is_blob(value: object) -> bool:
    """Whether a value can be an id as it is kept."""
    return isinstance(value, bytes) and len(value) == _ID_BYTES


def id_text(reading_id: bytes) -> str:
    """The id as it is sent."""
    text = reading_id.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _name(reading_id: bytes) -> int:
    return int.from_bytes(reading_id[:8], "big")
