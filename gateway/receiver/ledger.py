"""Proof of completeness: the digest over what a hub has given, compared with what is here. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from gateway.ledger import digest
from gateway.receiver.ranges import Range


@dataclass(frozen=True, slots=True)
class Ledger:
    """`dho.ledger/1`: places `first` to `last`, how many, and the digest over their lines."""

    epoch: str
    first: int
    last: int
    count: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`incomplete` names what is missing; `mismatch`: all is here, but not the same ids."""

    result: Literal["match", "incomplete", "mismatch"]
    missing: tuple[Range, ...] = ()


def judge(ledger: Ledger, missing: Iterable[Range], lines: Iterable[tuple[int, str | None]]) -> Verdict:
    """Compares a hub's ledger with what is here: `missing` places of its range, and the `lines` that there are."""
    stretches = tuple(missing)
    if stretches:
        return Verdict("incomplete", stretches)
    same = digest(lines) == (ledger.count, ledger.sha256)
    return Verdict("match" if same else "mismatch")
