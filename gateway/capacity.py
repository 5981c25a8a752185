"""How long the store lasts when nothing is taken off it: for health."""

from datetime import datetime
from typing import Protocol

from gateway import health
from gateway.env import Env, known_time

_HOUR_S = 3600.0


class PlacesView(Protocol):
    """The places given, as this part sees them."""

    def per_day(self, now: datetime) -> float:
        """Readings stored in a day, as in the last week."""
        ...


class RoomView(Protocol):
    """The store's room, as this part sees it."""

    max_bytes: int

    def left(self) -> int:
        """Bytes that may still be filled."""
        ...


class Capacity:
    """Asks the store how many readings a day there are, once an hour."""

    def __init__(self, places: PlacesView, room: RoomView, env: Env) -> None:
        self._places, self._room, self._env = places, room, env
        self._per_day: float | None = None
        self._ask_at = float("-inf")

    def part(self, size_bytes: int, disk_free_bytes: int | None) -> dict[str, object]:
        """Of health: what the store takes, what it may take, and how many days that will do for (None: unknown)."""
        left = self._room.left()
        room = left if disk_free_bytes is None else min(left, disk_free_bytes)
        return {
            "bytes": size_bytes,
            "max_bytes": self._room.max_bytes,
            "days_left": health.days_left(room, self._rate()),
        }

    def _rate(self) -> float | None:
        now = known_time(self._env)
        if now is not None and self._env.monotonic() >= self._ask_at:
            self._ask_at = self._env.monotonic() + _HOUR_S
            self._per_day = self._places.per_day(now)
        return self._per_day
