"""The messages of one connection that the broker has not acknowledged: those sent, and those waiting in line."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from gateway.errors import GatewayError, TransientError, UnsendableError
from gateway.uplink.properties import Packed

_LINE_LIMIT = 1000
# A message may wait longer than the deadline while others are acknowledged (a narrow link), but not for ever.
_PATIENCE = 6


@dataclass(slots=True, eq=False)
class Sending:
    """One message; `done` resolves when the broker has acknowledged it. `size` is that of the packet, in bytes."""

    topic: str
    payload: bytes
    done: asyncio.Future[None]
    retain: bool = False
    properties: Packed | None = None
    size: int = 0
    sent_at: float = field(default=0.0, init=False)

    def resolve(self) -> None:
        """The broker has it."""
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, error: GatewayError) -> None:
        """It will not be sent, or nobody knows whether it arrived."""
        if not self.done.done():
            self.done.set_exception(error)
            self.done.exception()  # marks it as seen: whoever does not ask does not want to know


class Window:
    """At most `size` messages on the way, at most 1000 in line behind them, all in the order of `add`.

    `timeout_s`: how long the broker may acknowledge nothing; `now` gives monotonic seconds.
    """

    def __init__(self, size: int, max_packet: int, timeout_s: float, now: Callable[[], float]) -> None:
        self._size = size
        self._max_packet = max_packet
        self._timeout_s = timeout_s
        self._now = now
        self._flying: OrderedDict[int, Sending] = OrderedDict()
        self._line: deque[Sending] = deque()
        self._progress_at = 0.0

    def __len__(self) -> int:
        """Messages on the way or in line."""
        return len(self._flying) + len(self._line)

    @property
    def waits(self) -> bool:
        """Whether a message is in line."""
        return bool(self._line)

    def narrow(self, receive_maximum: int | None, max_packet: int | None) -> None:
        """The broker's own limits; they count where they are smaller."""
        self._size = min(self._size, receive_maximum or self._size)
        self._max_packet = min(self._max_packet, max_packet or self._max_packet)

    def add(self, sending: Sending) -> None:
        """Puts a message in line, or fails it at once: too large for the broker, or too many waiting."""
        if sending.size > self._max_packet:
            sending.fail(UnsendableError("mqtt-packet-too-large", f"{sending.size} of {self._max_packet} bytes"))
        elif len(self._line) >= _LINE_LIMIT:
            sending.fail(TransientError("uplink-line-full", f"{_LINE_LIMIT} messages wait"))
        else:
            self._line.append(sending)

    def ready(self) -> Iterator[Sending]:
        """Takes out of the line what may be sent now; the caller reports each that is sent with `sent`."""
        while self._line and len(self._flying) < self._size:
            sending = self._line.popleft()
            if not sending.done.done():
                yield sending

    def sent(self, number: int, sending: Sending) -> None:
        """The message is on the way under this packet number."""
        sending.sent_at = self._now()
        if not self._flying:
            self._progress_at = sending.sent_at
        self._flying[number] = sending

    def landed(self, number: int) -> Sending | None:
        """The broker answered to this number; None for a number that is not on the way."""
        self._progress_at = self._now()
        return self._flying.pop(number, None)

    def patience(self) -> float | None:
        """Seconds until the broker has been silent for too long; None while nothing is on the way."""
        if not self._flying:
            return None
        oldest = next(iter(self._flying.values())).sent_at
        deadline = min(self._progress_at + self._timeout_s, oldest + _PATIENCE * self._timeout_s)
        return deadline - self._now()

    def fail_largest(self, error: GatewayError) -> None:
        """The broker hung up over a size: of what is on the way, only the largest can be meant."""
        if self._flying:
            max(self._flying.values(), key=lambda sending: sending.size).fail(error)

    def fail_all(self, error: GatewayError) -> None:
        """The connection is over."""
        for sending in (*self._flying.values(), *self._line):
            sending.fail(error)
        self._flying.clear()
        self._line.clear()
