"""What the receiver has of one hub's epoch: the ack it can give, and the gaps it must ask for. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.receiver.ranges import Range, Ranges
from gateway.topics import ACK_SCHEMA

# More stretches than this are told in later acks; an ack stays a small message.
_MOST_RANGES = 500
_LONGEST_WAIT_S = 300.0


@dataclass(slots=True)
class _Gap:
    due_at: float
    wait_s: float
    asked: int = 0


@dataclass(slots=True)
class Stream:
    """Places of one (hub, epoch). `known_last` is the last place that the hub says it has given (from its ledger)."""

    patience_s: float
    have: Ranges = field(default_factory=Ranges)
    known_last: int = 0
    _gaps: dict[int, _Gap] = field(default_factory=dict)

    def missing(self) -> list[Range]:
        """Places that were given and are not here."""
        return self.have.gaps(max(self.have.last, self.known_last))

    def ack(self, epoch: str, resend: Sequence[Range]) -> dict[str, object]:
        """`dho.ack/1` for what is here."""
        document: dict[str, object] = {"schema": ACK_SCHEMA, "epoch": epoch, "through": self.have.through}
        also = self.have.beyond()[:_MOST_RANGES]
        if also:
            document["also"] = [list(stretch) for stretch in also]
        if resend:
            document["resend"] = [list(stretch) for stretch in resend]
        return document

    def due(self, now: float) -> list[Range]:
        """Gaps to ask for now (monotonic s): those that have stood for `patience_s`, and again after growing waits.

        A gap is known by its first place: while it is being filled from its beginning, it is a new one each time, and
        nobody is asked.
        """
        missing = self.missing()
        self._forget({first for first, _ in missing})
        asked = []
        for first, last in missing[:_MOST_RANGES]:
            gap = self._gaps.setdefault(first, _Gap(now + self.patience_s, self.patience_s))
            if now >= gap.due_at:
                gap.wait_s = min(2 * gap.wait_s, _LONGEST_WAIT_S)
                gap.due_at, gap.asked = now + gap.wait_s, gap.asked + 1
                asked.append((first, last))
        return asked

    def start_over(self) -> None:
        """The hub has come back: what is missing may be on its way, and is waited for anew."""
        self._gaps.clear()

    def _forget(self, standing: set[int]) -> None:
        for first in self._gaps.keys() - standing:
            del self._gaps[first]
