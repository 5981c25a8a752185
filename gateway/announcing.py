"""Tells of events that wait in the store, each until a broker has it; and notices readings that have become late."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from gateway.env import Env
from gateway.errors import TransientError, UnsendableError
from gateway.waiting import woken

_LOOK_S = 60.0


class Waiting(Protocol):
    """An event that waits."""

    @property
    def number(self) -> int:
        """Its number in the store."""
        ...

    @property
    def type(self) -> str:
        """The last word of its topic."""
        ...

    @property
    def document(self) -> Mapping[str, object]:
        """Its message."""
        ...


class EventsView(Protocol):
    """The events in the store, as this part sees them."""

    stirred: Callable[[], None]

    def waiting(self) -> Sequence[Waiting]:
        """The oldest few, in order."""
        ...

    def done(self, number: int) -> None:
        """A broker has it, or it can never be told."""
        ...


class Announcer:
    """Publishes events in their order, one after the other."""

    def __init__(
        self,
        events: EventsView,
        publish: Callable[[str, Mapping[str, object]], asyncio.Future[None]],
        look: Callable[[], object],
        env: Env,
    ) -> None:
        """`publish(type, document)` resolves when a broker has it; `look` is called once a minute."""
        self._events, self._publish, self._look, self._env = events, publish, look, env
        self._connected = False
        self._wake = asyncio.Event()
        events.stirred = self._wake.set

    def connected(self) -> None:
        """There is a broker."""
        self._connected = True
        self._wake.set()

    def disconnected(self) -> None:
        """There is none."""
        self._connected = False

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await woken(self._wake, self._env, _LOOK_S)
            self._look()
            await self._tell_all()

    async def _tell_all(self) -> None:
        while self._connected and (waiting := self._events.waiting()):
            for one in waiting:
                try:
                    await self._publish(one.type, one.document)
                except UnsendableError:
                    # Nobody will ever take this message; what happened is in the audit log.
                    self._events.done(one.number)
                except TransientError:
                    # The next connection or the next look brings it.
                    return
                else:
                    self._events.done(one.number)
