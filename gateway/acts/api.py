"""What an act is: something a person decides about this hub, by the command line or from afar.

An act is a frozen value: its name, who may ask for it, what it must be told, and a function that does it. What it gives
is a JSON object with stable English keys. It refuses with a RefusedError, whose reason is a key of the catalogue.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from gateway.env import Env, wall_clock
from gateway.errors import RefusedError
from gateway.privacy import in_identifier
from gateway.screening import is_machine_made
from gateway.store import Store
from gateway.timebase import believed

Role = Literal["coordinator", "installer", "nurse", "support", "auditor"]
ROLES: tuple[Role, ...] = ("coordinator", "installer", "nurse", "support", "auditor")

Params = Mapping[str, object]
Result = dict[str, object]

INSTANT_PATTERN = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})"

_TEXT = 200
_MANY = 50


@dataclass(frozen=True, slots=True)
class Param:
    """One thing an act is told: a text (`pattern` must fit it whole), a list of texts, a number, or yes and no."""

    name: str
    kind: Literal["text", "texts", "number", "flag"] = "text"
    required: bool = False
    pattern: str = r".+"
    low: int = 0
    high: int = 10_000


# The act after which nothing of a person is on the hub.
WIPES = "wipe"
# What time it is, told by whoever asks, for a hub that does not know.
AT = Param("at", pattern=INSTANT_PATTERN)


@dataclass(frozen=True, slots=True)
class Listed:
    """A device of the configuration, as acts know it: by the installer's word outside, by its reference inside.

    `users` are the slots the configuration gives to the person followed; `visit`: it is the visitor's own;
    `memory`: it may keep readings and hand them over later; `radio`: it is paired, not plugged in.
    """

    ref: str
    name: str
    kind: str
    users: tuple[int, ...] | None = None
    household: bool = False
    visit: bool = False
    memory: bool = True
    radio: bool = False


def checked_act_id(text: str) -> str:
    """The id under which an act is asked for, if it is one and points to nobody; RefusedError otherwise."""
    if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text) is None:
        raise RefusedError("act-parameter", "act-id")
    found = in_identifier(text)
    if found:
        raise RefusedError(f"personal-{found.what}", "act-id")
    return text


def nothing_unkept() -> int:
    """Where nothing waits in memory."""
    return 0


def no_record(_role: Role, _what: str, _fields: Mapping[str, object]) -> None:
    """Where nobody keeps a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an act may use. `audit(role, what, fields)` and `deviate(type, fields)` write inside the act's transaction.

    `role` is who asks; `act` the id of this act; `local` False: what it gives leaves the hub. What must wait until the
    transaction is durable is put into `after`. `told` is what time it is, by whoever asks. `unkept` counts readings
    that wait in memory because the store has not taken them.
    """

    store: Store
    env: Env
    hub: str
    zone: ZoneInfo
    devices: Mapping[str, Listed]
    audit: Callable[[Role, str, Mapping[str, object]], None] = no_record
    deviate: Callable[[Role, str, Mapping[str, object]], None] = no_record
    role: Role = "coordinator"
    act: str = ""
    local: bool = True
    told: datetime | None = None
    unkept: Callable[[], int] = nothing_unkept
    after: list[Callable[[], None]] = field(default_factory=list)

    def now(self) -> datetime:
        """Wall time (aware), as far as the hub's clock is believed, else as told; RefusedError if nobody knows."""
        now, told = self.known_now(), self.told
        if told is None:
            if now is None:
                raise RefusedError("act-clock-unknown")
            return now
        if now is not None:
            raise RefusedError("act-clock-known")
        floor = self.store.undated.floor()
        if floor is not None and told < floor:
            raise RefusedError("act-at-past")
        return told

    def known_now(self) -> datetime | None:
        """The same; None while the clock is not believed."""
        now, state = wall_clock(self.env)
        floor = self.store.undated.floor()
        if floor is not None:
            state = believed(state, now, floor)
        return None if state == "unsynchronised" else now

    def device(self, name: object) -> Listed:
        """The device of that name; RefusedError if the configuration has none."""
        found = self.devices.get(str(name))
        if found is None:
            raise RefusedError("act-unknown-device", str(name))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One of them.

    `roles`: who may ask, the usual one first. `writes` False: it only looks, and is not in the audit. `atomic` False:
    it does more than one transaction can hold, and goes on where it was when it is asked for again. `audited` gives
    what the audit keeps of its parameters and its result.
    """

    name: str
    roles: tuple[Role, ...]
    perform: Callable[[Params, Context], Result]
    params: tuple[Param, ...] = ()
    writes: bool = True
    atomic: bool = True
    audited: Callable[[Params, Result], Mapping[str, object]] = field(default=lambda params, _result: dict(params))

    def checked(self, params: Params, role: str) -> Params:
        """The parameters, if they are what this act takes and `role` may ask for it; RefusedError otherwise."""
        if role not in self.roles:
            raise RefusedError("act-role", f"{self.name}: {', '.join(self.roles)}")
        known = {param.name: param for param in self.params}
        for name in params:
            if name not in known:
                raise RefusedError("act-parameter", f"{self.name}: {name}")
        for param in self.params:
            _check(param, params.get(param.name))
        return params


def _check(param: Param, value: object) -> None:
    if value is None:
        fits = not param.required
    elif param.kind == "text":
        fits = _is_text(value, param.pattern)
    elif param.kind == "texts":
        fits = isinstance(value, list) and len(value) <= _MANY and all(_is_text(v, param.pattern) for v in value)
    elif param.kind == "number":
        fits = isinstance(value, int) and not isinstance(value, bool) and param.low <= value <= param.high
    else:
        fits = isinstance(value, bool)
    if not fits:
        raise RefusedError("act-parameter", param.name)
    for text in value if isinstance(value, list) else [value]:
        found = in_identifier(text) if isinstance(text, str) and not is_machine_made(text) else None
        if found:
            raise RefusedError(f"personal-{found.what}", param.name)


def _is_text(value: object, pattern: str) -> bool:
    return isinstance(value, str) and len(value) <= _TEXT and re.fullmatch(pattern, value) is not None
