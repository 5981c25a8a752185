"""One reading out of a stream: the settled value of each time a sensor is worn."""

from collections import deque
from collections.abc import Callable
from decimal import Decimal

from drivers.api import Act, Frame, Measurement
from drivers.gather import Each

STABLE_S = 10.0
GAP_S = 5.0
LONGEST_S = 60.0
_KEPT = 256


class Settle:
    """One act per episode of wearing; an episode ends when the sensor is off, the stream pauses, or contact ends.

    The rule: frames that are `good` for `stable_s` on end have settled. The act is the frame with the median values of
    the last `stable_s` of them, given when the episode ends, or `LONGEST_S` after it settled. An episode that never
    settles gives nothing. Two episodes give two acts.

    Acts of other channels than `stream` pass at once, repeats excepted: they are the device's own choice of a value,
    and while they come the stream gives none in that contact (those from the device's memory do not count).
    """

    journal = False

    def __init__(
        self,
        *,
        good: Callable[[Measurement], bool],
        worn: Callable[[Measurement], bool],
        stream: str,
        stable_s: float = STABLE_S,
        window_s: float = 10.0,
    ) -> None:
        """`worn` False ends the episode; `good` False starts the settling anew; `window_s` is that of `Each`."""
        self._good = good
        self._worn = worn
        self._stream = stream
        self._stable_s = stable_s
        self._each = Each(window_s)
        self._chosen_by_device = False
        self._recent: deque[Act] = deque(maxlen=_KEPT)
        self._since: float | None = None
        self._latest: float | None = None
        self._settled_at: float | None = None
        self._best: Act | None = None
        self._told = False

    def add(self, act: Act) -> list[Act]:
        """Takes a frame; gives the act of an episode it ends, or itself where it is the device's own choice."""
        if act.frames[0].channel != self._stream:
            self._chosen_by_device |= act.measurement.stored is not True
            return self._each.add(act)
        done = self.tick(act.at)
        if not self._worn(act.measurement):
            return done + self._close()
        self._latest = act.at
        self._take(act)
        return done + self._tell_long(act.at)

    def tick(self, at: float) -> list[Act]:
        """Ends the episode when the stream has paused."""
        paused = self._latest is not None and at - self._latest > GAP_S
        return self._close() if paused else []

    def end(self, at: float) -> list[Act]:
        """Contact is over, and so is the episode."""
        done = self._close()
        self._chosen_by_device = False
        return done

    def held(self) -> tuple[Frame, ...]:
        """A stream's frames are not kept."""
        return ()

    def _take(self, act: Act) -> None:
        if not self._good(act.measurement):
            self._recent.clear()
            self._since = None
            return
        self._since = act.at if self._since is None else self._since
        self._recent.append(act)
        if act.at - self._since >= self._stable_s:
            self._settled_at = act.at if self._settled_at is None else self._settled_at
            window = [a for a in self._recent if act.at - a.at <= self._stable_s]
            self._best = sorted(window, key=_values)[len(window) // 2]

    def _tell_long(self, at: float) -> list[Act]:
        if self._settled_at is None or at - self._settled_at < LONGEST_S:
            return []
        return self._tell()

    def _tell(self) -> list[Act]:
        if self._told or self._chosen_by_device or self._best is None:
            return []
        self._told = True
        return [self._best]

    def _close(self) -> list[Act]:
        done = self._tell()
        self._recent.clear()
        self._since = self._latest = self._settled_at = None
        self._best = None
        self._told = False
        return done


def _values(act: Act) -> tuple[Decimal, ...]:
    return tuple(s.value for s in act.measurement.samples if isinstance(s.value, Decimal))
