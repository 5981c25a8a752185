"""What all serial scales share: weights in the units they send, and one weighing out of a stream of lines.

A line counts only with its header, a number of the right width, a unit and the scale's own word that it is stable;
there is no "first number on the line".
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from drivers.api import Act, DecodeError, Frame, Framer, GathererFactory, Line, Measurement, SerialDriver, Talk
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.framers import LINE_LIMIT, Lines
from drivers.gather import each
from drivers.quantities import WEIGHT, WEIGHT_G, WEIGHT_LB

UNITS = {"kg": WEIGHT, "g": WEIGHT_G, "lb": WEIGHT_LB}

# Identical lines within this are one act: a scale that prints repeats itself.
REPEAT_S = 5.0
# Stable lines on end, alike within `ALIKE` of each other, that make a weighing.
SETTLED_LINES = 5
ALIKE = Decimal("0.002")
# A platform that holds less than this part of the last weighing is empty.
EMPTY = Decimal("0.1")
# Nothing stable for this long: somebody has moved.
MOVED_S = 2.0


def weight(number: str, unit: str, offset: int, *flags: str) -> Measurement:
    """A stable weight. The number keeps its decimals; DecodeError at `offset` for a unit no scale for people has."""
    quantity = UNITS.get(unit.lower())
    if quantity is None:
        raise DecodeError("unknown-unit", offset, "not a unit of weight this driver knows")
    draft = Draft("weight")
    draft.value(quantity, Decimal(number.replace(" ", "")))
    for flag in flags:
        draft.mark(flag, "valid")
    return draft.done(Cursor(b""))


def refused(message: str) -> DecodeError:
    """A line that is not of the dialect."""
    return DecodeError("not-a-weight-line", 0, message)


class Stepping:
    """One act per stepping-on, out of a scale that streams.

    The rule: `SETTLED_LINES` stable lines on end, alike within 0.2 %, are a weighing, and the last of them is its act.
    The next weighing needs a new load: the platform was empty in between (less than a tenth of the last weight), or
    nothing was stable for `MOVED_S`, or the lines have settled at another weight. An empty platform is no weighing.
    """

    journal = False

    def __init__(self) -> None:
        self._run: list[Decimal] = []
        self._taken: Decimal | None = None
        self._last_at: float | None = None

    def add(self, act: Act) -> list[Act]:
        """Takes a stable line."""
        value = act.measurement.samples[0].value
        if self._last_at is not None and act.at - self._last_at > MOVED_S:
            self._forget()
        self._last_at = act.at
        if not isinstance(value, Decimal) or value <= (0 if self._taken is None else self._taken * EMPTY):
            self._forget()
            return []
        self._run = [v for v in self._run if _alike(v, value)] + [value]
        if len(self._run) < SETTLED_LINES or (self._taken is not None and _alike(self._taken, value)):
            return self._bounded()
        self._taken, self._run = value, []
        return [act]

    def tick(self, at: float) -> list[Act]:
        """Only lines settle a weight."""
        return []

    def end(self, at: float) -> list[Act]:
        """A weight that has not settled is given up."""
        self._forget()
        return []

    def held(self) -> tuple[Frame, ...]:
        """A stream's lines are not kept."""
        return ()

    def _bounded(self) -> list[Act]:
        self._run = self._run[-SETTLED_LINES:]
        return []

    def _forget(self) -> None:
        self._run, self._taken = [], None


def _alike(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= other * ALIKE


# `line` takes each stable line, `stream` one weighing per stepping-on.
LINE_MODE: Mapping[str, GathererFactory] = {"line": each(REPEAT_S)}
BOTH: Mapping[str, GathererFactory] = {**LINE_MODE, "stream": Stepping}


def scale(
    *,
    name: str,
    shape: re.Pattern[bytes],
    decode: Callable[[bytes], Measurement | None],
    line: Line = Line(),  # noqa: B008 - a frozen value
    modes: Mapping[str, GathererFactory] = BOTH,
    talk: Talk | None = None,
    limit: int = LINE_LIMIT,
    verified: str,
) -> SerialDriver:
    """A scale that sends lines."""

    def framer() -> Framer:
        return Lines(shape, limit)

    return SerialDriver(
        name=name,
        kind="weight",
        framer=framer,
        decode=decode,
        modes=modes,
        line=line,
        talk=talk,
        memory=False,
        verified=verified,
    )
