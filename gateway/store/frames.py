"""Raw frames that have no reading: parts of an act that is not complete, and bytes a decoder refused."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from gateway.keeping import KeptFrame
from gateway.store.database import Medium, mapped, transaction
from gateway.store.sealing import Seal
from gateway.timebase import Moment

# Refused bytes are kept for whoever mends the decoder; a device that sends nothing else must not fill the card.
_REFUSED_KEPT = 1000
COLUMNS = ("device", "channel", "data", "received_at", "hub_clock", "boot", "monotonic", "reason")
_INSERT = f"INSERT INTO frame (number, {', '.join(COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - names from above


class Frames:
    """Frames on disk; all writes are durable on return."""

    def __init__(self, connection: Medium, seal: Seal) -> None:
        self._connection, self._seal = connection, seal

    def add(self, frames: Sequence[KeptFrame], check: Callable[[], None]) -> list[int]:
        """Keeps frames until their act is complete; gives their numbers. `check` raises if there is no room."""
        with transaction(self._connection):
            check()
            return [self._insert(frame, None) for frame in frames]

    def refuse(self, frame: KeptFrame, reason: str, check: Callable[[], None]) -> None:
        """Keeps bytes that could not be decoded; the oldest beyond the bound make room. `check` as in `add`."""
        with transaction(self._connection):
            check()
            self._insert(frame, reason)
            self._connection.execute(
                "DELETE FROM frame WHERE reason IS NOT NULL AND number <="
                " (SELECT number FROM frame WHERE reason IS NOT NULL ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (_REFUSED_KEPT,),
            )

    def drop(self, numbers: Sequence[int]) -> None:
        """Forgets frames that turned out to belong to no act."""
        with transaction(self._connection):
            self._connection.executemany("DELETE FROM frame WHERE number = ?", [(n,) for n in numbers])

    def waiting(self, device: str) -> list[KeptFrame]:
        """Frames of a device whose act was not complete when the daemon last ended, in the order they came."""
        query = (
            f"SELECT number, {', '.join(COLUMNS)} FROM frame"  # noqa: S608 - names from above
            " WHERE device = ? AND reason IS NULL ORDER BY number"
        )
        with mapped():
            rows = self._connection.execute(query, (device,)).fetchall()
        return [kept_frame(row, self._seal) for row in rows]

    def _insert(self, frame: KeptFrame, reason: str | None) -> int:
        moment = frame.moment
        (number,) = self._connection.execute("SELECT coalesce(max(number), 0) + 1 FROM frame").fetchone()
        data = self._seal.shut(frame.data.hex(), "frame", number, "data")
        values = (frame.device, frame.channel, data, moment.utc.isoformat(), moment.hub_clock, frame.boot)
        self._connection.execute(_INSERT, (number, *values, moment.monotonic, reason))
        return int(number)


def kept_frame(row: Sequence[Any], seal: Seal) -> KeptFrame:
    """A row, its number first; ValueError, TypeError or RefusedError if it is not what was written."""
    number, device, channel, sealed, at, hub_clock, boot, monotonic, _reason = row
    data = bytes.fromhex(seal.open(sealed, "frame", number, "data"))
    return KeptFrame(
        device, channel, data, Moment(datetime.fromisoformat(at), float(monotonic), hub_clock), boot, number
    )
