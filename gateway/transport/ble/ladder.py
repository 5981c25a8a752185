"""The ladder of recovery: which remedy is due, told what is wrong and the time. Pure.

A home in which nothing advertises is normal, and no reason to climb. Silence is a trouble only where there used to be
none: when it has lasted many times longer than the longest pause ever heard here, after an hour of hearing much. Then
an adapter may have gone deaf without a word; the remedies for that stop before the reboot.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum


class Trouble(StrEnum):
    """What is wrong, as far as it can be seen."""

    SERVICE = "service"
    """BlueZ does not answer."""
    ADAPTER = "adapter"
    """BlueZ has no adapter, or not the wanted one."""
    OFF = "off"
    """The adapter is switched off, and nothing holds it so."""
    DEAF = "deaf"
    """The adapter refuses to scan, or stops by itself, again and again."""
    SILENT = "silent"
    """Nothing is heard where there was always something."""
    PERSON = "person"
    """Only a person can help: a switch, a permission."""


class Rung(StrEnum):
    """A remedy. A new scanner comes before all of them: that is the scanner's own doing."""

    POWER = "power"
    """The adapter is switched off and on."""
    SERVICE = "service"
    """The adapter is switched off and on once more, and the Bluetooth service is restarted."""
    REBOOT = "reboot"
    """The hub is restarted."""


# Seconds after the trouble began.
RUNGS: Mapping[Trouble, tuple[tuple[float, Rung], ...]] = {
    Trouble.SERVICE: ((30.0, Rung.SERVICE), (600.0, Rung.REBOOT)),
    Trouble.ADAPTER: ((60.0, Rung.SERVICE), (900.0, Rung.REBOOT)),
    Trouble.OFF: ((5.0, Rung.POWER), (120.0, Rung.SERVICE), (900.0, Rung.REBOOT)),
    Trouble.DEAF: ((0.0, Rung.POWER), (45.0, Rung.SERVICE), (600.0, Rung.REBOOT)),
    # A restart of the service costs the standing subscriptions until each device's next contact: tried late, and once.
    Trouble.SILENT: ((0.0, Rung.POWER), (900.0, Rung.SERVICE)),
    Trouble.PERSON: (),
}
# Enough has been heard to know how quiet it gets here.
_MUCH = 500
_LONG_S = 3600.0
_QUIET_S = 300.0
_TIMES = 5.0
# What is seen while another remedy works, or BlueZ starts, mostly passes.
_SEEN_S = 5.0
# A remedy gets this long to work, and well means well for this long where nothing advertises.
_SETTLE_S = 30.0
# All of it once more, seldom.
_AGAIN_S = 3600.0


class Ladder:
    """`pace` stretches or shortens all times; `allowed` are the rungs that may be taken."""

    def __init__(self, allowed: Collection[Rung], pace: float = 1.0) -> None:
        self.exhausted = False
        self._allowed = frozenset(allowed)
        self._pace = pace
        self._began: float | None = None
        self._kind: Trouble | None = None
        self._kind_since = 0.0
        self._well_since: float | None = None
        self._taken: set[Rung] = set()
        self._taken_at = float("-inf")

    @property
    def rung(self) -> Rung | None:
        """The highest that was taken in this trouble."""
        return next((r for r in reversed(Rung) if r in self._taken), None)

    def heard(self) -> None:
        """An advertisement: there is no trouble."""
        if self._began is not None:
            self._reset()

    def look(self, trouble: Trouble | None, now: float) -> Rung | None:
        """What to do now about what is wrong now."""
        if trouble is not self._kind:
            self._kind, self._kind_since = trouble, now
        if trouble is None:
            self._seems_well(now)
            return None
        self._well_since = None
        if self._began is None:
            self._began = now
        if now - self._taken_at < _SETTLE_S * self._pace:
            return None
        rungs = [(after, rung) for after, rung in RUNGS[trouble] if rung in self._allowed]
        due = [r for after, r in rungs if r not in self._taken and self._due(after, now)]
        if due:
            return self._take(due[0], now)
        if {r for _after, r in rungs} <= self._taken and self._taken:
            self._top(now)
        return None

    def _due(self, after: float, now: float) -> bool:
        began = now if self._began is None else self._began
        seen = now - self._kind_since >= min(after, _SEEN_S) * self._pace
        return seen and now - began >= after * self._pace

    def _take(self, rung: Rung, now: float) -> Rung:
        self._taken.add(rung)
        self._taken_at = now
        return rung

    def _top(self, now: float) -> None:
        self.exhausted = True
        if now - self._taken_at >= _AGAIN_S * self._pace:
            self._taken.clear()
            self._began = now

    def _seems_well(self, now: float) -> None:
        if self._began is None:
            return
        if self._well_since is None:
            self._well_since = now
        if now - self._well_since >= _SETTLE_S * self._pace:
            self._reset()

    def _reset(self) -> None:
        self.exhausted = False
        self._began = self._well_since = None
        self._taken.clear()
        self._taken_at = float("-inf")


class Silence:
    """How long nothing being heard is normal here. Times are monotonic seconds."""

    def __init__(self, pace: float = 1.0) -> None:
        self._pace = pace
        self._longest = 0.0
        self._heard = 0
        self._listened = 0.0
        self._last: float | None = None
        self._suspected = False

    def heard(self, now: float) -> None:
        """An advertisement, of whomever."""
        if self._last is not None:
            pause = now - self._last
            # What was taken for an adapter gone deaf is no measure of how quiet the home is.
            self._longest = self._longest if self._suspected else max(self._longest, pause)
            self._listened += pause
        self._last = now
        self._heard += 1
        self._suspected = False

    def deaf(self, now: float) -> None:
        """The radio did not listen until now: that pause says nothing about the home, unless it was suspicious."""
        if self._last is not None and not self._suspected:
            self._last = now

    def suspicious(self, now: float) -> bool:
        """Whether it has been quiet for so long that this is not the home any more."""
        if self._last is None or self._heard < _MUCH or self._listened < _LONG_S * self._pace:
            return False
        self._suspected = self._suspected or now - self._last > max(_QUIET_S * self._pace, _TIMES * self._longest)
        return self._suspected
