"""What one session tells of its device: each thing once, in order, and never so that the teller falls."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

from gateway.errors import GatewayError, TransientError
from gateway.transport import Contact
from gateway.transport.ble.errors import FAULT


class Telling:
    """A `Contact` in front of another: `opened`, `clock` and `closed` reach it once, and `opened` before any value.

    `already` is the reason last told of this device: attempts that fail for the same one are not news.
    """

    def __init__(self, contact: Contact, monotonic: Callable[[], float], already: str | None = None) -> None:
        self._already = already
        self.came = asyncio.Event()
        self.values = 0
        self.last = 0.0
        self.is_open = False
        self.fault: GatewayError | None = None
        # Whether every value that came was taken.
        self.taken = True
        self._contact = contact
        self._monotonic = monotonic
        self._clocked = False

    def opened(self) -> None:
        """The device is connected and subscribed to."""
        if not self.is_open:
            self.is_open = True
            self.last = self._monotonic()
            self._contact.opened()

    def frame(self, channel: str, data: bytes) -> None:
        """A value came: it may do so before the subscription is answered. A fault in keeping it is noted."""
        self.opened()
        self.values += 1
        self.last = self._monotonic()
        self.came.set()
        try:
            self._contact.frame(channel, data)
        except GatewayError as error:
            self._not_taken(error)
        except Exception as error:  # noqa: BLE001 - the D-Bus reader calls us: what comes next must still be delivered
            self._not_taken(TransientError(FAULT, type(error).__name__))

    def facts(self, facts: Mapping[str, object]) -> None:
        """The device told of itself."""
        if facts:
            self._contact.facts(facts)

    def clock(self, device_time: datetime | None) -> None:
        """The device's clock, as first read."""
        if not self._clocked:
            self._clocked = True
            self._contact.clock(device_time)

    def closed(self, error: GatewayError | None) -> None:
        """The session is over: told if it was open, or if it never came to that for a reason."""
        if self.is_open:
            self.clock(None)
            self._contact.closed(error or self.fault)
        elif error is not None and error.reason != self._already:
            self._contact.closed(error)

    def cursor(self) -> int | None:
        """The highest record number kept."""
        return self._contact.cursor()

    def note(self, error: GatewayError) -> None:
        """A fault that does not end the session; the first is reported at its end."""
        self.fault = self.fault or error

    def _not_taken(self, error: GatewayError) -> None:
        self.taken = False
        self.note(error)
