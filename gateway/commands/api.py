"""What a command is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Document = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What commands may use of the daemon.

    `ledger(first, last)` sends the ledger of these places (None: the newest) and gives it, None if there is none;
    `health()` tells health anew and gives the document.
    """

    ledger: Callable[[int | None, int | None], Document | None]
    health: Callable[[], Document]


@dataclass(frozen=True, slots=True)
class Command:
    """`run(tools, payload)` gives the result, a JSON object; RefusedError with a key of the catalogue otherwise."""

    name: str
    run: Callable[[Tools, Mapping[str, Any]], Document]
