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


# A task of the supervisor that crashed.
TASK = Backoff(first_s=0.5, cap_s=60)
# The medium refused a write.
STORE = Backoff(first_s=0.5, cap_s=10)
# The uplink stands, but a message did not get through it.
UPLINK = Backoff(first_s=1, cap_s=60)
# A broker has readings for which no receiver has spoken: asked again seldom, and ever more seldom.
SILENT_RECEIVER = Backoff(first_s=900, cap_s=86_400, spread=0.1)
