"""A link as a driver's conversation sees it."""

import asyncio
from collections.abc import Callable

from drivers.api import Done, Refused, TimedOut, Value
from gateway.transport.ble.errors import AttRefusedError
from gateway.transport.ble.link import Link

# What nobody has asked for yet: beyond this the oldest is given up, since the last answer is the one that ends things.
_ANSWERS = 256


class Talking:
    """What `gateway.transport.dialogue` plays a conversation over."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._answers: asyncio.Queue[Value] = asyncio.Queue(_ANSWERS)

    def taker(self, uuid: str) -> Callable[[bytes], None]:
        """Takes the values of a control characteristic."""

        def take(data: bytes) -> None:
            if self._answers.full():
                self._answers.get_nowait()
            self._answers.put_nowait(Value(uuid, data))

        return take

    async def write(self, channel: str, data: bytes, response: bool) -> Done | Refused:
        """Writes a characteristic; `Refused` when the device says no or has none such."""
        try:
            await self._link.write(channel, data, response)
        except AttRefusedError as error:
            return Refused(error.code)
        return Done()

    async def read(self, channel: str) -> Value | Refused:
        """Reads a characteristic; `Refused` when the device says no or has none such."""
        try:
            return Value(channel, await self._link.read(channel))
        except AttRefusedError as error:
            return Refused(error.code)

    async def next_value(self, seconds: float) -> Value | TimedOut:
        """The next answer on a control characteristic."""
        try:
            return await self._link.hear(self._answers, seconds)
        except TimeoutError:
            return TimedOut()
