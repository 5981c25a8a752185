"""The receiver's word (`dho.ack/1`): what it has stored, and what it asks for again."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

Range = tuple[int, int]

SCHEMA = "dho.ack/1"
# A receiver has no reason to name more stretches than this at once.
_MOST_RANGES = 10_000


class BadAckError(ValueError):
    """An ack that is ignored and counted; the message says why."""


@dataclass(frozen=True, slots=True)
class Ack:
    """`confirmed` and `resend` are inclusive ranges of places in the sequence."""

    confirmed: tuple[Range, ...]
    resend: tuple[Range, ...]


def parse_ack(payload: bytes, epoch: str, last_seq: int) -> Ack:
    """The ack in `payload`, for this epoch; BadAckError for another epoch, a place never given, or bad form."""
    try:
        table = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise BadAckError("not JSON") from error
    if not isinstance(table, dict) or table.get("schema") != SCHEMA:
        raise BadAckError(f"not a {SCHEMA}")
    if table.get("epoch") != epoch:
        raise BadAckError("another epoch")
    through = table.get("through")
    if not _is_seq(through, 0, last_seq):
        raise BadAckError("through is no place that was given")
    confirmed = ((1, through),) if through else ()
    return Ack(confirmed + _ranges(table, "also", last_seq), _ranges(table, "resend", last_seq))


def _ranges(table: dict[str, object], key: str, last_seq: int) -> tuple[Range, ...]:
    ranges = table.get(key, [])
    if not isinstance(ranges, list) or len(ranges) > _MOST_RANGES:
        raise BadAckError(f"{key} is not a list of ranges")
    return tuple(_range(entry, key, last_seq) for entry in ranges)


def _range(entry: object, key: str, last_seq: int) -> Range:
    if not isinstance(entry, list) or len(entry) != 2:
        raise BadAckError(f"{key} holds something that is not a range")
    first, last = entry
    if not _is_seq(first, 1, last_seq) or not _is_seq(last, first, last_seq):
        raise BadAckError(f"{key} names places that were not given")
    return first, last


def _is_seq(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def runs(seqs: Iterable[int]) -> list[Range]:
    """The ranges that these places make, in order."""
    found: list[Range] = []
    for seq in sorted(seqs):
        if found and seq <= found[-1][1] + 1:
            found[-1] = (found[-1][0], seq)
        else:
            found.append((seq, seq))
    return found


def within(seq: int, ranges: Iterable[Range]) -> bool:
    """Whether one of the ranges has this place."""
    return any(first <= seq <= last for first, last in ranges)
