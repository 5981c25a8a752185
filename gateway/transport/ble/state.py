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
    the radio works. `rung` is the highest remedy taken in the present trouble (None: none was needed).
    """

    code: str
    since: float
    last_advertisement_s: float | None
    connections: int
    unprimed: int
    warnings: tuple[str, ...]
    rung: str | None
    counters: Mapping[str, int]


class Condition:
    """The code as it changes; `on_change` is called when it or the rung does, and only then."""

    def __init__(self, monotonic: Callable[[], float], on_change: Callable[[], None]) -> None:
        self.code = STARTING
        self.rung: str | None = None
        self.since = monotonic()
        self._reported = STARTING
        self._overruled: str | None = None
        self._monotonic = monotonic
        self._on_change = on_change

    def report(self, code: str) -> None:
        """What the scanner finds."""
        self._reported = code
        self._show(self.rung)

    def overrule(self, code: str | None, rung: str | None) -> None:
        """What is known beyond the scanner: a better word for it (None: there is none), and the remedy taken."""
        self._overruled = code
        self._show(rung)

    def _show(self, rung: str | None) -> None:
        code = self._overruled or self._reported
        if (code, rung) == (self.code, self.rung):
            return
        if code != self.code:
            self.since = self._monotonic()
        self.code, self.rung = code, rung
        self._on_change()
