"""Assignments, the devices that serve them, and visits, on disk."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from gateway.assignments import Assignment, Span
from gateway.attribution import Tenure, Visit
from gateway.baseline import Baseline, as_table, from_table
from gateway.errors import TransientError
from gateway.store.database import Medium, mapped, sync_directory, transaction
from gateway.store.notes import Notes

# There has been an assignment on this hub: whatever is lost or wiped later, no reading leaves without one any more.
# Also a file beside the database, which may be lost whole.
EVER = "assignments_ever"
MARK = "assigned"
# How far the sequence was when this hub was last wiped.
WIPED_UPTO = "wiped_upto"
# A digest of each id that was ever used; a wipe takes the ids.
_USED = "used_id."


@dataclass(frozen=True, slots=True)
class TenureRow:
    """A device's time in an assignment, with its number here."""

    number: int
    device: str
    tenure: Tenure


@dataclass(frozen=True, slots=True)
class Done:
    """What was done with an assignment; `at` None: the hub did not know the time."""

    assignment: str
    at: datetime | None
    role: str
    what: str
    fields: Mapping[str, object]


class Assignments:
    """All writes are durable on return, or with the caller's transaction."""

    def __init__(self, connection: Medium, directory: Path) -> None:
        self._connection, self._notes, self._mark = connection, Notes(connection), directory / MARK

    def ever(self) -> bool:
        """Whether there has ever been one on this hub."""
        return self._notes.get(EVER) is not None or self._mark.exists()

    def mark(self) -> None:
        """Writes beside the database that there has been one, if there has."""
        if self._notes.get(EVER) is not None and not self._mark.exists():
            try:
                self._mark.touch(0o600)
                sync_directory(self._mark.parent)
            except OSError as error:
                raise TransientError("store-io", f"{self._mark}: {error.strerror}") from error

    def used(self, assignment: str) -> bool:
        """Whether that id was ever used on this hub."""
        return self._notes.get(_used(assignment)) is not None

    def wiped(self) -> bool:
        """Whether this hub was ever wiped."""
        return self._notes.get(WIPED_UPTO) is not None

    def doubt(self, device: str | None = None) -> None:
        """What is known of devices' memories no longer holds, of one or of all: the baseline is to be taken anew."""
        for row in self.tenures(device):
            if row.tenure.until is None:
                self.save_baseline(row.number, replace(row.tenure.baseline, done=False))

    def all(self) -> tuple[Assignment, ...]:
        """All of them, in the order they were made."""
        with mapped():
            rows = self._connection.execute(
                "SELECT id, purpose, outcome, paused_until, told FROM assignment ORDER BY number"
            ).fetchall()
            spans = self._connection.execute(
                "SELECT assignment, start, end FROM span ORDER BY assignment, place"
            ).fetchall()
        return tuple(_assignment(row, [s[1:] for s in spans if s[0] == row[0]]) for row in rows)

    def save(self, one: Assignment) -> None:
        """Keeps one, new or known."""
        paused = one.paused_until.isoformat() if one.paused_until else None
        with transaction(self._connection):
            self._notes.put(EVER, "1")
            self._notes.put(_used(one.id), "1")
            self._connection.execute(
                "INSERT INTO assignment (id, purpose, outcome, paused_until, told) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET purpose = excluded.purpose, outcome = excluded.outcome,"
                " paused_until = excluded.paused_until, told = excluded.told",
                (one.id, one.purpose, one.outcome, paused, one.told),
            )
            self._connection.executemany(
                "INSERT OR REPLACE INTO span (assignment, place, start, end) VALUES (?, ?, ?, ?)",
                [(one.id, place, _text(span.start), _text(span.end)) for place, span in enumerate(one.spans)],
            )

    def record(self, done: Done) -> None:
        """Adds to its history."""
        with transaction(self._connection):
            self._connection.execute(
                "INSERT INTO assignment_history (assignment, at, role, what, fields) VALUES (?, ?, ?, ?, ?)",
                (done.assignment, _text(done.at), done.role, done.what, json.dumps(done.fields)),
            )

    def history(self, assignment: str | None = None) -> list[Done]:
        """What was done, with one or with all, in order."""
        query = "SELECT assignment, at, role, what, fields FROM assignment_history WHERE ? IN (assignment, '')"
        with mapped():
            rows = self._connection.execute(f"{query} ORDER BY number", (assignment or "",)).fetchall()
        return [Done(one, _instant(at), role, what, json.loads(fields)) for one, at, role, what, fields in rows]

    # Devices

    def tenures(self, device: str | None = None) -> list[TenureRow]:
        """Which device served which assignment when, of one device or of all, in order."""
        query = (
            "SELECT number, device, assignment, since, until, users, baseline FROM tenure WHERE ? IN (device, '')"
            " ORDER BY number"
        )
        with mapped():
            return [_tenure(row) for row in self._connection.execute(query, (device or "",)).fetchall()]

    def give(self, device: str, tenure: Tenure) -> None:
        """The device serves an assignment from then on, and what it served before no longer."""
        with transaction(self._connection):
            self.take(device, tenure.since)
            users = None if tenure.users is None else json.dumps(tenure.users)
            self._connection.execute(
                "INSERT INTO tenure (device, assignment, since, until, users, baseline) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    device,
                    tenure.assignment,
                    _text(tenure.since),
                    _text(tenure.until),
                    users,
                    json.dumps(as_table(tenure.baseline)),
                ),
            )

    def take(self, device: str, at: datetime) -> None:
        """The device serves nobody from then on."""
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE tenure SET until = max(since, ?) WHERE device = ? AND until IS NULL", (_text(at), device)
            )

    def save_baseline(self, number: int, baseline: Baseline) -> None:
        """What is known of the memory of that tenure's device."""
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE tenure SET baseline = ? WHERE number = ?", (json.dumps(as_table(baseline)), number)
            )

    # Visits

    def visit(self, visit: Visit, role: str) -> None:
        """A window is open; one that is open already ends where the new one begins."""
        with transaction(self._connection):
            self._connection.execute("UPDATE visit SET end = ? WHERE end > ?", (_text(visit.start), _text(visit.start)))
            self._connection.execute(
                "INSERT INTO visit (assignment, start, end, role) VALUES (?, ?, ?, ?)",
                (visit.assignment, _text(visit.start), _text(visit.end), role),
            )

    def visits(self) -> tuple[Visit, ...]:
        """The newest few, in order."""
        query = "SELECT assignment, start, end FROM visit ORDER BY number DESC LIMIT 20"
        with mapped():
            rows = self._connection.execute(query).fetchall()
        return tuple(Visit(one, _known(start), _known(end)) for one, start, end in reversed(rows))


def _used(assignment: str) -> str:
    return f"{_USED}{hashlib.sha256(assignment.lower().encode()).hexdigest()[:32]}"


def _assignment(row: Sequence[Any], spans: Sequence[Sequence[Any]]) -> Assignment:
    name, purpose, outcome, paused, told = row
    return Assignment(
        name,
        purpose,
        tuple(Span(_known(start), _instant(end)) for start, end in spans),
        outcome,
        None if paused is None else date.fromisoformat(paused),
        told,
    )


def _tenure(row: Sequence[Any]) -> TenureRow:
    number, device, assignment, since, until, users, baseline = row
    mapped_users = None if users is None else tuple(json.loads(users))
    tenure = Tenure(assignment, _known(since), _instant(until), mapped_users, from_table(json.loads(baseline)))
    return TenureRow(number, device, tenure)


def _text(instant: datetime | None) -> str | None:
    # Always in UTC with microseconds: as texts they are ordered as they are as instants.
    return None if instant is None else instant.astimezone(UTC).isoformat(timespec="microseconds")


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _known(text: str) -> datetime:
    return datetime.fromisoformat(text)
