"""Every MQTT topic and payload schema name: the only place where they are written.

Topics are `dho/1/{tenant}/{hub}/...`. Nothing personal stands in a topic; every word is checked when a topic is built
and when it is read, so that a name with `/`, `+` or `#` can never reach into another hub's subtree.
"""

import re
from dataclasses import dataclass
from typing import Literal

ROOT = "dho/1"

READING_SCHEMA = "dho.reading/1"
VOID_SCHEMA = "dho.void/1"
AMEND_SCHEMA = "dho.amend/1"
ACK_SCHEMA = "dho.ack/1"
LEDGER_SCHEMA = "dho.ledger/1"
STATE_SCHEMA = "dho.state/1"
ABOUT_SCHEMA = "dho.about/1"
HEALTH_SCHEMA = "dho.health/1"
DEVICE_SCHEMA = "dho.device/1"
EVENT_SCHEMA = "dho.event/1"
ALARM_SCHEMA = "dho.alarm/1"
COMMAND_SCHEMA = "dho.command/1"
RESULT_SCHEMA = "dho.result/1"
WIPE_SCHEMA = "dho.wipe/1"

KINDS = (
    "pulse-oximeter",
    "blood-pressure",
    "weight",
    "spirometry",
    "temperature",
    "heart-rate",
    "glucose",
    "body-composition",
)
VOID = "void"
AMEND = "amend"

TENANT_PATTERN = r"[a-z0-9-]{2,40}"
HUB_PATTERN = r"[a-z0-9-]{3,40}"
_WORD_PATTERN = r"[A-Za-z0-9_.-]{1,80}"

_TENANT = re.compile(TENANT_PATTERN)
_HUB = re.compile(HUB_PATTERN)
_WORD = re.compile(_WORD_PATTERN)

Family = Literal["state", "about", "health", "device", "reading", "event", "alarm", "ledger", "ack", "command"]
_WORDS_AFTER: dict[Family, tuple[int, ...]] = {
    "state": (0,),
    "about": (0,),
    "health": (0,),
    "ledger": (0,),
    "ack": (0,),
    "device": (1,),
    "reading": (1,),
    "event": (1,),
    "alarm": (1,),
    "command": (2, 3),
}
_RESULT = "result"


class TopicError(ValueError):
    """A word that may not stand in a topic, or a topic that is not of this project."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, read: whose it is, which family, and the words after it (`("weight",)` for `reading/weight`)."""

    tenant: str
    hub: str
    family: Family
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HubTopics:
    """The topics of one hub; TopicError for a tenant or hub that cannot stand in one."""

    tenant: str
    hub: str

    def __post_init__(self) -> None:
        _checked(self.tenant, _TENANT)
        _checked(self.hub, _HUB)

    @property
    def root(self) -> str:
        """The hub's subtree, without a closing slash."""
        return f"{ROOT}/{self.tenant}/{self.hub}"

    @property
    def state(self) -> str:
        """Whether the hub is there; retained, and the last will's topic."""
        return f"{self.root}/state"

    @property
    def about(self) -> str:
        """Versions, epoch, limits; retained."""
        return f"{self.root}/about"

    @property
    def health(self) -> str:
        """How the hub is; retained."""
        return f"{self.root}/health"

    @property
    def ledger(self) -> str:
        """Proof of completeness."""
        return f"{self.root}/ledger"

    @property
    def ack(self) -> str:
        """What the receiver has stored; receiver to hub."""
        return f"{self.root}/ack"

    @property
    def void(self) -> str:
        """Sequence numbers that can no longer be delivered."""
        return f"{self.root}/reading/{VOID}"

    @property
    def amend(self) -> str:
        """What became known of a reading after it was sent."""
        return f"{self.root}/reading/{AMEND}"

    @property
    def commands(self) -> str:
        """Filter for every command to this hub (not for their results)."""
        return f"{self.root}/command/+/+"

    def reading(self, kind: str) -> str:
        """Readings of one kind."""
        if kind not in KINDS:
            raise TopicError(f"unknown kind of reading {kind!r}")
        return f"{self.root}/reading/{kind}"

    def device(self, ref: str) -> str:
        """One device's twin; retained."""
        return f"{self.root}/device/{_checked(ref, _WORD)}"

    def event(self, name: str) -> str:
        """Something that happened."""
        return f"{self.root}/event/{_checked(name, _WORD)}"

    def alarm(self, name: str) -> str:
        """A technical alarm; retained while raised, cleared by an empty payload."""
        return f"{self.root}/alarm/{_checked(name, _WORD)}"

    def command(self, name: str, number: str) -> str:
        """One command; backend to hub."""
        return f"{self.root}/command/{_checked(name, _WORD)}/{_checked(number, _WORD)}"

    def result(self, name: str, number: str) -> str:
        """The answer to one command."""
        return f"{self.command(name, number)}/{_RESULT}"


def receiver_filters(tenant: str, hub: str | None) -> tuple[str, ...]:
    """What a receiver subscribes to, for one hub or for all of a tenant (`hub` None)."""
    root = f"{ROOT}/{_checked(tenant, _TENANT)}/{'+' if hub is None else _checked(hub, _HUB)}"
    return (f"{root}/reading/+", f"{root}/ledger", f"{root}/about", f"{root}/state")


def parse(topic: str) -> Topic:
    """Reads a topic; TopicError for any that is not of the contract."""
    head, words = topic.split("/")[:2], topic.split("/")[2:]
    if "/".join(head) != ROOT or len(words) < 3:
        raise TopicError("not a topic of this contract")
    tenant, hub, rest = _checked(words[0], _TENANT), _checked(words[1], _HUB), tuple(words[3:])
    for family, counts in _WORDS_AFTER.items():
        if family == words[2] and len(rest) in counts:
            return Topic(tenant, hub, family, _rest(family, rest))
    raise TopicError("not a topic of this contract")


def _rest(family: Family, rest: tuple[str, ...]) -> tuple[str, ...]:
    for word in rest:
        _checked(word, _WORD)
    if family == "reading" and rest[0] not in (*KINDS, VOID, AMEND):
        raise TopicError(f"unknown kind of reading {rest[0]!r}")
    if family == "command" and rest[2:] not in ((), (_RESULT,)):
        raise TopicError("not a topic of this contract")
    return rest


def _checked(word: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(word):
        raise TopicError(f"{word!r} may not stand in a topic")
    return word
