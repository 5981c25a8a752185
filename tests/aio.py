"""Running coroutines in tests: a deadline for each, and waiting for conditions instead of sleeping for luck."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(coro: Coroutine[Any, Any, T], timeout: float = 20.0) -> T:
    """Runs a coroutine to its end on a loop of its own; TimeoutError after `timeout` seconds.

    A failure that the loop would only have logged (a raising callback, an exception nobody fetched) fails the test.
    """
    reported: list[dict[str, Any]] = []

    async def main() -> T:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context))
        async with asyncio.timeout(timeout):
            return await coro

    result = asyncio.run(main())
    assert not reported, reported
    return result


async def until(condition: Callable[[], object], within: float = 10.0, step: float = 0.005) -> None:
    """Waits until `condition` holds; AssertionError after `within` seconds."""
    deadline = asyncio.get_running_loop().time() + within
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "the condition did not come true in time"
        await asyncio.sleep(step)
