"""The one way out: everything that is published passes the guard; what it refuses is not sent."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from gateway.errors import UnsendableError
from gateway.screening import REASON, screen


class Publish(Protocol):
    """The uplink, as this part sees it."""

    def __call__(
        self, topic: str, payload: bytes, *, retain: bool = False, properties: Mapping[str, str] | None = None
    ) -> asyncio.Future[None]:
        """Resolves when the broker has it."""
        ...


class Egress:
    """Publishes what may leave the hub."""

    def __init__(self, publish: Publish, refused: Callable[[str, str], None]) -> None:
        """`refused(topic, place)` hears of every message that is not sent; `place` names what and where, no text."""
        self._publish, self._refused = publish, refused

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, properties: Mapping[str, str] | None = None
    ) -> asyncio.Future[None]:
        """As the uplink; UnsendableError in the future for a message that points to a person."""
        place = screen(topic, payload)
        if place is None:
            return self._publish(topic, payload, retain=retain, properties=properties)
        # Nobody need look at the answer.
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answer.set_exception(UnsendableError(REASON, place))
        answer.exception()
        self._refused(topic, place)
        return answer
