"""Voids: what is said of places in the sequence for which nothing will come. Pure."""

import json
from collections.abc import Iterable
from itertools import islice

from gateway.ack import Range

# Why a place is void that the receiver asks for after it has confirmed it.
RELEASED = "released"

# The receiver asks again for what is beyond.
_MOST_OWED = 1000


def render_void(hub: str, epoch: str, first: int, last: int, reason: str) -> str:
    """JSON text of `dho.void/1`: these places will not be delivered."""
    table = {"schema": "dho.void/1", "hub": hub, "epoch": epoch, "from": first, "to": last, "reason": reason}
    return json.dumps(table, separators=(",", ":"))


class Answers:
    """Stretches the receiver asked for that are void: each is owed until a broker has it.

    A restart forgets them, and the receiver asks again.
    """

    def __init__(self) -> None:
        self._on_the_way: dict[Range, bool] = {}

    def owe(self, ranges: Iterable[Range]) -> None:
        """These were asked for; those on the way already are not told twice."""
        for stretch in ranges:
            if len(self._on_the_way) < _MOST_OWED:
                self._on_the_way.setdefault(stretch, False)

    def due(self, window: int) -> list[Range]:
        """What to send now, from the oldest, with at most `window` on the way; it counts as on the way."""
        due = [stretch for stretch, sent in islice(self._on_the_way.items(), window) if not sent]
        self._on_the_way.update(dict.fromkeys(due, True))
        return due

    def told(self, stretch: Range) -> None:
        """A broker has it, or never will."""
        self._on_the_way.pop(stretch, None)

    def lost(self, stretch: Range) -> None:
        """It did not come through: it is due again."""
        self._on_the_way[stretch] = False
