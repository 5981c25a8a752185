"""The records of a store, read beside the daemon that owns it: as they are at one moment."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.store.audit import AuditLog
from gateway.store.database import mapped, open_read_only
from gateway.store.deviations import Deviations
from gateway.store.events import Events
from gateway.store.wiping import Certificates


@dataclass(frozen=True, slots=True)
class Beside:
    """What may be read; nothing may be written."""

    audit: AuditLog
    deviations: Deviations
    certificates: Certificates


@contextmanager
def records_beside(directory: Path) -> Iterator[Beside]:
    """The audit log and the deviations; RefusedError if there is no store."""
    with closing(open_read_only(directory)) as connection:
        with mapped():
            connection.execute("BEGIN")
        audit = AuditLog(connection)
        yield Beside(audit, Deviations(connection, audit, Events(connection)), Certificates(connection))
