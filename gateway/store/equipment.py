"""The register of the instruments: who put them to use, who looked after them, and when they were taken out of use."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.store.database import Medium, mapped, transaction

_COLUMNS = "device, name, kind, installed_at, installed_by, checked_at, checked_by, retired_at, reason, replaced_by"


@dataclass(frozen=True, slots=True)
class Entry:
    """An instrument: its reference, the installer's word for it, and what was done with it (texts, RFC 3339).

    `reason`: why it was taken out of use; None: it is in use.
    """

    device: str
    name: str
    kind: str
    installed_at: str | None
    installed_by: str
    checked_at: str | None = None
    checked_by: str | None = None
    retired_at: str | None = None
    reason: str | None = None
    replaced_by: str | None = None


class Equipment:
    """All writes are durable on return, or with the caller's transaction."""

    def __init__(self, connection: Medium) -> None:
        self._connection = connection

    def all(self) -> list[Entry]:
        """All instruments that were ever put to use on this hub."""
        with mapped():
            rows = self._connection.execute(f"SELECT {_COLUMNS} FROM equipment ORDER BY name, device").fetchall()  # noqa: S608
        return [_entry(row) for row in rows]

    def retired(self) -> frozenset[str]:
        """The references of those that are out of use."""
        with mapped():
            rows = self._connection.execute("SELECT device FROM equipment WHERE reason IS NOT NULL").fetchall()
        return frozenset(row[0] for row in rows)

    def install(self, device: str, name: str, kind: str, at: datetime | None, role: str) -> None:
        """Put to use, for the first time or again; one that is in use stays as it is."""
        with transaction(self._connection):
            self._connection.execute("DELETE FROM equipment WHERE device = ? AND reason IS NOT NULL", (device,))
            self._connection.execute(
                "INSERT OR IGNORE INTO equipment (device, name, kind, installed_at, installed_by)"
                " VALUES (?, ?, ?, ?, ?)",
                (device, name, kind, _text(at), role),
            )

    def check(self, device: str, at: datetime | None, role: str) -> None:
        """Somebody looked after it."""
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE equipment SET checked_at = ?, checked_by = ? WHERE device = ?", (_text(at), role, device)
            )

    def retire(self, device: str, at: datetime | None, reason: str, replaced_by: str | None) -> None:
        """Taken out of use."""
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE equipment SET retired_at = ?, reason = ?, replaced_by = ? WHERE device = ?",
                (_text(at), reason, replaced_by, device),
            )


def _entry(row: Sequence[Any]) -> Entry:
    return Entry(*row)


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
