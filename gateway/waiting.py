"""Waiting for something to happen, but not for ever."""

import asyncio

from gateway.env import Env


async def woken(event: asyncio.Event, env: Env, seconds: float) -> None:
    """Returns when `event` is set or `seconds` have passed; the event is cleared."""
    if event.is_set():
        # Nothing to wait for; the others have their turn all the same.
        await asyncio.sleep(0)
    else:
        sleeper = asyncio.ensure_future(_set_later(event, env, seconds))
        try:
            await event.wait()
        finally:
            sleeper.cancel()
    event.clear()


async def _set_later(event: asyncio.Event, env: Env, seconds: float) -> None:
    await env.sleep(seconds)
    event.set()
