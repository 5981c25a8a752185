"""Proof of completeness: the digest over what a hub has given, compared with what is here. Pure."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from gateway.receiver.ranges import Range

VOID_LINE = "void"


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


def digest(lines: Iterable[tuple[int, str | None]]) -> tuple[int, str]:
    """How many lines, and the SHA-256 (hex) over `seq id`, or `seq void`, separated by newlines, in seq order."""
    count, sha = 0, hashlib.sha256()
    for seq, reading_id in lines:
        sha.update(f"{chr(10) if count else ''}{seq} {reading_id or VOID_LINE}".encode())
        count += 1
    return count, sha.hexdigest()


def judge(ledger: Ledger, missing: Iterable[Range], lines: Iterable[tuple[int, str | None]]) -> Verdict:
    """Compares a hub's ledger with what is here: `missing` places of its range, and the `lines` that there are."""
    stretches = tuple(missing)
    if stretches:
        return Verdict("incomplete", stretches)
    same = digest(lines) == (ledger.count, ledger.sha256)
    return Verdict("match" if same else "mismatch")
