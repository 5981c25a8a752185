"""The audit log's records and their chain: who did what, when, for which assignment. Pure.

Each record carries the digest of the one before it, and its own digest is SHA-256 over its canonical JSON (keys sorted,
no blanks, UTF-8). Whoever changes, removes or adds one in the middle breaks the chain at that place; whoever rewrites
the whole chain changes its head, which the hub publishes.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Role = Literal["hub", "coordinator", "installer", "nurse", "support", "auditor", "integrator"]
ROLES: tuple[str, ...] = get_args(Role)

Scalar = str | int | bool | None
Fields = Mapping[str, Scalar | list[str]]

FIRST = "0" * 64
# What a field of a record may never be called: a value, a person or an address has no place here.
_NEVER = frozenset(
    ("address", "data", "frame", "hex", "key", "mac", "name", "password", "payload", "person", "serial", "value")
)
_TEXT_LONGEST = 200


@dataclass(frozen=True, slots=True)
class When:
    """A moment: wall time (aware; None while the hub does not know the time), the boot, and seconds in it."""

    at: datetime | None
    boot: str
    monotonic: float


NO_TIME = When(None, "", 0.0)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded. `what` is a stable word (`wipe`, `assignment.end`), `fields` say more, without values or
    persons."""

    role: Role
    what: str
    when: When
    assignment: str | None = None
    fields: Fields | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: the number and digest of the newest record; 0 and zeros for none."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


NO_RECORD = Head(0, FIRST)


@dataclass(frozen=True, slots=True)
class Row:
    """A record as it is kept: its number, its canonical JSON and the digest of that."""

    number: int
    record: str
    digest: str


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with the chain, from number `first` to number `last`: `altered`, `missing` or `misplaced`."""

    first: int
    last: int
    reason: Literal["altered", "missing", "misplaced"]


def chained(head: Head, entry: Entry) -> Row:
    """The record that follows `head`, without fields that have no place in it; ValueError for an unknown role."""
    if entry.role not in ROLES:
        raise ValueError(f"unknown role {entry.role!r}")
    when = entry.when
    table = {
        "number": head.number + 1,
        "role": entry.role,
        "what": entry.what,
        "at": None if when.at is None else when.at.isoformat(timespec="milliseconds"),
        "boot": when.boot,
        "monotonic": f"{when.monotonic:.3f}",
        "assignment": entry.assignment,
        "fields": _allowed(entry.fields or {}),
        "previous": head.digest,
    }
    record = canonical(table)
    return Row(head.number + 1, record, digest(record))


def canonical(table: Mapping[str, object]) -> str:
    """JSON with keys sorted and no blanks: the same table is always the same text."""
    return json.dumps(table, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(record: str) -> str:
    """SHA-256 of a text, 64 hex digits."""
    return hashlib.sha256(record.encode()).hexdigest()


def flaws(rows: Iterable[Row], head: Head) -> Iterator[Flaw]:
    """Every place where the chain is broken, in order of `rows` (by number); `head` is where it should end."""
    last, sound = NO_RECORD, True
    for row in rows:
        if row.number > last.number + 1:
            yield Flaw(last.number + 1, row.number - 1, "missing")
        previous = _previous(row)
        # A record that is whole and names another digest: the one before was exchanged together with its own.
        if previous is not None and sound and row.number == last.number + 1 and previous != last.digest:
            yield Flaw(max(last.number, 1), max(last.number, 1), "altered")
        sound = previous is not None
        if not sound:
            yield Flaw(row.number, row.number, "altered")
        last = Head(row.number, row.digest)
    yield from _end(last, head, sound=sound)


def _end(last: Head, head: Head, *, sound: bool) -> Iterator[Flaw]:
    if last.number < head.number:
        yield Flaw(last.number + 1, head.number, "missing")
    elif last.number > head.number:
        yield Flaw(head.number + 1, last.number, "misplaced")
    elif last.digest != head.digest and sound:
        yield Flaw(last.number, last.number, "altered")


def holds(rows: Iterable[Row], known: Head) -> bool:
    """Whether a head that somebody noted earlier is still part of the chain."""
    return known == NO_RECORD or any(row.number == known.number and row.digest == known.digest for row in rows)


def parse_head(text: str) -> Head:
    """`NUMBER:DIGEST`, as published; ValueError for anything else."""
    number, _, hexadecimal = text.partition(":")
    if len(hexadecimal) != len(FIRST) or not number.isascii() or not number.isdigit():
        raise ValueError("not NUMBER:DIGEST")
    return Head(int(number), hexadecimal)


def told(row: Row) -> dict[str, object]:
    """A record for people and machines to read."""
    table: dict[str, object] = json.loads(row.record)
    return {name: table[name] for name in ("number", *_TOLD)} | {"digest": row.digest}


_TOLD = ("role", "what", "at", "boot", "monotonic", "assignment", "fields")


def _previous(row: Row) -> str | None:
    """The digest that a record names as the one before it; None if it is not what its own digest says."""
    if digest(row.record) != row.digest:
        return None
    try:
        table = json.loads(row.record)
        return str(table["previous"]) if table["number"] == row.number else None
    except (ValueError, TypeError, LookupError):
        return None


def _allowed(fields: Fields) -> dict[str, object]:
    return {name: _short(value) for name, value in fields.items() if name not in _NEVER and value is not None}


def _short(value: Scalar | list[str]) -> object:
    if isinstance(value, list):
        return [text[:_TEXT_LONGEST] for text in value]
    return value[:_TEXT_LONGEST] if isinstance(value, str) else value
