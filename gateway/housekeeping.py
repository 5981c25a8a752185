"""What the hub does for itself, in no hurry: sees to its store, raises alarms, proves its completeness once a day.

When the store refuses, nothing that waits is given up: collectors hold what comes in memory, devices that remember are
left alone, an alarm says so, and the store is tried again until it takes.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Protocol

from gateway import alarms
from gateway.env import Env, known_time
from gateway.errors import GatewayError
from gateway.insistence import Insistence, Message, Publish
from gateway.ledgers import Ledgers
from gateway.reading import instant_text
from gateway.topics import EVENT_SCHEMA, HubTopics
from gateway.waiting import woken

_LOOK_S = 5.0
_HOUR_S = 3600.0
# Ids of released readings that are still recognised when a device hands them over again: at 50 readings a day, five
# years. A small store keeps fewer, an eighth of it at most.
_IDS_KEPT = 100_000
_BYTES_PER_ID = 32
_IDS_SHARE = 8

Note = Callable[[str, Mapping[str, object]], None]


class StoreView(Protocol):
    """The store as this part sees it."""

    @property
    def trouble(self) -> str | None:
        """Why the last write was refused."""
        ...

    def probe(self) -> None:
        """Tries whether it takes."""
        ...

    def quarantined(self) -> list[str]:
        """Damaged databases that nobody has taken away yet."""
        ...

    def untold(self) -> dict[str, str]:
        """What was taken over from damaged databases, as JSON, by name; nobody has been told."""
        ...

    def told(self, name: str) -> None:
        """A broker has it."""
        ...

    def prune(self, kept: int) -> int:
        """Forgets some of the oldest ids beyond `kept`; gives how many."""
        ...


class Housekeeping:
    """Use on the event loop."""

    def __init__(
        self,
        store: StoreView,
        max_bytes: int,
        ledgers: Ledgers,
        topics: HubTopics,
        publish: Publish,
        env: Env,
        note: Note,
        others: Callable[[], list[str]] = list,
    ) -> None:
        """`others`: the alarms that other parts raise now."""
        self._others = others
        self._store, self.ledgers, self._topics, self._env, self._note = store, ledgers, topics, env, note
        self._kept = min(_IDS_KEPT, max_bytes // _IDS_SHARE // _BYTES_PER_ID)
        self._alarms = alarms.Alarms()
        self._saying = Insistence(publish, self._due_alarms, self._due_ledgers, self._due_events)
        self._connected = False
        self._prune_at = env.monotonic() + _HOUR_S
        self._trouble: str | None = None
        self._wake = asyncio.Event()

    def connected(self) -> None:
        """The uplink is up."""
        self._alarms.connected()
        self._connected = True
        self._wake.set()

    def disconnected(self) -> None:
        """The uplink is gone."""
        self._connected = False

    def hurry(self) -> None:
        """Something must be said now."""
        self._wake.set()

    def may_contact(self) -> bool:
        """Whether devices may be asked for what they remember: not while it could not be kept."""
        return self._store.trouble is None

    def codes(self) -> list[str]:
        """What is wrong, as keys of the catalogue."""
        damaged = [alarms.STORE_DAMAGED] if self._store.quarantined() else []
        return [self._store.trouble, *damaged] if self._store.trouble else damaged

    async def run(self) -> None:
        """Until cancelled."""
        for text in self._store.untold().values():
            self._note("store.quarantined", json.loads(text))
        while True:
            self._look()
            await woken(self._wake, self._env, _LOOK_S)

    def _look(self) -> None:
        self._see_to_store()
        if self._alarms.set([*self.codes(), *self._others()], self._env.boot_id, known_time(self._env)):
            self._note("alarms.changed", {"raised": self._alarms.raised})
        if self._env.monotonic() >= self._prune_at:
            self._prune()
        if self._connected:
            self._saying.say()

    def _see_to_store(self) -> None:
        """Tries one that refused whether it takes again: perhaps nobody else has anything to keep just now."""
        if self._store.trouble is not None:
            with suppress(GatewayError):
                self._store.probe()
        if self._store.trouble != self._trouble:
            self._trouble = self._store.trouble
            told = {"reason": self._trouble} if self._trouble else {}
            self._note("store.refused" if self._trouble else "store.accepted", told)

    def _prune(self) -> None:
        """Again at the next look while there is more, each time a little."""
        more = self._store.trouble is None and self._store.prune(self._kept) > 0
        self._prune_at = self._env.monotonic() + (0.0 if more else _HOUR_S)

    def _due_alarms(self) -> Iterator[Message]:
        for message in self._alarms.due():
            code, document = message
            told = partial(self._alarms.told, message)
            yield Message(f"alarm/{code}", self._topics.alarm(code), document, told, retain=True)

    def _due_ledgers(self) -> Iterator[Message]:
        for document in self.ledgers.waiting():
            told = partial(self.ledgers.told, document)
            yield Message(f"ledger/{id(document)}", self._topics.ledger, document, told)

    def _due_events(self) -> Iterator[Message]:
        for name, text in self._store.untold().items():
            at = known_time(self._env)
            head = {"schema": EVENT_SCHEMA, "type": "store-quarantined", "boot": self._env.boot_id}
            document = {**head, "at": None if at is None else instant_text(at), **json.loads(text)}
            topic = self._topics.event("store-quarantined")
            yield Message(f"event/{name}", topic, document, partial(self._store.told, name))
