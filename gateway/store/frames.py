"""Raw frames that have no reading: parts of an act that is not complete, and bytes a decoder refused."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from gateway.keeping import KeptFrame
from gateway.store.database import mapped, transaction
from gateway.timebase import Moment

# Refused bytes are kept for whoever mends the decoder; a device that sends nothing else must not fill the card.
_REFUSED_KEPT = 1000


class Frames:
    """Frames on disk; all writes are durable on return."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, frames: Sequence[KeptFrame]) -> list[int]:
        """Keeps frames until their act is complete; gives their numbers."""
        with transaction(self._connection):
            return [self._insert(frame, None) for frame in frames]

    def refuse(self, frame: KeptFrame, reason: str) -> None:
        """Keeps bytes that could not be decoded; the oldest beyond the bound make room."""
        with transaction(self._connection):
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
            "SELECT device, channel, data, received_at, hub_clock, boot, monotonic, number FROM frame"
            " WHERE device = ? AND reason IS NULL ORDER BY number"
        )
        with mapped():
            rows = self._connection.execute(query, (device,)).fetchall()
        return [
            KeptFrame(ref, channel, data, Moment(datetime.fromisoformat(at), monotonic, hub_clock), boot, number)
            for ref, channel, data, at, hub_clock, boot, monotonic, number in rows
        ]

    def _insert(self, frame: KeptFrame, reason: str | None) -> int:
        cursor = self._connection.execute(
            "INSERT INTO frame (device, channel, data, received_at, hub_clock, boot, monotonic, reason)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                frame.device,
                frame.channel,
                frame.data,
                frame.moment.utc.isoformat(),
                frame.moment.hub_clock,
                frame.boot,
                frame.moment.monotonic,
                reason,
            ),
        )
        return int(cursor.lastrowid or 0)
