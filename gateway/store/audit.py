"""The audit log on disk: records are only ever added, and the database itself refuses anything else."""

from collections.abc import Iterator

from gateway.audit import NO_RECORD, Entry, Head, Row, When, chained
from gateway.env import Env, known_time
from gateway.store.database import Medium, mapped, transaction
from gateway.store.notes import Notes

# Beside the log, so that records cut off at the end are missed.
_HEAD = "audit_head"


class AuditLog:
    """All writes are durable on return, or with the caller's transaction."""

    def __init__(self, connection: Medium) -> None:
        self._connection, self._notes = connection, Notes(connection)

    def add(self, entry: Entry) -> int:
        """Records it; gives its number."""
        with transaction(self._connection):
            row = chained(self._newest(), entry)
            self._connection.execute(
                "INSERT INTO audit (number, record, digest) VALUES (?, ?, ?)", (row.number, row.record, row.digest)
            )
            self._notes.put(_HEAD, str(Head(row.number, row.digest)))
        return row.number

    def head(self) -> str:
        """Where the chain should end, as `NUMBER:DIGEST`."""
        return self._notes.get(_HEAD) or str(NO_RECORD)

    def rows(self, after: int = 0) -> Iterator[Row]:
        """The records with a higher number, in order; gives them while the database is read."""
        query = "SELECT number, record, digest FROM audit WHERE number > ? ORDER BY number"
        with mapped():
            for number, record, digest in self._connection.execute(query, (after,)):
                yield Row(number, record, digest)

    def _newest(self) -> Head:
        query = "SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1"
        row = self._connection.execute(query).fetchone()
        return NO_RECORD if row is None else Head(*row)


def moment(env: Env) -> When:
    """Now: no wall time while the hub does not know it."""
    return When(known_time(env), env.boot_id, env.monotonic())
