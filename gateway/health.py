"""What the hub tells of itself: facts in, documents out. Pure; nothing personal, no value, no address."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.reading import instant_text
from gateway.topics import ABOUT_SCHEMA, DEVICE_SCHEMA, HEALTH_SCHEMA, STATE_SCHEMA

Document = dict[str, object]


@dataclass(frozen=True, slots=True)
class Machine:
    """Resident memory of the daemon and free space of the store's disk in bytes; temperature in degrees Celsius.

    None: could not be read.
    """

    memory_bytes: int | None
    disk_free_bytes: int | None
    temperature_c: float | None


# What a reading takes on the card, rounded up: message and frames packed, its place, the rest of its page.
_BYTES_EACH = 400

# What may leave the hub of what is known of a device: a serial number or an address may not.
_TWIN_KEYS = (
    "manufacturer",
    "model",
    "firmware",
    "hardware",
    "software",
    "battery",
    "rssi",
    "bonded",
    "primed",
    "early_sender",
    "clock_skew_s",
    "last_seen",
    "last_reading_at",
)


def encode(document: Mapping[str, object]) -> bytes:
    """UTF-8 JSON, compact, keys in their order."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def state(word: str, boot: str, at: datetime | None) -> Document:
    """`init ready sleeping disconnected lost`; a last will has no moment (`at` None)."""
    document: Document = {"schema": STATE_SCHEMA, "state": word, "boot": boot}
    return document if at is None else {**document, "at": instant_text(at)}


def about(hub: str, epoch: str, boot: str, facts: Mapping[str, object]) -> Document:
    """What this hub is; `facts` are versions, drivers, limits and the like."""
    return {"schema": ABOUT_SCHEMA, "hub": hub, "epoch": epoch, "boot": boot, **facts}


def device(ref: str, fixed: Mapping[str, object], known: Mapping[str, object], now: Mapping[str, object]) -> Document:
    """One device's twin: what the configuration says, what the device told (only what may leave), how it is now."""
    told = {name: known[name] for name in _TWIN_KEYS if known.get(name) is not None}
    return {"schema": DEVICE_SCHEMA, "ref": ref, **fixed, **told, **now}


def health(at: datetime | None, boot: str, parts: Mapping[str, object], codes: Iterable[str]) -> Document:
    """How the hub is, at `at` (None: the hub does not know the time). `codes` are keys of the catalogue for whatever is
    wrong; empty when nothing is."""
    return {
        "schema": HEALTH_SCHEMA,
        **({} if at is None else {"at": instant_text(at)}),
        "boot": boot,
        "codes": sorted(set(codes)),
        **parts,
    }


def age_s(received_at: str | None, now: datetime) -> int | None:
    """Seconds since a stored instant; None for none or an unknown one; never negative, though clocks are set back."""
    if not received_at:
        return None
    return max(0, round((now - datetime.fromisoformat(received_at)).total_seconds()))


def days_left(room_bytes: int, per_day: float | None) -> int | None:
    """For how many days of readings there is room, at so many a day; None if that is not known, or none are stored."""
    return max(0, int(room_bytes / (per_day * _BYTES_EACH))) if per_day else None


def machine(found: Machine) -> Document:
    """Memory and disk in megabytes, temperature in degrees Celsius; what is unknown is left out."""
    values = {
        "memory_mb": None if found.memory_bytes is None else round(found.memory_bytes / 1e6, 1),
        "disk_free_mb": None if found.disk_free_bytes is None else round(found.disk_free_bytes / 1e6),
        "temperature_c": found.temperature_c,
    }
    return {name: value for name, value in values.items() if value is not None}
