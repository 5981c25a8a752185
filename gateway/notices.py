"""Notice of an assignment's end, three days before and when it comes; and the end of a pause."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from gateway.assignments import Assignment, due, resume, unfinished
from gateway.audit import When
from gateway.deviation import event
from gateway.env import Env, known_time
from gateway.reading import instant_text

_LOOK_S = 20.0
_NOTICES = {1: "ending", 2: "ended"}


class Book(Protocol):
    """The store as this part sees it."""

    def all(self) -> tuple[Assignment, ...]:
        """All assignments."""
        ...

    def save(self, one: Assignment) -> None:
        """Keeps one."""
        ...


class Notices:
    """Watches the end of the assignment that is not finished; each notice is given once."""

    def __init__(
        self,
        book: Book,
        together: Callable[[], AbstractContextManager[object]],
        tell: Callable[[Mapping[str, object]], None],
        env: Env,
        zone: ZoneInfo,
        note: Callable[[str, Mapping[str, object]], None],
    ) -> None:
        """`tell` keeps an event until a broker has it; `together` makes one transaction; `note` hears for the log."""
        self._book, self._together, self._tell = book, together, tell
        self._env, self._zone, self._note = env, zone, note
        self._one: Assignment | None = None
        self.reload()

    def reload(self) -> None:
        """Somebody decided something."""
        self._one = unfinished(self._book.all())

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.look()
            await self._env.sleep(_LOOK_S)

    def look(self) -> None:
        """Gives the notice that is due, if one is."""
        one, now = self._one, known_time(self._env)
        if one is None or now is None:
            return
        told = due(one, now, self._zone)
        if told > one.told:
            # A hub that was off tells the latest only.
            self._give(replace(one, told=told), _NOTICES[told], now)
        elif one.paused_until is not None and now.astimezone(self._zone).date() >= one.paused_until:
            self._give(resume(one), "resumed", now)

    def _give(self, one: Assignment, what: str, now: datetime) -> None:
        end = instant_text(one.end.astimezone(self._zone)) if one.end is not None else None
        fields = {"what": what, "assignment": one.id, "end": end}
        with self._together():
            self._book.save(one)
            self._tell(event("assign", When(now, self._env.boot_id, self._env.monotonic()), fields))
        self._one = one
        self._note(f"assignment.{what}", {"assignment": one.id, "end": end})
