"""Owns every task: starts them, starts them again when they fail, stops them in order."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from gateway.backoff import TASK
from gateway.env import Env
from gateway.errors import GatewayError

# A task that ran this long without a fault begins again with short waits.
_STEADY_S = 300.0

Note = Callable[[str, Mapping[str, object]], None]


class Supervisor:
    """Runs named tasks for ever. A fault in one never touches another.

    Tasks stop in the reverse order of `start`, each given its time to end.
    """

    def __init__(self, env: Env, note: Note) -> None:
        """`note(event, fields)` hears of every task that failed."""
        self._env, self._note = env, note
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.failures: dict[str, int] = {}

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Starts `work` and keeps it running; a fault, or an end nobody asked for, starts it again after a wait."""
        self._tasks[name] = asyncio.create_task(self._keep(name, work), name=name)

    async def stop(self, deadline_s: float) -> list[str]:
        """Cancels all tasks, the last started first; gives the names of those that did not end in time."""
        late: list[str] = []
        end = self._env.monotonic() + deadline_s
        for name, task in reversed(self._tasks.items()):
            task.cancel()
            _done, pending = await asyncio.wait({task}, timeout=max(0.1, end - self._env.monotonic()))
            if pending:
                late.append(name)
        self._tasks.clear()
        return late

    async def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        failures = 0
        while True:
            began = self._env.monotonic()
            await self._once(name, work)
            failures = 1 if self._env.monotonic() - began > _STEADY_S else failures + 1
            self.failures[name] = self.failures.get(name, 0) + 1
            await self._env.sleep(TASK.wait_s(failures, self._env.jitter()))

    async def _once(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.ensure_future(work())
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
            self._report(name, task, wanted=True)
            raise
        self._report(name, task, wanted=False)

    def _report(self, name: str, task: "asyncio.Future[None]", *, wanted: bool) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            reason = {"reason": error.reason} if isinstance(error, GatewayError) else {}
            self._note("task.failed", {"task": name, "error": type(error).__name__, **reason, "detail": str(error)})
        elif not wanted:
            self._note("task.ended", {"task": name})
