"""What a store holds, seen from outside: counts and ages, no value."""

from dataclasses import dataclass
from pathlib import Path

from gateway.store.database import epoch_of, mapped, open_read_only
from gateway.store.outbox import Depth, aside, depth, last_seq


@dataclass(frozen=True, slots=True)
class Look:
    """Counts and ages."""

    epoch: str
    last_seq: int
    depth: Depth
    held: dict[str, int]
    aside: int


def look(directory: Path) -> Look:
    """Reads a store beside the daemon that owns it; RefusedError if there is none."""
    connection = open_read_only(directory)
    try:
        with mapped():
            epoch, last = epoch_of(connection) or "", last_seq(connection)
            held = dict(connection.execute("SELECT status, count(*) FROM held GROUP BY status").fetchall())
        return Look(epoch, last, depth(connection), held, aside(connection))
    finally:
        connection.close()
