"""What this store holds of one assignment, opened: for the person followed, who may ask for it."""

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from gateway.store import parcel
from gateway.store.assignments import Assignments
from gateway.store.audit import AuditLog
from gateway.store.database import Medium, epoch_of, mapped, open_read_only
from gateway.store.deviations import Deviations
from gateway.store.events import Events
from gateway.store.keys import data_key
from gateway.store.sealing import Row, Seal

# Where readings lie, with the column that each is sealed for.
_SEALED = (("outbox", "seq", "kind <> 'void'"), ("held", "id", "1"), ("aside", "number", "1"))

Table = dict[str, object]


def export(directory: Path, outer: bytes | None, assignment: str, hub: str) -> Table:
    """The readings of an assignment, what was done with it, and its deviations; read beside a running daemon.

    RefusedError if there is no store, or its key is not to be had.
    """
    with closing(open_read_only(directory)) as connection, mapped():
        connection.execute("BEGIN")
        seal = Seal(data_key(directory, born=False, outer=outer), epoch_of(connection) or "")
        audit = AuditLog(connection)
        deviations = Deviations(connection, audit, Events(connection)).all()
        return {
            "assignment": assignment,
            "readings": [one for table in _SEALED for one in _readings(connection, seal, assignment, table)],
            "history": _history(Assignments(connection, directory), assignment),
            "deviations": [one.table(hub) for one in deviations if one.what.assignment == assignment],
        }


def _readings(connection: Medium, seal: Seal, assignment: str, table: Sequence[str]) -> list[Table]:
    name, column, where = table
    query = f"SELECT {column}, payload FROM {name} WHERE {where} ORDER BY {column}"  # noqa: S608 - names from above
    found = [_opened(seal, name, row, payload) for row, payload in connection.execute(query)]
    return [{**one, "kept_in": name} for one in found if one.get("assignment") == assignment]


def _opened(seal: Seal, name: str, row: Row, payload: object) -> Table:
    return dict(json.loads(parcel.message(seal, name, row, payload)))


def _history(book: Assignments, assignment: str) -> list[Table]:
    return [
        {"at": done.at.isoformat() if done.at else None, "what": done.what, "role": done.role, **done.fields}
        for done in book.history(assignment)
    ]
