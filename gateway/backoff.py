"""Every waiting rule: how long until the next try. Pure; who waits brings the dice."""

from dataclasses import dataclass

from tenacity import RetryCallState, wait_exponential


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubling waits from `first_s` to `cap_s`; `spread` is the share of each wait that the dice may take off."""

    first_s: float
    cap_s: float
    spread: float = 0.5

    def wait_s(self, failures: int, dice: float) -> float:
        """Seconds to wait after `failures` failures in a row (1 or more), with `dice` in [0, 1)."""
        state = RetryCallState(None, None, (), {})  # type: ignore[arg-type]  # only its attempt number is asked for
        state.attempt_number = max(failures, 1)
        full = wait_exponential(multiplier=self.first_s, max=self.cap_s)(state)
        return full * (1 - self.spread * dice)


class CatchUp:
    """How what has waited goes out when the broker is back: at once, or, after it was away for long, spread out.

    After ten minutes or more, sending begins after a random part of a tenth of the absence (five minutes at most), and
    goes at `per_s` messages a second (0: as fast as the window lets it), so that hubs that lost the broker together do
    not come back together. One that loses it again before it has caught up goes on as before. Times are monotonic s.
    """

    LONG_S = 600.0
    _DELAY_SHARE = 0.1
    _LONGEST_DELAY_S = 300.0
    # What may go in one piece after some idle time, in seconds of the pace.
    _PIECE_S = 0.2

    def __init__(self, per_s: int) -> None:
        self._per_s = per_s
        self._spread = False
        self._begins_at = 0.0
        self._due = 0.0
        self._looked_at = 0.0

    def begin(self, now: float, away_s: float, dice: float) -> None:
        """The broker is back after `away_s` seconds, with `dice` in [0, 1)."""
        if away_s < self.LONG_S:
            return
        self._spread = True
        self._begins_at = now + dice * min(away_s * self._DELAY_SHARE, self._LONGEST_DELAY_S)
        self._looked_at, self._due = self._begins_at, 1.0

    def finished(self) -> None:
        """All that waited is on its way."""
        self._spread = False

    def allowance(self, now: float, window: int) -> int:
        """How many may go now, of `window` at most."""
        if not self._spread:
            return window
        if now < self._begins_at:
            return 0
        if self._per_s == 0:
            return window
        self._due = min(self._due + (now - self._looked_at) * self._per_s, max(1.0, self._per_s * self._PIECE_S))
        self._looked_at = now
        return min(window, int(self._due))

    def took(self) -> None:
        """One went."""
        self._due -= 1.0

    def wait_s(self, now: float) -> float | None:
        """Seconds until something may go that may not go now; None if nothing is held back."""
        if not self._spread:
            return None
        if now < self._begins_at:
            return self._begins_at - now
        return None if self._per_s == 0 or self._due >= 1 else (1 - self._due) / self._per_s + self._PIECE_S / 2


# A task of the supervisor that crashed.
TASK = Backoff(first_s=0.5, cap_s=60)
# The medium refused a write.
STORE = Backoff(first_s=0.5, cap_s=10)
# The uplink stands, but a message did not get through it.
UPLINK = Backoff(first_s=1, cap_s=60)
# A broker has readings for which no receiver has spoken: asked again seldom, and ever more seldom.
SILENT_RECEIVER = Backoff(first_s=900, cap_s=86_400, spread=0.1)
# What a broker refused is offered again: somebody has mended it soon, or it takes weeks.
REFUSED = Backoff(first_s=900, cap_s=7 * 86_400, spread=0.1)
