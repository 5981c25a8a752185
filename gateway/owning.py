"""Who knows whose the readings of a device are, as its collector sees it. Pure."""

from collections.abc import Collection
from typing import Protocol

from gateway.attribution import Evidence, Verdict, attribute
from gateway.timebase import ClockFix


class Owner(Protocol):
    """Who knows whose the readings are."""

    def opened(self) -> None:
        """A contact begins."""
        ...

    def heard(self, at: float) -> None:
        """Bytes came, at a monotonic moment."""
        ...

    def clock(self, fix: ClockFix) -> None:
        """The device's clock was read just now."""
        ...

    def judge(self, seen: Evidence) -> Verdict:
        """Whose a reading is."""
        ...

    def closed(self, *, whole: bool) -> None:
        """The contact is over; `whole`: it ended as it should."""
        ...


class SoleOwner:
    """On a hub without assignments: the device's user slots alone decide."""

    def __init__(self, users: Collection[int] | None) -> None:
        self._users = users

    def opened(self) -> None:
        """Means nothing here."""

    def heard(self, at: float) -> None:
        """Means nothing here."""

    def clock(self, fix: ClockFix) -> None:
        """Means nothing here."""

    def judge(self, seen: Evidence) -> Verdict:
        """By the user slot."""
        return attribute(seen.user, self._users)

    def closed(self, *, whole: bool) -> None:
        """Means nothing here."""
