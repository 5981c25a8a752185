"""How the radio is, for health: a code of the catalogue, and what was counted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.transport.ble.errors import STARTING


@dataclass(frozen=True, slots=True)
class RadioState:
    """`code`: `ready`, or the reason why not (a key of the catalogue).

    `since` is the monotonic time of the last change of code, `last_advertisement_s` the age of the last advertisement
    of anything (None: none yet), `connections` how many devices are connected now, `unprimed` how many bonded devices
    could lose a reading at their next connection if they send unasked. `warnings` are codes of what is wrong although
    the radio works.
    """

    code: str
    since: float
    last_advertisement_s: float | None
    connections: int
    unprimed: int
    warnings: tuple[str, ...]
    counters: Mapping[str, int]


class Condition:
    """The code as it changes; `on_change` is called when it does, and only then."""

    def __init__(self, monotonic: Callable[[], float], on_change: Callable[[], None]) -> None:
        self.code = STARTING
        self.since = monotonic()
        self._monotonic = monotonic
        self._on_change = on_change

    def report(self, code: str) -> None:
        """The radio was found in this state."""
        if code != self.code:
            self.code, self.since = code, self._monotonic()
            self._on_change()
