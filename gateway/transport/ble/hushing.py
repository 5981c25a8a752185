"""When a device is told to wait until it is asked again: a moment after its last indication."""

import asyncio
from collections.abc import Callable, Coroutine

from gateway.transport.ble.deadline import end


class Hushing:
    """Does `hush` once, `seconds` after the last indication, and not before it is allowed to."""

    def __init__(self, seconds: float, hush: Callable[[], Coroutine[None, None, bool]], *, at_once: bool) -> None:
        self._seconds = seconds
        self._hush = hush
        self._allowed = at_once
        self._indicated = False
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[bool] | None = None

    def indicated(self) -> None:
        """An indication came."""
        self._indicated = True
        self._wait()

    def allow(self) -> None:
        """Nothing more is asked of the device."""
        self._allowed = True
        if self._indicated:
            self._wait()

    async def end(self) -> None:
        """The link is down, or is given up."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            await end(self._task)

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._allowed:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._now)

    def _now(self) -> None:
        if self._task is None:
            self._task = asyncio.ensure_future(self._hush())
