"""Waiting for something to happen, but not for ever."""

import asyncio

from gateway.env import Env


async def woken(event: asyncio.Event, env: Env, seconds: float) -> None:
    """Returns when `event` is set or `seconds` have passed; the event is cleared."""
    waiter = asyncio.ensure_future(event.wait())
    sleeper = asyncio.ensure_future(env.sleep(seconds))
    try:
        await asyncio.wait({waiter, sleeper}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiter.cancel()
        sleeper.cancel()
    event.clear()
