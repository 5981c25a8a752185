"""Feeding a serial driver as a bad line would: in any chunks, with noise, at any speed."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from drivers.api import PORT, Act, Bad, SerialDriver
from drivers.session import Session


def chunked(stream: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The stream, cut at these places."""
    places = sorted({min(c, len(stream)) for c in cuts} | {0, len(stream)})
    return [stream[a:b] for a, b in pairwise(places)]


def fed(
    driver: SerialDriver, chunks: Sequence[bytes], mode: str | None = None, every: float = 0.0, end: bool = False
) -> tuple[list[Act], list[Bad]]:
    """Acts and refusals of the chunks, one each `every` seconds; `end`: and then the port is lost."""
    session, at, outcomes = Session(driver, mode), 0.0, []
    for chunk in chunks:
        outcomes += session.feed(PORT, chunk, at)
        at += every
        outcomes += session.tick(at)
    if end:
        outcomes += session.end(at)
    return [o for o in outcomes if isinstance(o, Act)], [o for o in outcomes if isinstance(o, Bad)]


def values(acts: Sequence[Act]) -> list[tuple[str, ...]]:
    """The values of each act, as text."""
    return [tuple(str(s.value) for s in act.measurement.samples) for act in acts]
