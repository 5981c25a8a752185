"""Readings that are not sent: another person's, or nobody knows whose. They leave only by somebody's word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from gateway.errors import RefusedError
from gateway.reading import Reading, Void
from gateway.store import parcel
from gateway.store.database import Medium, mapped, transaction
from gateway.store.outbox import Outbox
from gateway.store.places import Places, blob, id_text
from gateway.store.sealing import Seal

# Why a place in the sequence is void whose reading turned out, when it was dated, to be held back.
NOT_ASSIGNED = "not-assigned"


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One of them, without its values; `received_at` (RFC 3339, UTC) None: the hub did not know the time."""

    id: str
    kind: str
    status: str
    reason: str
    device: str
    assignment: str | None
    received_at: str | None


class Held:
    """All writes are part of the caller's transaction, or durable on return."""

    def __init__(self, connection: Medium, outbox: Outbox, places: Places, seal: Seal) -> None:
        self._connection, self._outbox, self._places, self._seal = connection, outbox, places, seal
        self.load()

    def load(self) -> None:
        """Learns all ids that are on the card, so that an id that never was held back costs no question to it."""
        with mapped():
            rows = self._connection.execute("SELECT id FROM held UNION ALL SELECT id FROM gone").fetchall()
        # More than there are does no harm.
        self._perhaps = {key for (key,) in rows}

    def knows(self, key: bytes) -> bool:
        """Whether a reading of that id is or was held back."""
        if key not in self._perhaps:
            return False
        query = "SELECT 1 FROM held WHERE id = ? UNION ALL SELECT 1 FROM gone WHERE id = ?"
        return self._connection.execute(query, (key, key)).fetchone() is not None

    def hold(self, reading: Reading, frames: str, reason: str) -> None:
        """Holds a reading back; `frames` are JSON text."""
        key = blob(reading.id)
        received = reading.received_at.astimezone(UTC).isoformat(timespec="seconds") if reading.received_at else None
        row = {
            "id": key,
            "kind": reading.device.kind,
            "status": reading.attribution.status,
            "payload": parcel.shut(self._seal, "held", key, reading.text(), frames),
            "frames": parcel.TOGETHER,
            "device": reading.device.ref,
            "reason": reason,
            "assignment": reading.assignment,
            "received_at": received,
        }
        self._connection.execute(
            f"INSERT INTO held ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})",  # noqa: S608
            row,
        )
        self._perhaps.add(key)

    def take_back(self, seq: int, reading: Reading, reason: str) -> None:
        """A reading that has a place, and was not sent, is held back after all; its place is void."""
        with transaction(self._connection):
            self.hold(reading, self._outbox.frames(seq), reason)
            void = Void(hub=reading.hub, epoch=reading.epoch, from_=seq, to=seq, reason=NOT_ASSIGNED)
            self._outbox.put_void(seq, void.text())
            self._places.void([(seq, seq)], NOT_ASSIGNED)

    def rows(self) -> list[HeldRow]:
        """All of them, the oldest first."""
        query = (
            "SELECT id, kind, status, reason, device, assignment, received_at FROM held"
            " ORDER BY received_at IS NOT NULL, received_at, id"
        )
        with mapped():
            return [_row(row) for row in self._connection.execute(query).fetchall()]

    def release(self, ids: Sequence[str]) -> dict[bytes, int]:
        """Gives these a place in the sequence each, as they are: their status stays what it is.

        What it gives is told to `released` when the transaction is durable. RefusedError for one that is not held.
        """
        given: dict[bytes, int] = {}
        with transaction(self._connection):
            for reading_id in ids:
                key, row = self._taken(reading_id)
                message, frames = parcel.opened(self._seal, "held", key, *row)
                reading = Reading.from_text(message)
                seq = given[key] = self._outbox.last_seq + len(given) + 1
                self._places.add(seq, key, reading.received_at)
                self._outbox.put(seq, reading, frames)
        return given

    def released(self, given: dict[bytes, int]) -> None:
        """The places of these are taken from now on."""
        self._outbox.given(list(given.items()))

    def delete(self, ids: Sequence[str]) -> None:
        """These are gone for good: handed over again they are not taken. RefusedError for one that is not held."""
        with transaction(self._connection):
            for reading_id in ids:
                key, _row = self._taken(reading_id)
                self._connection.execute("INSERT OR IGNORE INTO gone (id) VALUES (?)", (key,))

    def _taken(self, reading_id: str) -> tuple[bytes, Sequence[Any]]:
        try:
            key = blob(reading_id)
        except ValueError as error:
            raise RefusedError("held-unknown", reading_id) from error
        query = "DELETE FROM held WHERE id = ? RETURNING payload, frames"
        row = self._connection.execute(query, (key,)).fetchone()
        if row is None:
            raise RefusedError("held-unknown", reading_id)
        return key, row


def _row(columns: Sequence[Any]) -> HeldRow:
    key, *rest = columns
    return HeldRow(id_text(key), *rest)
