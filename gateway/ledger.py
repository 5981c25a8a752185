"""Proof of completeness (`dho.ledger/1`): the digest over what this hub has given a place. Pure."""

import hashlib
from collections.abc import Iterable

from gateway.topics import LEDGER_SCHEMA

VOID_LINE = "void"

Line = tuple[int, str | None]


def digest(lines: Iterable[Line]) -> tuple[int, str]:
    """How many lines, and the SHA-256 (hex) over `seq id`, or `seq void`, separated by newlines, in seq order."""
    count, sha = 0, hashlib.sha256()
    for seq, reading_id in lines:
        sha.update(f"{chr(10) if count else ''}{seq} {reading_id or VOID_LINE}".encode())
        count += 1
    return count, sha.hexdigest()


def ledger(hub: str, epoch: str, first: int, last: int, lines: Iterable[Line]) -> dict[str, object]:
    """The document for the places `first` to `last`, of which `lines` has each."""
    count, sha256 = digest(lines)
    table = {"schema": LEDGER_SCHEMA, "hub": hub, "epoch": epoch, "from": first, "to": last}
    return {**table, "count": count, "sha256": sha256}
