"""What a hub sends, read and checked: place and reason of the first mistake, whatever the bytes. Pure.

Keys that are not known are ignored, as the contract asks of consumers.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.receiver.ledger import Ledger
from gateway.topics import AMEND_SCHEMA, KINDS, LEDGER_SCHEMA, READING_SCHEMA, VOID_SCHEMA

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LAST_SEQ = 2**53 - 1
_LONGEST_WORD = 200
_LONGEST_LEDGER = 1_000_000

_SOURCES = ("device", "hub", "none")
_ORIGINS = ("live", "stored", "replayed")
_ACQUISITIONS = ("automatic", "manual", "visit")
_STATUSES = ("valid", "questionable", "invalid")
_ATTRIBUTIONS = ("assigned", "uncertain", "foreign")
_ABSENT = ("not-a-number", "positive-infinity", "negative-infinity", "error", "out-of-range")


class BadMessageError(ValueError):
    """A message that is not of the contract: `place` is a path in it (empty: the whole), `reason` what is wrong."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place or 'message'}: {reason}")
        self.place = place
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Reading:
    """What the receiver must know of a reading; its content stays as it came."""

    id: str
    hub: str
    epoch: str
    seq: int
    kind: str


@dataclass(frozen=True, slots=True)
class Void:
    """Places that will not be delivered."""

    epoch: str
    first: int
    last: int
    reason: str


@dataclass(frozen=True, slots=True)
class Amend:
    """What became known of a reading after it was sent."""

    id: str
    reason: str
    status: str


def parse_reading(payload: bytes, hub: str, kind: str) -> Reading:
    """A `dho.reading/1` that came on this hub's topic of this kind."""
    table = _table(payload, READING_SCHEMA)
    for place, check in _READING:
        check(table, place)
    _same(table, "hub", hub)
    _same(table, "device.kind", kind)
    if (table["measured_at"] is None) != (table["time"]["source"] == "none"):
        raise BadMessageError("measured_at", "does not fit time.source")
    for index, value in enumerate(table["values"]):
        _check_value(value, f"values[{index}]")
    return Reading(table["id"], hub, table["epoch"], table["seq"], kind)


def parse_void(payload: bytes) -> Void:
    """A `dho.void/1`."""
    table = _table(payload, VOID_SCHEMA)
    for place, check in (("epoch", _word), ("from", _seq), ("to", _seq), ("reason", _word)):
        check(table, place)
    if table["from"] > table["to"]:
        raise BadMessageError("to", "lies before from")
    return Void(table["epoch"], table["from"], table["to"], table["reason"])


def parse_amend(payload: bytes) -> Amend:
    """A `dho.amend/1`."""
    table = _table(payload, AMEND_SCHEMA)
    for place, check in (("id", _uuid), ("reason", _word), ("status", _word)):
        check(table, place)
    return Amend(table["id"], table["reason"], table["status"])


def parse_ledger(payload: bytes) -> Ledger:
    """A `dho.ledger/1`."""
    table = _table(payload, LEDGER_SCHEMA)
    checks = (("epoch", _word), ("from", _seq), ("to", _seq), ("count", _seq), ("sha256", _sha256))
    for place, check in checks:
        check(table, place)
    if table["from"] > table["to"]:
        raise BadMessageError("to", "lies before from")
    if table["to"] - table["from"] >= _LONGEST_LEDGER:
        raise BadMessageError("to", f"more than {_LONGEST_LEDGER} places after from")
    return Ledger(table["epoch"], table["from"], table["to"], table["count"], table["sha256"])


def parse_word(payload: bytes, key: str) -> str:
    """One word of a document: `state` of a hub's state, `epoch` of what it says about itself."""
    table = _object(payload)
    _word(table, key)
    return str(table[key])


def same_content(one: bytes, other: bytes) -> bool:
    """Whether two messages say the same, however they are written."""
    return one == other or bool(_object(one) == _object(other))


def same_act(one: bytes, other: bytes) -> bool:
    """Whether two readings tell of the same act: device and values; a new epoch dates and numbers it anew."""
    first, second = _object(one), _object(other)
    return bool(first["values"] == second["values"] and first["device"]["ref"] == second["device"]["ref"])


def _table(payload: bytes, schema: str) -> dict[str, Any]:
    table = _object(payload)
    _same(table, "schema", schema)
    return table


def _object(payload: bytes) -> dict[str, Any]:
    try:
        table = json.loads(payload.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadMessageError("", "not JSON") from error
    if not isinstance(table, dict):
        raise BadMessageError("", "not an object")
    return table


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _at(table: dict[str, Any], place: str) -> Any:
    found: Any = table
    for key in place.split("."):
        if not isinstance(found, dict) or key not in found:
            raise BadMessageError(place, "missing")
        found = found[key]
    return found


def _must(holds: bool, place: str, reason: str) -> None:
    if not holds:
        raise BadMessageError(place, reason)


def _same(table: dict[str, Any], place: str, expected: str) -> None:
    _must(_at(table, place) == expected, place, f"not {expected}")


def _word(table: dict[str, Any], place: str) -> None:
    found = _at(table, place)
    _must(isinstance(found, str) and 0 < len(found) <= _LONGEST_WORD, place, "not a word")


def _seq(table: dict[str, Any], place: str) -> None:
    found = _at(table, place)
    whole = isinstance(found, int) and not isinstance(found, bool)
    _must(whole and 1 <= found <= _LAST_SEQ, place, "not a place in a sequence")


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[dict[str, Any], str], None]:
    def check(table: dict[str, Any], place: str) -> None:
        found = _at(table, place)
        _must(isinstance(found, str) and pattern.fullmatch(found) is not None, place, f"not {what}")

    return check


_uuid = _matching(_UUID, "a UUID")
_sha256 = _matching(_SHA256, "a SHA-256")


def _instant(table: dict[str, Any], place: str) -> None:
    found = _at(table, place)
    _must(isinstance(found, str) and _INSTANT.fullmatch(found) is not None, place, "not an instant with offset")
    try:
        datetime.fromisoformat(found)
    except ValueError as error:
        raise BadMessageError(place, "not a possible instant") from error


def _instant_or_null(table: dict[str, Any], place: str) -> None:
    if _at(table, place) is not None:
        _instant(table, place)


def _one_of(words: tuple[str, ...]) -> Callable[[dict[str, Any], str], None]:
    def check(table: dict[str, Any], place: str) -> None:
        found = _at(table, place)
        _must(isinstance(found, str) and found in words, place, f"not one of {', '.join(words)}")

    return check


def _words(table: dict[str, Any], place: str) -> None:
    found = _at(table, place)
    _must(isinstance(found, list) and all(isinstance(word, str) for word in found), place, "not a list of words")


def _some(table: dict[str, Any], place: str) -> None:
    found = _at(table, place)
    _must(isinstance(found, list) and len(found) > 0, place, "not a list of at least one")


def _check_value(entry: Any, place: str) -> None:
    if not isinstance(entry, dict):
        raise BadMessageError(place, "not an object")
    for key in ("type", "unit"):
        _must(isinstance(entry.get(key), str), f"{place}.{key}", "not a word")
    value = entry.get("value", "")
    if value is None:
        _must(entry.get("absent") in _ABSENT, f"{place}.absent", "does not say why there is no value")
    else:
        decimal = isinstance(value, str) and _DECIMAL.fullmatch(value) is not None
        _must(decimal, f"{place}.value", "not a decimal as a string")


_READING: tuple[tuple[str, Callable[[dict[str, Any], str], None]], ...] = (
    ("id", _uuid),
    ("hub", _word),
    ("epoch", _word),
    ("seq", _seq),
    ("boot", _word),
    ("device.ref", _word),
    ("device.kind", _one_of(KINDS)),
    ("measured_at", _instant_or_null),
    ("time.source", _one_of(_SOURCES)),
    ("received_at", _instant_or_null),
    ("origin", _one_of(_ORIGINS)),
    ("acquisition", _one_of(_ACQUISITIONS)),
    ("values", _some),
    ("quality.status", _one_of(_STATUSES)),
    ("quality.flags", _words),
    ("attribution.status", _one_of(_ATTRIBUTIONS)),
)
