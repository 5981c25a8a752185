"""Readings that came while the hub did not know the time, and the latest moment it ever knew."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.reading import Reading
from gateway.store.database import mapped, transaction
from gateway.timebase import ClockFix, DeviceClaim, Undated

_FLOOR = "clock_floor"
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class UndatedRow:
    """One of them: its place, its message as it is, what is needed to date it, and a moment certainly before it."""

    seq: int
    reading: Reading
    what: Undated
    earliest: datetime | None


class UndatedReadings:
    """All writes are durable on return, but `add`, which is part of its caller's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, seq: int, what: Undated) -> None:
        """Remembers what is needed to date the reading at this place."""
        floor = self.floor()
        self._connection.execute(
            "INSERT INTO undated VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                seq,
                what.boot,
                what.monotonic,
                what.claim.time.isoformat() if what.claim.time else None,
                what.claim.faulty,
                what.claim.stored,
                what.fix.device.isoformat() if what.fix else None,
                what.fix.monotonic if what.fix else None,
                floor.isoformat() if floor else None,
            ),
        )

    def next(self) -> list[UndatedRow]:
        """The first few, in order; empty when there are none."""
        query = (
            "SELECT undated.seq, payload, boot, monotonic, device_time, faulty, stored, fix_device, fix_monotonic,"
            " earliest FROM undated JOIN outbox ON outbox.seq = undated.seq ORDER BY undated.seq LIMIT ?"
        )
        with mapped():
            return [_row(row) for row in self._connection.execute(query, (_AT_ONCE,))]

    def date(self, readings: Sequence[tuple[int, Reading]]) -> None:
        """These have their time now: they are sent as they are here."""
        with transaction(self._connection):
            for seq, reading in readings:
                received = reading.received_at.isoformat() if reading.received_at else ""
                self._connection.execute("UPDATE outbox SET payload = ? WHERE seq = ?", (reading.wire(seq), seq))
                self._connection.execute("UPDATE reading SET stored_at = ? WHERE seq = ?", (received, seq))
                self._connection.execute("DELETE FROM undated WHERE seq = ?", (seq,))

    def floor(self) -> datetime | None:
        """A moment that is certainly past (aware UTC); None before the first."""
        with mapped():
            row = self._connection.execute("SELECT value FROM fact WHERE name = ?", (_FLOOR,)).fetchone()
        return None if row is None else datetime.fromisoformat(row[0]).astimezone(UTC)

    def raise_floor(self, known: datetime) -> None:
        """The hub knows that it is `known` now (aware)."""
        with transaction(self._connection):
            self._connection.execute(
                "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (_FLOOR, known.isoformat()),
            )


def _row(row: Sequence[object]) -> UndatedRow:
    seq, payload, boot, monotonic, device_time, faulty, stored, fix_device, fix_monotonic, earliest = row
    claim = DeviceClaim(_instant(device_time), bool(faulty), None if stored is None else bool(stored))
    fixed = _instant(fix_device)
    fix = ClockFix(fixed, float(str(fix_monotonic))) if fixed is not None else None
    what = Undated(str(boot), float(str(monotonic)), claim, fix)
    return UndatedRow(int(str(seq)), Reading.model_validate_json(str(payload)), what, _instant(earliest))


def _instant(text: object) -> datetime | None:
    return None if text is None else datetime.fromisoformat(str(text))
