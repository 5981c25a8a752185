"""Readings that nobody has confirmed yet."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gateway.ack import runs
from gateway.deviation import Occurrence, unsendable
from gateway.reading import Reading
from gateway.store import parcel
from gateway.store.database import Medium, mapped, transaction
from gateway.store.places import Places, Range, blob, received_text
from gateway.store.sealing import Seal

# Places released or asked for again in one transaction.
_AT_ONCE = 500


class Row(NamedTuple):
    """One message that waits: its place, its kind (the topic's last word), its text."""

    seq: int
    kind: str
    payload: str


class Refused(NamedTuple):
    """Readings of one kind that were refused for one reason."""

    kind: str
    reason: str
    readings: int


@dataclass(frozen=True, slots=True)
class Depth:
    """How full the outbox is; `oldest_seq` None when empty, `at_broker` counts those a broker has."""

    waiting: int
    at_broker: int
    oldest_seq: int | None
    oldest_received_at: str | None


class Outbox:
    """The outbox of one epoch. Ranges are inclusive; all writes are durable on return."""

    def __init__(
        self, connection: Medium, places: Places, seal: Seal, deviates: Callable[[Occurrence], object]
    ) -> None:
        """`deviates` hears of readings that will not be delivered, inside the transaction."""
        self._connection, self._places, self._seal, self._deviates = connection, places, seal, deviates
        # A row of `reading` outlives its release, so the highest one names the last place ever given.
        with mapped():
            self.last_seq = last_seq(connection)

    def waiting(self, after: int, upto: int, limit: int) -> list[Row]:
        """Up to `limit` messages that no broker has, with after < seq <= upto, in order.

        They end before the first that is not dated yet: it must neither go as it is nor be overtaken.
        """
        query = (
            "SELECT seq, kind, payload FROM outbox WHERE seq > ? AND seq <= ? AND at_broker = 0"
            " AND seq < coalesce((SELECT min(seq) FROM undated), 1 << 62) ORDER BY seq LIMIT ?"
        )
        with mapped():
            rows = self._connection.execute(query, (after, upto, limit)).fetchall()
        return [Row(seq, kind, parcel.message(self._seal, "outbox", seq, payload)) for seq, kind, payload in rows]

    def put(self, seq: int, reading: Reading, frames: str) -> None:
        """A reading waits at this place; part of the caller's transaction. `frames` are JSON text."""
        device, payload = reading.device, parcel.shut(self._seal, "outbox", seq, reading.wire(seq), frames)
        self._connection.execute(
            "INSERT INTO outbox (seq, kind, payload, frames, device) VALUES (?, ?, ?, ?, ?)",
            (seq, device.kind, payload, parcel.TOGETHER, device.ref),
        )

    def change(self, seq: int, reading: Reading) -> None:
        """What waits at this place says something else from now on; part of the caller's transaction."""
        payload = parcel.shut(self._seal, "outbox", seq, reading.wire(seq), self.frames(seq))
        self._connection.execute(
            "UPDATE outbox SET payload = ?, frames = ? WHERE seq = ?", (payload, parcel.TOGETHER, seq)
        )

    def put_void(self, seq: int, void: str) -> None:
        """A void stands at this place instead of what waited there; part of the caller's transaction."""
        payload = parcel.shut(self._seal, "outbox", seq, void, parcel.NO_FRAMES)
        self._connection.execute(
            "INSERT INTO outbox (seq, kind, payload, frames, device) VALUES (?, 'void', ?, ?, '')"
            " ON CONFLICT (seq) DO UPDATE SET kind = 'void', payload = excluded.payload, frames = excluded.frames,"
            " at_broker = 0",
            (seq, payload, parcel.TOGETHER),
        )

    def frames(self, seq: int) -> str:
        """The raw frames (JSON text) of what waits at this place."""
        row = self._connection.execute("SELECT payload, frames FROM outbox WHERE seq = ?", (seq,)).fetchone()
        return parcel.opened(self._seal, "outbox", seq, *row)[1]

    def mark_at_broker(self, seqs: Sequence[int]) -> None:
        """A broker has taken these: a reconnect does not send them again."""
        with transaction(self._connection):
            query = "UPDATE outbox SET at_broker = at_broker + 1 WHERE seq BETWEEN ? AND ?"
            self._connection.executemany(query, runs(seqs))

    def release(self, ranges: Iterable[Range]) -> int:
        """These are confirmed and leave the outbox; gives how many were still in it."""
        return self._change("DELETE FROM outbox WHERE seq BETWEEN ? AND ?", ranges)

    def send_again(self, ranges: Iterable[Range]) -> list[Range]:
        """Counts these as not sent; gives the stretches that are no longer here, to be answered with a void."""
        asked = list(ranges)
        self._change("UPDATE outbox SET at_broker = 0 WHERE seq BETWEEN ? AND ? AND at_broker > 0", asked)
        with mapped():
            return [gap for first, last in asked for gap in self._gaps(first, last)]

    def _change(self, statement: str, ranges: Iterable[Range]) -> int:
        """Does this with all in the ranges, some at a time; gives how many there were.

        In one transaction, the log would grow to the size of all that is changed.
        """
        pieces, changed = deque(self._pieces(ranges)), 0
        while pieces:
            room = _AT_ONCE
            with transaction(self._connection):
                while pieces and room > 0:
                    changed += self._connection.execute(statement, pieces[0]).rowcount
                    room -= pieces[0][1] - pieces[0][0] + 1
                    pieces.popleft()
        return changed

    def _pieces(self, ranges: Iterable[Range]) -> Iterator[Range]:
        """Those parts of the ranges that something is in, in pieces of some length at most."""
        query = "SELECT min(seq) FROM outbox WHERE seq BETWEEN ? AND ?"
        for first, last in ranges:
            begin = first
            with mapped():
                while (found := self._connection.execute(query, (begin, last)).fetchone()[0]) is not None:
                    yield found, min(last, found + _AT_ONCE - 1)
                    begin = found + _AT_ONCE

    def set_aside(self, seq: int, reason: str, void: str) -> None:
        """The message of this place can never be delivered: it is kept apart, and a void takes its place."""
        query = "SELECT kind, payload, frames, device FROM outbox WHERE seq = ? AND kind <> 'void'"
        with transaction(self._connection):
            row = self._connection.execute(query, (seq,)).fetchone()
            if row is None:
                return
            kind, payload, frames, device = row
            (number,) = self._connection.execute("SELECT coalesce(max(number), 0) + 1 FROM aside").fetchone()
            both = parcel.opened(self._seal, "outbox", seq, payload, frames)
            moved = parcel.shut(self._seal, "aside", number, *both)
            self._connection.execute(
                "INSERT INTO aside (number, seq, kind, payload, frames, reason) VALUES (?, ?, ?, ?, ?, ?)",
                (number, seq, kind, moved, parcel.TOGETHER, reason),
            )
            self.put_void(seq, void)
            self._places.void([(seq, seq)], reason)
            if not self._places.given_before(seq):
                self._deviates(unsendable(reason, device))

    def refused(self) -> list[Refused]:
        """What is set aside."""
        with mapped():
            query = "SELECT kind, reason, count(*) FROM aside GROUP BY kind, reason ORDER BY kind, reason"
            return [Refused(*row) for row in self._connection.execute(query).fetchall()]

    def offer(self, kind: str, reason: str, limit: int, first: int) -> list[tuple[bytes, int]]:
        """The oldest that were refused for this reason get a new place each, from `first` on; their ids stay.

        Gives ids and places, for `given` when the caller's transaction is durable.
        """
        query = (
            "SELECT number, payload, frames FROM aside WHERE kind = ? AND reason = ?"
            " ORDER BY seq IS NOT NULL, seq, number LIMIT ?"
        )
        given = []
        rows = self._connection.execute(query, (kind, reason, limit)).fetchall()
        for seq, (number, payload, frames) in enumerate(rows, start=first):
            message, raw = parcel.opened(self._seal, "aside", number, payload, frames)
            # One that was saved out of a damaged database bears that one's epoch.
            reading = Reading.from_text(message).changed(epoch=self._seal.epoch, seq=None)
            self._places.add(seq, blob(reading.id), reading.received_at)
            self.put(seq, reading, raw)
            self._connection.execute("DELETE FROM aside WHERE number = ?", (number,))
            given.append((blob(reading.id), seq))
        return given

    def given(self, given: Sequence[tuple[bytes, int]]) -> None:
        """The places of these are taken from now on."""
        self._places.remember(dict(given))
        self.last_seq += len(given)

    def offer_again(self, kind: str, reason: str, limit: int) -> list[int]:
        """The oldest that were refused for this reason wait once more, at the end of the sequence; gives where."""
        with transaction(self._connection):
            given = self.offer(kind, reason, limit, self.last_seq + 1)
        self.given(given)
        return [seq for _id, seq in given]

    def give_up(self, ranges: Iterable[Range], reason: str) -> None:
        """The receiver is told that these places, which are no longer here, will not come."""
        with transaction(self._connection):
            for first, last in ranges:
                if self._places.void([(first, last)], reason):
                    self._deviates(Occurrence("lost", reason, last - first + 1))

    def depth(self) -> Depth:
        """Counts, and the oldest of all."""
        return depth(self._connection)

    def oldest(self) -> int | None:
        """The lowest place that nobody has confirmed; None when all are."""
        with mapped():
            seq: int | None = self._connection.execute("SELECT min(seq) FROM outbox").fetchone()[0]
        return seq

    def aside(self) -> int:
        """How many messages were refused for good."""
        return aside(self._connection)

    def _gaps(self, first: int, last: int) -> list[Range]:
        query = "SELECT seq FROM outbox WHERE seq BETWEEN ? AND ? ORDER BY seq"
        gaps, expected = [], first
        for (seq,) in self._connection.execute(query, (first, last)):
            if seq > expected:
                gaps.append((expected, seq - 1))
            expected = seq + 1
        if expected <= last:
            gaps.append((expected, last))
        return gaps


def last_seq(connection: Medium) -> int:
    """The last place ever given."""
    query = (
        "SELECT max((SELECT coalesce(max(seq), 0) FROM reading),"
        " coalesce((SELECT cast(value AS INTEGER) FROM fact WHERE name = 'wiped_upto'), 0))"
    )
    seq: int = connection.execute(query).fetchone()[0]
    return max(0, seq)


def depth(connection: Medium) -> Depth:
    """Counts, and the oldest of all."""
    with mapped():
        waiting, at_broker, oldest = connection.execute(
            "SELECT count(*), coalesce(sum(at_broker > 0), 0), min(seq) FROM outbox"
        ).fetchone()
        received = connection.execute("SELECT stored_at FROM reading WHERE seq = ?", (oldest,)).fetchone()
    return Depth(waiting, at_broker, oldest, received_text(received[0]) if received else None)


def aside(connection: Medium) -> int:
    """How many messages were refused for good."""
    with mapped():
        count: int = connection.execute("SELECT count(*) FROM aside").fetchone()[0]
    return count
