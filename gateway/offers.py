"""Second offers: readings that a broker refused are offered again, first one, then the others. Pure.

Most refusals can be mended where they were made: rights, a quota, a limit. What was set aside is tried again by kind
and reason: the oldest reading of each, ever more seldom, or soon after the broker has taken another of that kind. When
it is taken, the others follow, some at a time; when one is refused, the rest wait on. An offer costs a place in the
sequence, which becomes void if it is refused: hence one at first. Times are monotonic seconds, dice in [0, 1).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.ack import Range, within
from gateway.backoff import REFUSED

# That the broker takes a message says that it may take the others.
_OF_A_KIND = frozenset(("mqtt-not-authorised", "mqtt-quota-exceeded"))
# Those that may be mended elsewhere. Others are offered again by somebody's word only.
MENDABLE = _OF_A_KIND | {"mqtt-packet-too-large", "mqtt-message-refused"}
_MANY = 20
_SOON_S = 60.0


class Offer(NamedTuple):
    """What to offer: so many, at most, of this kind and refused for this reason."""

    kind: str
    reason: str
    most: int


@dataclass(slots=True)
class _Stretch:
    due_at: float
    tried_at: float
    refusals: int = 1
    proven: bool = False
    pending: set[int] = field(default_factory=set)


class SecondOffers:
    """When to offer what again."""

    def __init__(self, aside: Iterable[tuple[str, str]], now: float, dice: float) -> None:
        """`aside`: kind and reason of what is set aside already."""
        self._stretches: dict[tuple[str, str], _Stretch] = {}
        for kind, reason in aside:
            self._begin(kind, reason, now, dice)

    def refused(self, kind: str, reason: str, seq: int, now: float, dice: float) -> None:
        """The message of this place was set aside."""
        for stretch in self._stretches.values():
            if seq in stretch.pending:
                stretch.pending, stretch.proven = set(), False
                stretch.refusals += 1
                stretch.due_at = now + REFUSED.wait_s(stretch.refusals, dice)
        self._begin(kind, reason, now, dice)

    def taken(self, kind: str, seq: int, now: float) -> None:
        """The broker has this one."""
        for (of_kind, reason), stretch in self._stretches.items():
            if seq in stretch.pending:
                self._proved(stretch, {seq}, now)
            elif of_kind == kind and reason in _OF_A_KIND and now - stretch.tried_at >= _SOON_S:
                stretch.due_at = min(stretch.due_at, now)

    def confirmed(self, ranges: Iterable[Range], now: float) -> None:
        """The receiver has these."""
        known = list(ranges)
        for stretch in self._stretches.values():
            if found := {seq for seq in stretch.pending if within(seq, known)}:
                self._proved(stretch, found, now)

    def due(self, now: float) -> Offer | None:
        """What to offer now."""
        for (kind, reason), stretch in self._stretches.items():
            if not stretch.pending and stretch.due_at <= now:
                return Offer(kind, reason, _MANY if stretch.proven else 1)
        return None

    def offered(self, offer: Offer, seqs: Iterable[int], now: float) -> None:
        """These places were given for it; none: nothing of it is left."""
        stretch = self._stretches[offer.kind, offer.reason]
        stretch.pending, stretch.tried_at = set(seqs), now
        if not stretch.pending:
            del self._stretches[offer.kind, offer.reason]

    def next_at(self) -> float | None:
        """When something is due; None while nothing is going to be."""
        return min((one.due_at for one in self._stretches.values() if not one.pending), default=None)

    def _begin(self, kind: str, reason: str, now: float, dice: float) -> None:
        if reason in MENDABLE and (kind, reason) not in self._stretches:
            self._stretches[kind, reason] = _Stretch(now + REFUSED.wait_s(1, dice), tried_at=now)

    @staticmethod
    def _proved(stretch: _Stretch, seqs: set[int], now: float) -> None:
        stretch.pending -= seqs
        stretch.proven, stretch.refusals = True, 1
        if not stretch.pending:
            stretch.due_at = now
