"""Readings that nobody has confirmed yet."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.deviation import Occurrence, unsendable
from gateway.store.database import Medium, mapped, transaction
from gateway.store.packing import pack, unpack
from gateway.store.places import Places, Range, received_text

# Places released or asked for again in one transaction.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Row:
    """One message that waits: its place, its kind (the topic's last word), its text."""

    seq: int
    kind: str
    payload: str


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
        self, connection: Medium, places: Places, deviates: Callable[[Occurrence], object] = lambda _what: None
    ) -> None:
        """`deviates` hears of readings that will not be delivered, inside the transaction."""
        self._connection, self._places, self._deviates = connection, places, deviates
        # A row of `reading` outlives its release, so the highest one names the last place ever given.
        query = "SELECT max(0, coalesce(max(seq), 0)) FROM reading"
        with mapped():
            self.last_seq: int = connection.execute(query).fetchone()[0]

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
        return [Row(seq, kind, unpack(payload)) for seq, kind, payload in rows]

    def mark_at_broker(self, seqs: Sequence[int]) -> None:
        """A broker has taken these: a reconnect does not send them again."""
        with transaction(self._connection):
            self._connection.executemany(
                "UPDATE outbox SET at_broker = at_broker + 1 WHERE seq = ?", [(s,) for s in seqs]
            )

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
        with transaction(self._connection):
            (device,) = self._connection.execute("SELECT device FROM outbox WHERE seq = ?", (seq,)).fetchone() or ("",)
            done = self._connection.execute(
                "INSERT INTO aside (seq, kind, payload, frames, reason)"
                " SELECT seq, kind, payload, frames, ? FROM outbox WHERE seq = ? AND kind <> 'void'",
                (reason, seq),
            )
            if done.rowcount:
                self._connection.execute(
                    "UPDATE outbox SET kind = 'void', payload = ?, frames = ?, at_broker = 0 WHERE seq = ?",
                    (pack(void), pack("[]"), seq),
                )
                self._places.void([(seq, seq)], reason)
                self._deviates(unsendable(reason, device))

    def give_up(self, ranges: Iterable[Range], reason: str) -> None:
        """The receiver is told that these places, which are no longer here, will not come."""
        with transaction(self._connection):
            for first, last in ranges:
                if self._places.void([(first, last)], reason):
                    self._deviates(Occurrence("lost", reason, last - first + 1))

    def depth(self) -> Depth:
        """Counts, and the oldest of all."""
        with mapped():
            waiting, at_broker, oldest = self._connection.execute(
                "SELECT count(*), coalesce(sum(at_broker > 0), 0), min(seq) FROM outbox"
            ).fetchone()
            received = self._connection.execute("SELECT stored_at FROM reading WHERE seq = ?", (oldest,)).fetchone()
        return Depth(waiting, at_broker, oldest, received_text(received[0]) if received else None)

    def oldest(self) -> int | None:
        """The lowest place that nobody has confirmed; None when all are."""
        with mapped():
            seq: int | None = self._connection.execute("SELECT min(seq) FROM outbox").fetchone()[0]
        return seq

    def aside(self) -> int:
        """How many messages were refused for good."""
        with mapped():
            count: int = self._connection.execute("SELECT count(*) FROM aside").fetchone()[0]
        return count

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
