"""The guard at the door: what is about to be published, looked through for anything that points to a person. Pure.

Everything is looked through but `values`, which hold measurements and nothing else. A hit says where and what, never
the text.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from gateway.privacy import Finding, in_foreign, in_text

REASON: Final = "personal-data"

# Numbers as text, by their key and form: seconds between clocks may have as many digits as a telephone number.
_NUMBERS = frozenset(("offset_s", "uncertainty_s", "monotonic"))
# What devices and the system's own parts say of themselves.
_FOREIGN = frozenset(
    ("manufacturer", "model", "firmware", "hardware", "software", "version", "python", "sqlite", "kernel")
)
_NUMBER = re.compile(r"-?\d{1,10}(\.\d{1,6})?")
_MACHINE_MADE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?([+-]\d\d:\d\d|Z)?"
)


def is_machine_made(text: str) -> bool:
    """Whether a text is a reading's id or an instant: their digits are nobody's."""
    return _MACHINE_MADE.fullmatch(text) is not None


def screen(topic: str, payload: bytes) -> str | None:
    """The place and kind of the first thing that must not be published (`device.name: person-name`); None if it may."""
    if hit := _topic(topic):
        return f"topic: {hit.what}"
    if not payload:
        return None
    try:
        document = json.loads(payload)
    except ValueError:
        # Never sent by the hub itself; looked through as it stands.
        document = payload.decode(errors="replace")
    found = _find(document, "")
    return None if found is None else f"{found.path or 'payload'}: {found.what}"


class _Found(NamedTuple):
    path: str
    what: str

    def inside(self, place: str) -> "_Found":
        """The same, seen from one level further out."""
        gap = "" if not self.path or self.path.startswith("[") else "."
        return _Found(f"{place}{gap}{self.path}", self.what)


# Every message passes here, and hardly one is ever refused: a path is put together only for what is found.
def _find(thing: object, key: str) -> _Found | None:
    if isinstance(thing, str):
        hit = _judged(key, thing)
        return None if hit is None else _Found("", hit.what)
    if isinstance(thing, dict):
        return _find_in_table(thing)
    if isinstance(thing, list):
        for place, value in enumerate(thing):
            if found := _find(value, ""):
                return found.inside(f"[{place}]")
    return None


def _find_in_table(table: Mapping[str, object]) -> _Found | None:
    for key, value in table.items():
        if hit := _foreign(key):
            return _Found("", hit.what)
        if key != "values" and (found := _find(value, key)):
            return found.inside(key)
    return None


def _judged(key: str, text: str) -> Finding | None:
    if key in _NUMBERS and _NUMBER.fullmatch(text):
        return None
    return _foreign(text) if key in _FOREIGN else _text(text)


# The same few words stand in every message.
@lru_cache(maxsize=512)
def _text(text: str) -> Finding | None:
    return None if _MACHINE_MADE.fullmatch(text) else in_text(text)


@lru_cache(maxsize=512)
def _foreign(text: str) -> Finding | None:
    return in_foreign(text)


@lru_cache(maxsize=64)
def _topic(topic: str) -> Finding | None:
    for word in topic.split("/"):
        if hit := _judged("", word):
            return hit
    return None
