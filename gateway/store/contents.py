"""What the database consists of, and what is on this hub now: counts and dates, no value."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from gateway.store.database import Medium, mapped, migrate, open_read_only
from gateway.store.places import received_text

# The column that tells since when a row is here, of tables that have one.
_DATED = {
    "reading": "stored_at",
    "held": "received_at",
    "frame": "received_at",
    "deviation": "at",
    "act": "asked_at",
    "assignment_history": "at",
}


@dataclass(frozen=True, slots=True)
class Contents:
    """Rows of each table; the oldest moment in those that tell (RFC 3339); bytes of each file."""

    rows: Mapping[str, int]
    oldest: Mapping[str, str]
    files: Mapping[str, int]


def schema() -> dict[str, tuple[str, ...]]:
    """Every table of this version and its columns."""
    with closing(sqlite3.connect(":memory:", isolation_level=None, factory=Medium)) as connection:
        migrate(connection)
        return _columns(connection)


def contents(directory: Path) -> Contents:
    """Looks beside the daemon that owns the store; RefusedError if there is none."""
    with closing(open_read_only(directory)) as connection, mapped():
        connection.execute("BEGIN")
        tables = sorted(_columns(connection))
        rows = {name: int(_one(connection, f"SELECT count(*) FROM {name}") or 0) for name in tables}  # noqa: S608 # ours
        found = {name: _one(connection, f"SELECT min({column}) FROM {name}") for name, column in _DATED.items()}  # noqa: S608
    oldest = {name: received_text(at) if isinstance(at, int) else str(at) for name, at in found.items() if at}
    files = {str(p.relative_to(directory)): p.stat().st_size for p in sorted(directory.rglob("*")) if p.is_file()}
    return Contents(rows, {name: text for name, text in oldest.items() if text}, files)


def _columns(connection: Medium) -> dict[str, tuple[str, ...]]:
    with mapped():
        database = Database(connection)
        tables = sorted(name for name in database.table_names() if not name.startswith("sqlite_"))
        return {name: tuple(database.table(name).columns_dict) for name in tables}


def _one(connection: Medium, query: str) -> int | str | None:
    found: int | str | None = connection.execute(query).fetchone()[0]
    return found
