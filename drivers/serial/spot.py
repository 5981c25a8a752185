"""One reading out of an oximeter's stream: the settled value of each time a finger is in.

Counted in frames, not in seconds, so that the outcome is the same however fast the bytes come. Decoders tell through
`detail`: `finger` (a finger is in), `clean` (nothing disturbs the values), and `settled` where the device itself says
that its value holds.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from drivers.api import Act, Frame, GathererFactory

# A stream that pauses this long has ended: the finger is out, or the instrument is off.
PAUSE_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a value is taken.

    `alike`: so many clean frames on end within 2 % SpO2 and 6 /min of each other. `told`: and the device says that it
    has settled. `least`: a stay with so many clean frames but no settled value gives its last one when it ends, marked
    `not-settled`. `out`: so many frames without a finger end a stay. `cable`: a contact that is lost does not end it,
    since the finger may still be in when the port comes back; a device on the radio that goes away has ended it.
    """

    alike: int
    told: bool
    least: int
    out: int
    cable: bool = False


_Pair = tuple[Decimal, Decimal]
_WITHIN: _Pair = (Decimal(2), Decimal(6))


class Stay:
    """One act per stay of the finger, given as soon as the rule is met; two stays give two acts."""

    journal = False

    def __init__(self, rule: Rule, pause_s: float = PAUSE_S) -> None:
        self._rule = rule
        self._pause_s = pause_s
        self._latest = float("-inf")
        self._away = 0
        self._clean = 0
        self._run = 0
        self._low = self._high = _WITHIN
        self._last: Act | None = None
        self._told = False

    def add(self, act: Act) -> list[Act]:
        """Takes one frame."""
        done = self.tick(act.at)
        self._latest = act.at
        if not act.measurement.detail["finger"]:
            self._away += 1
            return done + (self.finish() if self._away >= self._rule.out else [])
        self._away = 0
        return done + ([] if self._told else self._inside(act))

    def tick(self, at: float) -> list[Act]:
        """Ends the stay when the stream has paused."""
        return self.finish() if at - self._latest > self._pause_s else []

    def end(self, at: float) -> list[Act]:
        """Contact is over; behind a cable a stay that had not settled is given up."""
        if not self._rule.cable:
            return self.finish()
        self._forget()
        return []

    def held(self) -> tuple[Frame, ...]:
        """A stream's frames are not kept."""
        return ()

    def _inside(self, act: Act) -> list[Act]:
        pair = _pair(act)
        if pair is None or not act.measurement.detail["clean"]:
            self._run = 0
            return []
        self._last = act
        self._clean += 1
        self._settle(pair)
        if self._run < self._rule.alike or (self._rule.told and not act.measurement.detail["settled"]):
            return []
        self._told = True
        return [act]

    def _settle(self, pair: _Pair) -> None:
        """Goes on with the run of alike frames, or begins a new one with this."""
        if self._run:
            low = (min(self._low[0], pair[0]), min(self._low[1], pair[1]))
            high = (max(self._high[0], pair[0]), max(self._high[1], pair[1]))
            if high[0] - low[0] <= _WITHIN[0] and high[1] - low[1] <= _WITHIN[1]:
                self._run, self._low, self._high = self._run + 1, low, high
                return
        self._run, self._low, self._high = 1, pair, pair

    def finish(self) -> list[Act]:
        """The stay is over; its last value, marked, where none was given."""
        last = self._last if not self._told and self._clean >= self._rule.least else None
        self._forget()
        if last is None:
            return []
        doubted = replace(last.measurement, status="questionable", flags=(*last.measurement.flags, "not-settled"))
        return [Act(doubted, last.frames)]

    def _forget(self) -> None:
        self._run = self._clean = self._away = 0
        self._last = None
        self._told = False


def _pair(act: Act) -> _Pair | None:
    """SpO2 and pulse, where both are numbers."""
    spo2, pulse = (sample.value for sample in act.measurement.samples[:2])
    return (spo2, pulse) if isinstance(spo2, Decimal) and isinstance(pulse, Decimal) else None


def stay(rule: Rule, pause_s: float = PAUSE_S) -> GathererFactory:
    """A factory for a driver's table of modes."""
    return lambda: Stay(rule, pause_s)
