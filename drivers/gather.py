"""How single decoded frames become acts of measuring."""

from drivers.api import Act, Frame, GathererFactory


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
        repeated = before is not None and before[0] == key and act.at - before[1] <= self._window_s
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


def each(window_s: float) -> GathererFactory:
    """A factory of `Each` for a driver's table of modes."""
    return lambda: Each(window_s)
