"""Messages that are said again until a broker has them, in no hurry."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """What must be said (None: the retained message there is cleared). `key` names it while it is on its way; `told` is
    called once the broker has it."""

    key: str
    topic: str
    document: Mapping[str, object] | None
    told: Callable[[], None]
    retain: bool = False


class Publish(Protocol):
    """Sends a message."""

    def __call__(self, topic: str, document: Mapping[str, object] | None, *, retain: bool) -> "asyncio.Future[None]":
        """Resolves when the broker has it."""
        ...


class Insistence:
    """Says what its sources give, each message once at a time. Call `say` now and then, while connected."""

    def __init__(self, publish: Publish, *sources: Callable[[], Iterable[Message]]) -> None:
        self._publish, self._sources = publish, sources
        self._on_the_way: set[str] = set()

    def say(self) -> None:
        """Sends what is due and not on its way."""
        for source in self._sources:
            for message in source():
                if message.key not in self._on_the_way:
                    self._on_the_way.add(message.key)
                    sent = self._publish(message.topic, message.document, retain=message.retain)
                    sent.add_done_callback(partial(self._answered, message))

    def _answered(self, message: Message, sent: "asyncio.Future[None]") -> None:
        self._on_the_way.discard(message.key)
        if not sent.cancelled() and sent.exception() is None:
            message.told()
