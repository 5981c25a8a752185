"""What the demo shows: on a terminal a table that is drawn again in place, elsewhere a line now and then."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.catalogue import Language, say

_UP = "\x1b[{lines}A\x1b[J"
_PLAIN_EVERY = 10
_BAR = 40


@dataclass(slots=True)
class DeviceRow:
    """One virtual device: how often it measured, how many readings the hub stored, how many were confirmed."""

    name: str
    link: str
    measured: int = 0
    stored: int = 0
    confirmed: int = 0


@dataclass(slots=True)
class Picture:
    """Everything the screen shows at one moment."""

    second: float
    total: float
    network: bool
    rows: Sequence[DeviceRow] = field(default_factory=list)
    outbox: int = 0
    sum_stored: int = 0
    sum_confirmed: int = 0


class Screen:
    """Draws pictures. Quiet: draws none."""

    def __init__(self, language: Language, *, quiet: bool) -> None:
        self._language: Language = language
        self._quiet = quiet
        self._live = sys.stdout.isatty() and not quiet
        self._drawn = 0
        self._count = 0

    def say(self, key: str, **params: object) -> None:
        """A sentence of its own."""
        if not self._quiet:
            self._drawn = 0
            self._show(say(key, self._language, params))

    def draw(self, picture: Picture) -> None:
        """The picture, in place of the one before where the terminal allows it."""
        self._count += 1
        if self._quiet or (not self._live and self._count % _PLAIN_EVERY):
            return
        lines = self._lines(picture) if self._live else [self._line(picture)]
        if self._live and self._drawn:
            sys.stdout.write(_UP.format(lines=self._drawn))
        self._drawn = len(lines)
        self._show("\n".join(lines))

    def close(self, picture: Picture) -> None:
        """The last picture, for whoever has seen only lines so far."""
        if not self._live and not self._quiet:
            self._show("\n".join(self._lines(picture)))

    def _show(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def _word(self, key: str, **params: object) -> str:
        return say(f"demo-{key}", self._language, params)

    def _network(self, picture: Picture) -> str:
        return self._word("network-up" if picture.network else "network-down")

    def _lines(self, picture: Picture) -> list[str]:
        widths = (14, 14, 9, 8, 10)
        head = ("device", "link", "measured", "stored", "confirmed")
        lines = [
            "",
            "  ".join(f"{self._word(h):<{w}}" for h, w in zip(head, widths, strict=True)),
        ]
        for row in picture.rows:
            cells = (self._word(row.name), row.link, row.measured, row.stored, row.confirmed)
            lines.append("  ".join(f"{c:<{w}}" for c, w in zip(cells, widths, strict=True)))
        bar = "#" * min(_BAR, picture.outbox)
        lines.append("")
        lines.append(f"{self._word('outbox')} {picture.outbox:>4}  {bar}")
        lines.append(self._line(picture))
        return lines

    def _line(self, picture: Picture) -> str:
        return self._word(
            "line",
            second=f"{picture.second:.0f}",
            total=f"{picture.total:.0f}",
            network=self._network(picture),
            stored=picture.sum_stored,
            confirmed=picture.sum_confirmed,
            outbox=picture.outbox,
        )
