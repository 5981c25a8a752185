"""Deviations (avvik): what went wrong with readings, numbered, each with cause, effect and who should act. Pure.

The rule by which they are counted: what happens again with the same type, cause, device and assignment while a
deviation is open is counted in it, and is a new one after that was closed. Acts of people (`forced`, `wipe`,
`equipment`) are each a deviation of their own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from gateway.audit import Role, When
from gateway.reading import Reading, instant_text
from gateway.screening import REASON
from gateway.topics import EVENT_SCHEMA

Type = Literal[
    "lost", "late", "foreign", "unattributed", "clock", "undecodable", "personal-data", "wipe", "forced", "equipment"
]
TYPES: tuple[Type, ...] = get_args(Type)

# Whom the next step falls to. Each type has one.
OWNERS: Mapping[Type, Role] = {
    "lost": "support",
    "late": "support",
    "foreign": "coordinator",
    "unattributed": "coordinator",
    "clock": "installer",
    "undecodable": "support",
    "personal-data": "coordinator",
    "wipe": "support",
    "forced": "coordinator",
    "equipment": "coordinator",
}
_EACH_ALONE: frozenset[Type] = frozenset(("wipe", "forced", "equipment"))


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something went wrong. `cause` is a stable word, `readings` how many it concerns (0: none, or nobody knows)."""

    type: Type
    cause: str
    readings: int = 1
    device: str | None = None
    assignment: str | None = None

    @property
    def episode(self) -> str | None:
        """What it is counted together with; None if it stands alone."""
        if self.type in _EACH_ALONE:
            return None
        return "|".join((self.type, self.cause, self.device or "", self.assignment or ""))


@dataclass(frozen=True, slots=True)
class Closing:
    """Who closed a deviation, when, and what was done."""

    role: str
    action: str
    when: When


@dataclass(frozen=True, slots=True)
class Deviation:
    """One record; `what.readings` counts so far."""

    number: int
    what: Occurrence
    when: When
    closed: Closing | None

    @property
    def owner(self) -> Role:
        """Who should act."""
        return OWNERS[self.what.type]

    def table(self, hub: str) -> dict[str, object]:
        """For people and machines to read; times are null while the hub did not know the time."""
        closed = self.closed
        return {
            "number": self.number,
            "at": at_text(self.when),
            "boot": self.when.boot,
            "type": self.what.type,
            "cause": self.what.cause,
            "readings": self.what.readings,
            "hub": hub,
            "device": self.what.device,
            "assignment": self.what.assignment,
            "owner": self.owner,
            "state": "open" if closed is None else "closed",
            "closed_at": None if closed is None else at_text(closed.when),
            "closed_by": None if closed is None else closed.role,
            "action": None if closed is None else closed.action,
        }


COLUMNS: tuple[str, ...] = (
    "number", "at", "boot", "type", "cause", "readings", "hub", "device", "assignment", "owner", "state",
    "closed_at", "closed_by", "action",
)  # fmt: skip


def held_back(reading: Reading, reason: str = "") -> Occurrence:
    """A reading that is not sent, because it is another person's or nobody knows whose; `reason` as it was judged."""
    found = reading.attribution
    kind: Type = "foreign" if found.status == "foreign" else "unattributed"
    return Occurrence(kind, reason or found.method, 1, reading.device.ref, reading.assignment)


def undatable(reading: Reading) -> Occurrence:
    """A reading that is sent without a time."""
    cause = "hub-clock" if reading.time.hub_clock == "unsynchronised" else "device-clock"
    return Occurrence("clock", cause, 1, reading.device.ref, reading.assignment)


def unsendable(reason: str, device: str) -> Occurrence:
    """A reading that was refused for good."""
    return Occurrence("personal-data" if reason == REASON else "lost", reason, 1, device)


def at_text(when: When) -> str | None:
    """The instant as text; None while the hub did not know the time."""
    return None if when.at is None else instant_text(when.at)


def event(name: str, when: When, fields: Mapping[str, object]) -> dict[str, object]:
    """`dho.event/1`: something happened, at `when`."""
    return {"schema": EVENT_SCHEMA, "type": name, "at": at_text(when), "boot": when.boot, **fields}


def csv(deviations: Iterable[Deviation], hub: str) -> str:
    """A table for the quality system: comma-separated (RFC 4180), a line of names first."""
    lines = [",".join(COLUMNS)]
    lines += [",".join(_cell(one.table(hub)[name]) for name in COLUMNS) for one in deviations]
    return "".join(f"{line}\r\n" for line in lines)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    # A spreadsheet takes what begins so for a formula, and people wrote some of this.
    text = f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text
    quoted = text.replace('"', '""')
    return f'"{quoted}"' if set(text) & set(',"\r\n') else text
