"""The one way out: everything that is published passes the guard; what it refuses is not sent.

A retained document that the broker refused rests for a while: some brokers hang up after each refusal, and a document
told at every connection would then keep all readings from going out.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Protocol

from gateway.errors import UnsendableError
from gateway.screening import REASON, screen

# What health says while documents rest.
DOCUMENT_REFUSED: Final = "mqtt-document-refused"
_REST_S = 900.0


class Publish(Protocol):
    """The uplink, as this part sees it."""

    def __call__(
        self, topic: str, payload: bytes, *, retain: bool = False, properties: Mapping[str, str] | None = None
    ) -> asyncio.Future[None]:
        """Resolves when the broker has it."""
        ...


class Egress:
    """Publishes what may leave the hub."""

    def __init__(self, publish: Publish, withheld: Callable[[str, str], None], monotonic: Callable[[], float]) -> None:
        """`withheld(topic, place)` hears of every message that the guard refuses; `place` says what and where."""
        self._publish, self._withheld, self._monotonic = publish, withheld, monotonic
        self._resting: dict[str, tuple[float, UnsendableError]] = {}

    @property
    def refused(self) -> list[str]:
        """The topics of the retained documents that the broker lately refused."""
        return sorted(topic for topic, (until, _why) in self._resting.items() if until > self._monotonic())

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, properties: Mapping[str, str] | None = None
    ) -> asyncio.Future[None]:
        """As the uplink; UnsendableError in the future for a message that points to a person, or rests."""
        place = screen(topic, payload)
        if place is not None:
            self._withheld(topic, place)
            return _failed(UnsendableError(REASON, place))
        until, why = self._resting.get(topic, (0.0, None))
        if why is not None and retain and until > self._monotonic():
            return _failed(why)
        answer = self._publish(topic, payload, retain=retain, properties=properties)
        if retain:
            answer.add_done_callback(partial(self._answered, topic))
        return answer

    def _answered(self, topic: str, answer: asyncio.Future[None]) -> None:
        error = None if answer.cancelled() else answer.exception()
        if isinstance(error, UnsendableError):
            self._resting[topic] = self._monotonic() + _REST_S, error
        elif error is None:
            self._resting.pop(topic, None)


def _failed(error: UnsendableError) -> asyncio.Future[None]:
    """An answer that nobody need look at."""
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    answer.set_exception(error)
    answer.exception()
    return answer
