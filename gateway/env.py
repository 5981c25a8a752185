"""The clock, the dice and the identity of this boot: made once, handed down, replaced in tests.

The only module that imports time, random or uuid.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Literal

from gateway.hub_clock import read_hub_clock

HubClock = Literal["synchronised", "rtc", "unsynchronised"]


@dataclass(frozen=True, slots=True)
class Env:
    """What the rest of the daemon may know of the world.

    `now` is aware UTC, for stamping; `monotonic` is seconds since some point in this boot, for waiting and ordering;
    `boot_id` tells boots apart; `jitter` gives a number in [0, 1); `hub_clock` says how far `now` is to be trusted.
    """

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    boot_id: str
    sleep: Callable[[float], Awaitable[None]]
    new_id: Callable[[], str]
    jitter: Callable[[], float]
    hub_clock: Callable[[], HubClock]


def real_env() -> Env:
    """The real world."""
    return Env(
        now=lambda: datetime.now(UTC),
        # CLOCK_BOOTTIME goes on while the machine sleeps, so waits and ages stay true over a suspend.
        monotonic=lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
        boot_id=_boot_id(),
        sleep=asyncio.sleep,
        new_id=lambda: uuid.uuid4().hex,
        jitter=random.random,
        hub_clock=read_hub_clock,
    )


def wall_clock(env: Env) -> tuple[datetime, HubClock]:
    """Wall time (aware UTC), and how far it is to be trusted; a clock that is set while it is read is not."""
    before = env.hub_clock()
    now = env.now()
    return now, before if env.hub_clock() == before else "unsynchronised"


def known_time(env: Env) -> datetime | None:
    """Wall time (aware UTC), None while the hub does not know it: no document carries a false date."""
    now, state = wall_clock(env)
    return None if state == "unsynchronised" else now


def local_time(env: Env, zone: tzinfo) -> datetime | None:
    """Wall time in that zone (naive), None while the hub does not know it."""
    now = known_time(env)
    return now and now.astimezone(zone).replace(tzinfo=None)


def dice(seed: int | None = None) -> random.Random:
    """Dice for what only simulates; from `seed` the same throws come again."""
    return random.Random(seed)  # noqa: S311  # nothing secret is made of it


def _boot_id() -> str:
    try:
        text = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except OSError:
        text = uuid.uuid4().hex
    return text.strip().replace("-", "")[:12]
