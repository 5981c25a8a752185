"""The guard at the door: what is about to be published, looked through for anything that points to a person. Pure.

Everything is looked through but `values`, which hold measurements and nothing else. A hit says where and what, never
the text.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

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


def screen(topic: str, payload: bytes) -> str | None:
    """The place and kind of the first thing that must not be published (`device.name: person-name`); None if it may."""
    for word in topic.split("/"):
        if hit := _text(word):
            return f"topic: {hit.what}"
    if not payload:
        return None
    try:
        document = json.loads(payload)
    except ValueError:
        # Never sent by the hub itself; looked through as it stands.
        document = payload.decode(errors="replace")
    return next(_hits(document, ""), None)


def _hits(thing: object, path: str) -> Iterator[str]:
    if isinstance(thing, Mapping):
        for key, value in thing.items():
            if hit := _foreign(str(key)):
                yield f"{path or 'payload'}: {hit.what}"
            elif key != "values":
                yield from _hits(value, f"{path}.{key}" if path else str(key))
    elif isinstance(thing, list):
        for place, value in enumerate(thing):
            yield from _hits(value, f"{path}[{place}]")
    elif isinstance(thing, str) and (hit := _judged(path.rpartition(".")[2], thing)):
        yield f"{path or 'payload'}: {hit.what}"


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
