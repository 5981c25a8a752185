"""Readings that wait too long for their confirmation are a deviation, each counted once."""

from datetime import datetime, timedelta

from gateway.deviation import Occurrence
from gateway.store.database import Medium, transaction
from gateway.store.deviations import Deviations
from gateway.store.notes import Notes

# Readings are looked at on working days: what is confirmed within a weekend and a day is not late to anybody.
LATE = timedelta(hours=72)
_UPTO = "late_upto"


def count_late(connection: Medium, deviations: Deviations, now: datetime) -> int:
    """Counts what has become late since the last time (`now` is aware); gives how many."""
    notes = Notes(connection)
    query = (
        "SELECT count(*), max(outbox.seq) FROM outbox JOIN reading ON reading.seq = outbox.seq"
        " WHERE outbox.seq > ? AND reading.stored_at <= ? AND outbox.kind <> 'void'"
    )
    with transaction(connection):
        counted = int(notes.get(_UPTO) or 0)
        limit = int((now - LATE).timestamp())
        late, last = connection.execute(query, (counted, limit)).fetchone()
        if late:
            notes.put(_UPTO, str(last))
            deviations.add(Occurrence("late", "unconfirmed", late))
    return int(late)
