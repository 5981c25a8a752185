"""Deviations on disk: numbered records that are only ever added; counting and closing are records beside them."""

from collections.abc import Callable, Sequence
from datetime import datetime

from gateway.audit import NO_TIME, Entry, Role, When
from gateway.deviation import Closing, Deviation, Occurrence, event
from gateway.errors import RefusedError
from gateway.store.audit import AuditLog
from gateway.store.database import Medium, mapped, transaction
from gateway.store.events import Events

_QUERY = (
    "SELECT deviation.number, type, cause, coalesce(readings, 0), device, assignment, deviation.at, deviation.boot,"
    " deviation.monotonic, closing.role, closing.action, closing.at, closing.boot, closing.monotonic FROM deviation"
    " LEFT JOIN deviation_count ON deviation_count.number = deviation.number"
    " LEFT JOIN deviation_closing AS closing ON closing.number = deviation.number"
)


class Deviations:
    """All writes are durable on return, or with the caller's transaction; each opening and closing is in the audit log
    and told as an event."""

    def __init__(self, connection: Medium, audit: AuditLog, events: Events) -> None:
        self._connection, self._audit, self._events = connection, audit, events
        # What time it is; whoever knows sets it.
        self.moment: Callable[[], When] = lambda: NO_TIME

    def add(self, what: Occurrence, when: When | None = None) -> int:
        """Counts it in the open deviation it belongs to, or opens one, as of now; gives its number."""
        with transaction(self._connection):
            number = self._open(what.episode)
            if number is None:
                number = self._record(what, when or self.moment())
            self._connection.execute(
                "INSERT INTO deviation_count (number, readings) VALUES (?, ?)"
                " ON CONFLICT (number) DO UPDATE SET readings = readings + excluded.readings",
                (number, what.readings),
            )
        return number

    def close(self, number: int, role: Role, action: str, when: When) -> Deviation:
        """Somebody has dealt with it; RefusedError if there is no open one of that number."""
        with transaction(self._connection):
            found = self.find(number)
            if found is None or found.closed is not None:
                raise RefusedError("deviation-not-open", str(number))
            self._connection.execute(
                "INSERT INTO deviation_closing (number, role, action, at, boot, monotonic) VALUES (?, ?, ?, ?, ?, ?)",
                (number, role, action, *_columns(when)),
            )
            # What was counted is part of the chain from now on.
            self._told(Deviation(number, found.what, when, Closing(role, action, when)), role, "closed")
        return Deviation(number, found.what, found.when, Closing(role, action, when))

    def find(self, number: int) -> Deviation | None:
        """The deviation of that number."""
        with mapped():
            row = self._connection.execute(f"{_QUERY} WHERE deviation.number = ?", (number,)).fetchone()
        return None if row is None else _deviation(row)

    def all(self, *, only_open: bool = False) -> list[Deviation]:
        """All of them, in order."""
        where = " WHERE closing.number IS NULL" if only_open else ""
        with mapped():
            return [_deviation(row) for row in self._connection.execute(f"{_QUERY}{where} ORDER BY deviation.number")]

    def open_counts(self) -> dict[str, int]:
        """How many are open, by type."""
        query = (
            "SELECT type, count(*) FROM deviation WHERE number NOT IN (SELECT number FROM deviation_closing)"
            " GROUP BY type ORDER BY type"
        )
        with mapped():
            return dict(self._connection.execute(query).fetchall())

    def _open(self, episode: str | None) -> int | None:
        query = (
            "SELECT max(number) FROM deviation WHERE episode = ?"
            " AND number NOT IN (SELECT number FROM deviation_closing)"
        )
        found: int | None = self._connection.execute(query, (episode,)).fetchone()[0]
        return found

    def _record(self, what: Occurrence, when: When) -> int:
        (number,) = self._connection.execute("SELECT coalesce(max(number), 0) + 1 FROM deviation").fetchone()
        self._connection.execute(
            "INSERT INTO deviation (number, type, cause, device, assignment, episode, at, boot, monotonic)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, what.type, what.cause, what.device, what.assignment, what.episode, *_columns(when)),
        )
        self._told(Deviation(number, what, when, None), "hub", "open")
        return int(number)

    def _told(self, one: Deviation, role: Role, state: str) -> None:
        what = one.what
        fields = {
            "deviation": one.number,
            "kind": what.type,
            "cause": what.cause,
            "readings": what.readings,
            "device": what.device,
        }
        self._audit.add(Entry(role, f"deviation.{state}", one.when, what.assignment, fields))
        told = {"number": one.number, "state": state, "deviation": what.type, "cause": what.cause}
        told |= {"readings": what.readings, "device": what.device, "assignment": what.assignment, "owner": one.owner}
        self._events.add(event("deviation", one.when, told))


def _columns(when: When) -> tuple[str | None, str, float]:
    return (None if when.at is None else when.at.isoformat(), when.boot, when.monotonic)


def _when(at: str | None, boot: str, monotonic: float) -> When:
    return When(None if at is None else datetime.fromisoformat(at), boot, monotonic)


def _deviation(row: Sequence[object]) -> Deviation:
    number, kind, cause, readings, device, assignment, at, boot, monotonic, role, action, *closed = row
    what = Occurrence(kind, cause, readings, device, assignment)  # type: ignore[arg-type]  # columns
    closing = None if role is None else Closing(str(role), str(action), _when(*closed))  # type: ignore[arg-type]
    return Deviation(int(str(number)), what, _when(at, boot, monotonic), closing)  # type: ignore[arg-type]
