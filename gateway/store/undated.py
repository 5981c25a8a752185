"""Readings that came while the hub did not know the time, and the latest moment it ever knew."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.deviation import Occurrence, undatable
from gateway.reading import Reading
from gateway.store import parcel
from gateway.store.database import Medium, mapped, transaction
from gateway.store.outbox import Outbox
from gateway.store.sealing import Seal
from gateway.timebase import ClockFix, DeviceClaim, Undated

FLOOR = "clock_floor"
# Columns that say what is needed to date a reading.
WHAT = ("boot", "monotonic", "device_time", "faulty", "stored", "fix_device", "fix_monotonic")
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

    def __init__(
        self,
        connection: Medium,
        seal: Seal,
        outbox: Outbox,
        deviates: Callable[[Occurrence], object],
        take_back: Callable[[int, Reading, str], None],
    ) -> None:
        """`deviates` hears of readings that will never have a time, `take_back` of those that are not to be sent after
        all (place, reading, reason), both inside the transaction."""
        self._connection, self._seal, self._outbox = connection, seal, outbox
        self._deviates, self._take_back = deviates, take_back

    def add(self, seq: int, what: Undated) -> None:
        """Remembers what is needed to date the reading at this place."""
        floor = self.floor()
        self._connection.execute(
            "INSERT INTO undated VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (seq, *columns_of(what), floor.isoformat() if floor else None),
        )

    def next(self) -> list[UndatedRow]:
        """The first few, in order; empty when there are none."""
        query = (
            f"SELECT undated.seq, payload, {', '.join(WHAT)}, earliest"  # noqa: S608 - names from above
            " FROM undated JOIN outbox ON outbox.seq = undated.seq ORDER BY undated.seq LIMIT ?"
        )
        with mapped():
            rows = self._connection.execute(query, (_AT_ONCE,)).fetchall()
        return [self._row(row) for row in rows]

    def date(self, readings: Sequence[tuple[int, Reading, str]]) -> None:
        """These have their time now: they are sent as they are here, or held back for the reason that is given."""
        with transaction(self._connection):
            for seq, reading, reason in readings:
                received = int(reading.received_at.timestamp()) if reading.received_at else None
                self._connection.execute("UPDATE reading SET stored_at = ? WHERE seq = ?", (received, seq))
                self._connection.execute("DELETE FROM undated WHERE seq = ?", (seq,))
                if reason:
                    self._take_back(seq, reading, reason)
                else:
                    self._send(seq, reading)

    def _send(self, seq: int, reading: Reading) -> None:
        self._outbox.change(seq, reading)
        if reading.measured_at is None:
            self._deviates(undatable(reading))

    def _row(self, row: Sequence[Any]) -> UndatedRow:
        seq, payload, *what, earliest = row
        reading = Reading.from_text(parcel.message(self._seal, "outbox", seq, payload))
        return UndatedRow(seq, reading, what_of(what), _instant(earliest))

    def floor(self) -> datetime | None:
        """A moment that is certainly past (aware UTC); None before the first."""
        with mapped():
            row = self._connection.execute("SELECT value FROM fact WHERE name = ?", (FLOOR,)).fetchone()
        return None if row is None else datetime.fromisoformat(row[0]).astimezone(UTC)

    def raise_floor(self, known: datetime) -> None:
        """The hub knows that it is `known` now (aware)."""
        with transaction(self._connection):
            self._connection.execute(
                "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (FLOOR, known.isoformat()),
            )


def columns_of(what: Undated) -> tuple[object, ...]:
    """The columns `WHAT`."""
    claim, fix = what.claim, what.fix
    return (
        what.boot,
        what.monotonic,
        claim.time.isoformat() if claim.time else None,
        claim.faulty,
        claim.stored,
        fix.device.isoformat() if fix else None,
        fix.monotonic if fix else None,
    )


def what_of(columns: Sequence[Any]) -> Undated:
    """The columns `WHAT` of a row; ValueError or TypeError if they are not what was written."""
    boot, monotonic, device_time, faulty, stored, fix_device, fix_monotonic = columns
    claim = DeviceClaim(_instant(device_time), bool(faulty), None if stored is None else bool(stored))
    fixed = _instant(fix_device)
    fix = None if fixed is None else ClockFix(fixed, float(fix_monotonic))
    return Undated(str(boot), float(monotonic), claim, fix)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
