"""A world for tests: a clock that moves only when a test lets time pass, counted ids, fixed dice, a settable hub clock.

`World.advance` wakes sleepers one by one at their own moments and lets everything that follows happen in between, so a
month passes in milliseconds and always in the same order.
"""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from itertools import count

from gateway.env import Env, HubClock

START = datetime(2026, 1, 12, 6, 41, 15, 204_000, tzinfo=UTC)

_MOST_ROUNDS = 20_000


async def settle() -> None:
    """Returns when everything that can go on without time or input has gone on; what never rests is a fault."""
    loop = asyncio.get_running_loop()
    rounds = 0
    await asyncio.sleep(0)
    while loop._ready:  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        rounds += 1
        assert rounds < _MOST_ROUNDS, "something goes round and round without waiting"


class World:
    """Time, chance and identity, in the test's hand."""

    def __init__(self, start: datetime = START, *, monotonic: float = 1000.0, boot: str = "7c9e1f") -> None:
        self.utc = start
        self.monotonic = monotonic
        self.boot = boot
        self.dice = 0.0
        self.clock: HubClock = "synchronised"
        self._ids = count(1)
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    @property
    def env(self) -> Env:
        """This world as the daemon sees it in this boot."""
        return Env(
            now=lambda: self.utc,
            monotonic=lambda: self.monotonic,
            boot_id=self.boot,
            sleep=self._sleep,
            new_id=lambda: f"id-{next(self._ids)}",
            jitter=lambda: self.dice,
            hub_clock=lambda: self.clock,
        )

    async def advance(self, seconds: float) -> None:
        """Lets time pass."""
        end = self.monotonic + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _order, sleeper = heapq.heappop(self._sleepers)
            self._move(at)
            if not sleeper.done():
                sleeper.set_result(None)
                await settle()
        self._move(end)

    def set_clock(self, utc: datetime, state: HubClock = "synchronised") -> None:
        """Somebody sets the hub's wall clock; no time passes."""
        self.utc, self.clock = utc, state

    def reboot(self, boot: str, *, off_s: float = 60.0, up_s: float = 20.0) -> None:
        """The machine was off for a while and has been up for `up_s`: the monotonic clock begins anew."""
        self.utc += timedelta(seconds=off_s + up_s)
        self.monotonic, self.boot = up_s, boot
        self._sleepers.clear()

    def _move(self, monotonic: float) -> None:
        self.utc += timedelta(seconds=monotonic - self.monotonic)
        self.monotonic = monotonic

    async def _sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.monotonic + seconds, next(self._order), sleeper))
        await sleeper
