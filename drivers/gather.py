"""How single decoded frames become acts of measuring."""

from collections import deque
from collections.abc import Callable

from drivers.api import Act, Frame, GathererFactory, Measurement

_PARTS_KNOWN = 64

Join = Callable[[Measurement, Measurement], Measurement | None]


class Each:
    """Every frame is an act. An undated act identical to the one before it, within `window_s` of it, is that same act.

    Devices repeat themselves: a printing scale sends its line several times, an oximeter without a clock re-sends a
    value whose confirmation was lost. A dated act needs no window: its record key tells.
    """

    journal = True

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._last: tuple[str, float] | None = None

    def add(self, act: Act) -> list[Act]:
        """Gives the act on, unless it repeats the one before."""
        if act.measurement.dated:
            return [act]
        key, before = act.measurement.record_key, self._last
        self._last = (key, act.at)
        # A frame kept on disk before the hub was started again may have a later `at` than those of this boot.
        repeated = before is not None and before[0] == key and 0 <= act.at - before[1] <= self._window_s
        return [] if repeated else [act]

    def tick(self, at: float) -> list[Act]:
        """Nothing waits for time."""
        return []

    def end(self, at: float) -> list[Act]:
        """Nothing is held."""
        return []

    def held(self) -> tuple[Frame, ...]:
        """Nothing is held."""
        return ()


class Merge:
    """Puts the parts of one act together: a weight and its composition, a glucose value and its context.

    `join` gives the whole of two parts, None where they are of different acts; `open_` says whether more may follow.
    An open act waits until a part of another act comes, nothing has come for `wait_s`, or contact is over. A part that
    is repeated while its act waits is dropped, and so is a whole act as `Each` does it. So is a part with a time that
    comes alone and has gone into an act already: it would pass for an act of its own.
    """

    journal = True
    most_parts = 8

    def __init__(self, join: Join, open_: Callable[[Measurement], bool], wait_s: float) -> None:
        self._join = join
        self._open = open_
        self._wait_s = wait_s
        self._each = Each(wait_s)
        self._waiting: Act | None = None
        self._joined: deque[str] = deque(maxlen=_PARTS_KNOWN)

    def add(self, act: Act) -> list[Act]:
        """Takes a part; returns the acts it completes."""
        done = self.tick(act.at)
        if self._waiting is not None:
            if act.measurement.record_key == self._waiting.measurement.record_key:
                return done
            whole = self._join(self._waiting.measurement, act.measurement)
            if whole is not None:
                parts = (self._waiting.measurement, act.measurement)
                self._joined.extend(part.record_key for part in parts if part.time_raw.strip("0"))
                act = Act(whole, self._waiting.frames + act.frames)
                self._waiting = None
            done += self._close()
        if self._open(act.measurement) and len(act.frames) < self.most_parts:
            self._waiting = act
            return done
        return done + self._give(act)

    def tick(self, at: float) -> list[Act]:
        """Gives an act for which nothing has come for a while."""
        waited = self._waiting is not None and at - self._waiting.frames[-1].at > self._wait_s
        return self._close() if waited else []

    def end(self, at: float) -> list[Act]:
        """Nothing more will come."""
        return self._close()

    def held(self) -> tuple[Frame, ...]:
        """The parts of the act that waits."""
        return () if self._waiting is None else self._waiting.frames

    def _close(self) -> list[Act]:
        act, self._waiting = self._waiting, None
        return [] if act is None else self._give(act)

    def _give(self, act: Act) -> list[Act]:
        known = len(act.frames) == 1 and act.measurement.record_key in self._joined
        return [] if known else self._each.add(act)


def each(window_s: float) -> GathererFactory:
    """A factory of `Each` for a driver's table of modes."""
    return lambda: Each(window_s)
