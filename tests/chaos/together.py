"""Rounds mostly wait, so those of one module are played at the same time; each test then looks at its own."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

_AT_ONCE = 5


@dataclass(frozen=True)
class Together:
    """What is being played, by the value of the parameter that asks for it."""

    _played: dict[Any, "Future[Any]"]

    def __call__(self, asked: Any) -> Any:
        """Waits for it; raises what it raised, a skip too."""
        return self._played[asked].result()

    def wait_until_done(self) -> None:
        """From now on none of them takes the caller's time."""
        for played in self._played.values():
            played.exception()


@contextlib.contextmanager
def together(request: pytest.FixtureRequest, parameter: str, play: Callable[[Any], Any]) -> Iterator[Together]:
    """Begins `play` with each value of this parameter that a selected test of the module has, a few at a time."""
    specs = [getattr(item, "callspec", None) for item in request.session.items if item.path == request.path]
    asked = dict.fromkeys(spec.params[parameter] for spec in specs if spec and parameter in spec.params)
    with ThreadPoolExecutor(_AT_ONCE, "chaos") as pool:
        played = {value: pool.submit(play, value) for value in asked}
        try:
            yield Together(played)
        finally:
            for one in played.values():
                one.cancel()
