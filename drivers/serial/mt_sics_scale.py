"""Scales that speak MT-SICS (Mettler Toledo) or the KERN Communication Protocol: `S S      82.40 kg` CR LF.

METTLER TOLEDO AL-IC operating instructions, p. 72; KERN KCP-ZB-e-19137. S S stable, S D dynamic, S I not executable,
S + and S - over and under, ES ET EL errors. The value is right-aligned in ten characters: a shorter line lost some.
`mt-sics-scale` listens to a scale that sends by itself or at its print key; `mt-sics-polled` asks for the weight about
twice a second (KCP asks for no more than ten times) and takes one weighing per stepping-on.
"""

import re
from collections.abc import Generator

from drivers.api import PORT, Await, Measurement, Reply, Step, TalkContext, Value, Write
from drivers.serial.scales import BOTH, Stepping, refused, scale, weight

_WEIGHT = rb"S (?P<state>[SD]) (?P<number>(?=[ \d.-]{10,12} [a-zA-Z]) *-?\d+(?:\.\d+)?) (?P<unit>[a-zA-Z]{1,5}) *"
_OTHER = rb"S [IL+-]|E[STL]|[ZT@D][A-Z]? ?[A-Z+-]?|I\d .{0,60}"
SHAPE = re.compile(rb"(?:" + _WEIGHT + rb"|" + _OTHER + rb")\Z")
_STABLE = re.compile(_WEIGHT)
_SILENT = re.compile(_OTHER)

ASK = b"SI\r\n"
_ANSWER_S = 1.0
_PAUSE_S = 0.4


def decode(line: bytes) -> Measurement | None:
    """A stable weight; None while it moves, and for answers without one."""
    read = _STABLE.fullmatch(line)
    if read is None:
        if _SILENT.fullmatch(line):
            return None
        raise refused("not an answer of MT-SICS")
    return weight(read["number"].decode(), read["unit"].decode(), read.start("unit")) if read["state"] == b"S" else None


def _poll(context: TalkContext) -> Generator[Step, Reply, None]:
    """Asks, hears the answer, and leaves the scale alone for a while; one that sends by itself is not asked."""
    while True:
        yield Write(PORT, ASK)
        yield Await(_ANSWER_S)
        while isinstance((yield Await(_PAUSE_S)), Value):
            pass


_VERIFIED = "lines of the maker's document and of public tests; no line captured from a scale"
DRIVERS = (
    scale(name="mt-sics-scale", shape=SHAPE, decode=decode, modes=BOTH, verified=_VERIFIED),
    scale(
        name="mt-sics-polled", shape=SHAPE, decode=decode, modes={"stream": Stepping}, talk=_poll, verified=_VERIFIED
    ),
)
