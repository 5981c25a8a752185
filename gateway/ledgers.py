"""Ledgers on their way: one a day, and one for whoever asks; each is repeated until a broker has it."""

from collections.abc import Iterator
from typing import Protocol

from gateway.env import Env
from gateway.ledger import ledger

# The first one comes soon after the start, not at once: hubs that start together after an outage spread themselves.
_FIRST_S = (60.0, 600.0)
_DAY_S = 86_400.0
# Places in one ledger; of most hubs this is half a year. Told in few milliseconds, so that no reading waits for it.
MOST_PLACES = 10_000

Document = dict[str, object]


class PlacesView(Protocol):
    """The places given, as this part sees them."""

    def lines(self, first: int, last: int) -> Iterator[tuple[int, str | None]]:
        """(place, id) in order, None for the id of a void place."""
        ...

    def first(self) -> int:
        """The lowest place that is still known; 0 if there is none."""
        ...


class OutboxView(Protocol):
    """The outbox as this part sees it."""

    last_seq: int


class Ledgers:
    """Makes them, and knows which the broker does not have yet."""

    def __init__(self, places: PlacesView, outbox: OutboxView, hub: str, epoch: str, env: Env) -> None:
        self._places, self._outbox, self._hub, self._epoch, self._env = places, outbox, hub, epoch, env
        self._due_at = env.monotonic() + _FIRST_S[0] + env.jitter() * (_FIRST_S[1] - _FIRST_S[0])
        self._pending: list[Document] = []

    def make(self, first: int | None = None, last: int | None = None) -> Document | None:
        """The ledger of these places, by default of the newest; None if none of them was given or is still known.

        At most `MOST_PLACES`: from `first` on, or up to `last`.
        """
        high = min(last or self._outbox.last_seq, self._outbox.last_seq)
        low = max(first or high - MOST_PLACES + 1, self._places.first())
        high = min(high, low + MOST_PLACES - 1)
        if not 0 < low <= high:
            return None
        return ledger(self._hub, self._epoch, low, high, self._places.lines(low, high))

    def ask(self, first: int | None, last: int | None) -> Document | None:
        """As `make`, and it is sent."""
        document = self.make(first, last)
        if document is not None:
            self._pending.append(document)
        return document

    def waiting(self) -> list[Document]:
        """What the broker does not have yet; the daily one is made when its time has come."""
        if self._env.monotonic() >= self._due_at:
            self._due_at = self._env.monotonic() + _DAY_S
            # What an earlier one said, this one says too.
            self._pending.clear()
            self.ask(None, None)
        return list(self._pending)

    def told(self, document: Document) -> None:
        """The broker has it."""
        self._pending = [other for other in self._pending if other is not document]
