"""Acts that were asked for and what came of them: the one place where a command and a running daemon meet.

The daemon owns the store; a command beside it writes a row through a connection of its own, and the daemon answers in
that row.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.errors import RefusedError
from gateway.store.database import FILE, Medium, mapped, scripts, transaction

# Answers that are kept, so that the same act asked for again is answered and not done again.
_KEPT = 500


@dataclass(frozen=True, slots=True)
class ActRow:
    """One of them. `state`: asked, begun (it is more than one transaction holds), done, refused, or withdrawn by
    whoever asked; `result` is a JSON object."""

    id: str
    name: str
    params: Mapping[str, object]
    role: str
    state: str
    result: Mapping[str, object]


class Acts:
    """The table; all writes are durable on return, or with the caller's transaction."""

    def __init__(self, connection: Medium) -> None:
        self._connection = connection
        self._seen: int | None = None

    def ask(self, act: str, name: str, params: Mapping[str, object], role: str, asked_at: datetime | None) -> None:
        """Asks for an act; nothing new if the same was asked for under this id, RefusedError if another was."""
        with transaction(self._connection):
            known = self.find(act)
            if known is None:
                self._connection.execute(
                    "INSERT INTO act (id, name, params, role, asked_at) VALUES (?, ?, ?, ?, ?)",
                    (act, name, json.dumps(params), role, asked_at.isoformat() if asked_at else None),
                )
            elif (known.name, dict(known.params)) != (name, json.loads(json.dumps(params))):
                raise RefusedError("act-id-used", act)

    def find(self, act: str) -> ActRow | None:
        """The act of that id."""
        rows = self._rows("WHERE id = ?", act)
        return rows[0] if rows else None

    def waiting(self) -> list[ActRow]:
        """Acts that nobody has done yet, or not to their end, in the order they were asked for."""
        return self._rows("WHERE state IN ('asked', 'begun')")

    def begin(self, act: str) -> None:
        """From now on it is not taken back any more; RefusedError if it was."""
        with transaction(self._connection):
            query = "UPDATE act SET state = 'begun' WHERE id = ? AND state IN ('asked', 'begun')"
            if self._connection.execute(query, (act,)).rowcount == 0:
                raise RefusedError("act-withdrawn", act)

    def answer(self, act: str, state: str, result: Mapping[str, object]) -> None:
        """What came of it; the oldest answers beyond the bound are forgotten."""
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE act SET state = ?, result = ? WHERE id = ?", (state, json.dumps(result), act)
            )
            self._connection.execute(
                "DELETE FROM act WHERE state NOT IN ('asked', 'begun') AND number <="
                " (SELECT number FROM act WHERE state <> 'asked' ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (_KEPT,),
            )

    def withdraw(self, act: str) -> bool:
        """Takes it back, unless it was begun or done; whether it was taken back."""
        with transaction(self._connection):
            query = "UPDATE act SET state = 'withdrawn' WHERE id = ? AND state = 'asked'"
            return self._connection.execute(query, (act,)).rowcount > 0

    def stirred(self) -> bool:
        """Whether somebody else has written since the last time this was asked; reads no page of the card."""
        with mapped():
            version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        news, self._seen = version != self._seen, version
        return news

    def _rows(self, where: str, *values: str) -> list[ActRow]:
        query = f"SELECT id, name, params, role, state, result FROM act {where} ORDER BY number"  # noqa: S608 # constants
        with mapped():
            rows = self._connection.execute(query, values).fetchall()
        return [ActRow(i, name, json.loads(p), role, state, json.loads(r)) for i, name, p, role, state, r in rows]


@contextmanager
def acts_beside(directory: Path) -> Iterator[Acts]:
    """The table, beside the daemon that owns the store; RefusedError if there is none of this version."""
    path = directory / FILE
    if not path.exists():
        raise RefusedError("store-missing", str(directory))
    with mapped():
        connection = sqlite3.connect(path, isolation_level=None, factory=Medium)
    try:
        with mapped():
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA busy_timeout = 5000")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != len(scripts()):
            raise RefusedError("act-other-version", str(version))
        yield Acts(connection)
    finally:
        connection.close()
