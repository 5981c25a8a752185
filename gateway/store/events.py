"""Events that nobody has been told of yet: they wait here until a broker has them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.store.database import Medium, mapped, transaction

_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class EventRow:
    """One of them: its number here, its type (the topic's last word) and its message."""

    number: int
    type: str
    document: Mapping[str, object]


class Events:
    """All writes are durable on return, or with the caller's transaction."""

    def __init__(self, connection: Medium) -> None:
        self._connection = connection
        # Called when there is something new; whoever tells of events sets it.
        self.stirred: Callable[[], None] = _nobody

    def add(self, document: Mapping[str, object], name: str | None = None) -> None:
        """Tells of what happened, as soon as there is a broker; `name` is its type, by default the document's."""
        with transaction(self._connection):
            self._connection.execute(
                "INSERT INTO event (type, document) VALUES (?, ?)",
                (name or document["type"], json.dumps(document, ensure_ascii=False)),
            )
        self.stirred()

    def waiting(self) -> list[EventRow]:
        """The oldest few, in order."""
        query = "SELECT number, type, document FROM event ORDER BY number LIMIT ?"
        with mapped():
            rows = self._connection.execute(query, (_AT_ONCE,)).fetchall()
        return [EventRow(number, name, json.loads(document)) for number, name, document in rows]

    def done(self, number: int) -> None:
        """The broker has it, or it can never be told."""
        with transaction(self._connection):
            self._connection.execute("DELETE FROM event WHERE number = ?", (number,))


def _nobody() -> None:
    """Where nobody tells of events."""
