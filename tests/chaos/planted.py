"""Defects of the kinds that lose readings in the field, planted one at a time: the suite is worth what it catches.

Each is a change to the running daemon, made in `tests.chaos.driven`; `by` names the faults that bring it to light.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway import daemon, dating, forwarder, making, store
from gateway.keeping import Draft, Kept
from gateway.store import database
from gateway.store.outbox import Outbox, Row
from tests.chaos.witness import Manner


@dataclass(frozen=True)
class Defect:
    """What is wrong, how it is planted, and the faults under which it must show: name to (begin, duration) in seconds
    after the first line. `shows`: how the judge begins to say so. `manner`: of the receiver."""

    what: str
    plant: Callable[[], None]
    by: Mapping[str, tuple[float, float]]
    shows: tuple[str, ...]
    manner: Manner = "honest"

    def shown(self, faults: Sequence[str]) -> bool:
        """Whether the judge has named it; anything else that went wrong does not count."""
        return any(line.startswith(self.shows) for line in faults)


def patch(owner: Any, name: str, new: Any) -> None:
    """Replaces a part that must be there."""
    assert hasattr(owner, name)
    setattr(owner, name, new)


def _ack_before_commit() -> None:
    keep, waiting = store.Store.keep, list[Draft]()

    def write(self: store.Store) -> None:
        self.outbox.last_seq -= len(waiting)
        keep(self, waiting)
        waiting.clear()

    def keep_later(self: store.Store, drafts: Sequence[Draft]) -> list[Kept]:
        if not waiting:
            asyncio.get_running_loop().call_later(0.2, write, self)
        waiting.extend(drafts)
        first, self.outbox.last_seq = self.outbox.last_seq + 1, self.outbox.last_seq + len(drafts)
        return [Kept(draft.reading.id, first + number) for number, draft in enumerate(drafts)]

    patch(store.Store, "keep", keep_later)


def _delete_on_puback() -> None:
    made = forwarder.Forwarder

    def careless(*args: Any, **named: Any) -> forwarder.Forwarder:
        return made(*args, **{**named, "confirm": "broker"})

    patch(daemon, "Forwarder", careless)


def _wall_clock_order() -> None:
    in_order = Outbox.waiting

    def waiting(self: Outbox, after: int, upto: int, _limit: int) -> list[Row]:
        stored_at = dict(self._connection.execute("SELECT seq, stored_at FROM reading").fetchall())
        return sorted(in_order(self, after, upto, 2**30), key=lambda row: stored_at[row.seq])

    patch(Outbox, "waiting", waiting)


def _seq_outside() -> None:
    keep, opened = store.Store.keep, store.Store.__init__

    def keep_counted(self: store.Store, drafts: Sequence[Draft]) -> list[Kept]:
        counted = self.outbox.last_seq + len(drafts)
        with database.transaction(self._connection):
            self._connection.execute("INSERT OR REPLACE INTO fact (name, value) VALUES ('seq', ?)", (str(counted),))
        return keep(self, drafts)

    def open_counted(self: store.Store, *args: Any) -> None:
        opened(self, *args)
        row = self._connection.execute("SELECT value FROM fact WHERE name = 'seq'").fetchone()
        self.outbox.last_seq = max(self.outbox.last_seq, int(row[0]) if row else 0)

    patch(store.Store, "keep", keep_counted)
    patch(store.Store, "__init__", open_counted)


def _any_clock() -> None:
    patch(dating, "believed", lambda *_: "synchronised")


def _time_as_name() -> None:
    patch(making, "_record_key", lambda _measurement, first: f"{round(first.moment.monotonic)}")


DEFECTS: Mapping[str, Defect] = {
    "ack-before-commit": Defect(
        "a reading is called stored before its commit",
        _ack_before_commit,
        {"kill": (0.8, 0.6)},
        ("lost: seq", "two ids:"),
    ),
    "delete-on-puback": Defect(
        "the broker's word releases, though the receiver's is asked for",
        _delete_on_puback,
        {"broker-emptied": (0.8, 0.5)},
        ("lost: seq",),
        "away",
    ),
    "wall-clock-order": Defect(
        "what waits is sent in the order of the wall clock",
        _wall_clock_order,
        {"cut": (0.2, 1.3), "clock-unchecked": (0.5, 0.4)},
        ("out of order:",),
    ),
    "seq-outside": Defect(
        "the place in the sequence is counted outside the reading's transaction",
        _seq_outside,
        {"kill@insert.before": (0.1, 3.0)},
        ("gap:",),
    ),
    "any-clock": Defect(
        "the hub's clock is believed, whatever the kernel says of it",
        _any_clock,
        {"clock-ahead": (0.3, 0.8)},
        ("false time:",),
    ),
    "time-as-name": Defect(
        "readings of the same second are one", _time_as_name, {"blink": (0.5, 0.5)}, ("lost: line",)
    ),
}
