"""Deadlines that hold even when what they bound lingers over being cancelled.

bleak tidies up over D-Bus when it is cancelled, and waits for the answers; with a hung bluetoothd none come.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

GRACE_S = 0.4


class StoppedError(Exception):
    """What was waited for became pointless."""


async def within(seconds: float, work: Coroutine[Any, Any, T], stop: asyncio.Event | None = None) -> T:
    """Runs `work` for at most `seconds`; TimeoutError after that, StoppedError as soon as `stop` is set.

    Work that is given up is cancelled, twice if need be, and left behind if it does not end even then.
    """
    task = asyncio.ensure_future(work)
    stopped = None if stop is None else asyncio.ensure_future(stop.wait())
    waited = {task} if stopped is None else {task, stopped}
    try:
        await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        if stopped is not None and stopped.done():
            raise StoppedError
        raise TimeoutError
    finally:
        if stopped is not None:
            stopped.cancel()
        await end(task)


async def end(task: asyncio.Task[Any]) -> None:
    """Cancels a task and waits for its end, but not for ever; what it raises then is of no interest."""
    for _ in range(2):
        if task.done():
            break
        task.cancel()
        await asyncio.wait({task}, timeout=GRACE_S)
    task.add_done_callback(_forget)


def _forget(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
