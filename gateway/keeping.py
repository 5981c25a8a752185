"""What passes between the collector and the store: readings with their frames, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.reading import Reading
from gateway.timebase import Moment, Undated


@dataclass(frozen=True, slots=True)
class KeptFrame:
    """A raw frame and the moment it came; `boot` names the boot whose monotonic clock `moment` has.

    `number` is its row in the store, 0 while it has none.
    """

    device: str
    channel: str
    data: bytes
    moment: Moment
    boot: str
    number: int = 0

    @property
    def received_at(self) -> datetime:
        """Wall time of the hub (aware UTC) when it came."""
        return self.moment.utc


@dataclass(frozen=True, slots=True)
class Draft:
    """A reading about to be kept, without a place in the sequence.

    `frames` are its raw frames (channel, hex); `waiting` the rows in which some of them already lie; `cursor` the
    device's record number, where it has one; `undated` what is needed to date it when the hub knows the time; `reason`
    why it is held back, if it is.
    """

    reading: Reading
    frames: Sequence[tuple[str, str]]
    waiting: Sequence[int] = ()
    cursor: int | None = None
    undated: Undated | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a draft: given `seq`; or none, because it is held back, or known already (`duplicate`)."""

    id: str
    seq: int | None
    duplicate: bool = False
