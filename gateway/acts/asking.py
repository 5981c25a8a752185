"""Brings an act to where the store is: does it here if nobody owns the store, else asks the daemon that does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.acts.api import Act, Context, checked_act_id
from gateway.acts.performing import Performer
from gateway.env import Env
from gateway.errors import RefusedError, TransientError
from gateway.store import Store
from gateway.store.acts import ActRow, Acts, acts_beside

_LOOK_S = 0.1
# The daemon looks once a second; it may be busy with a card that is slow.
_PATIENCE_S = 10.0
_PROGRESS_S = 2.0
# What has begun, such as a wipe, goes on whoever waits; a large database on a slow card takes its time.
_LONG_S = 300.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: the same `id` is done once, however often it is asked for."""

    id: str
    name: str
    params: Mapping[str, object]
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How to reach the store: its directory, how it is opened, what acts are given, and who is told of the waiting."""

    directory: Path
    open: Callable[[], Store]
    context: Callable[[Store], Context]
    acts: Mapping[str, Act]
    waiting: Callable[[float], None]


async def ask(asked: Asked, way: Way, env: Env) -> ActRow:
    """The act with what came of it. TransientError `act-no-answer` when the daemon does not answer: nothing was done;
    `act-goes-on` when it has begun and takes long.

    Cancelled, it takes the act back. RefusedError when the store cannot be used.
    """
    act = way.acts.get(asked.name)
    if act is None:
        raise RefusedError("act-unknown", asked.name)
    # What may not enter is not even written down to be refused.
    checked_act_id(asked.id)
    act.checked(asked.params, asked.role)
    store = _own(way)
    if store is not None:
        return _perform(store, asked, way)
    with acts_beside(way.directory) as acts:
        acts.ask(asked.id, asked.name, asked.params, asked.role, env.now())
        try:
            return await _answer(acts, asked, way, env)
        finally:
            acts.withdraw(asked.id)


async def _answer(acts: Acts, asked: Asked, way: Way, env: Env) -> ActRow:
    began = told = env.monotonic()
    patience = _PATIENCE_S
    while env.monotonic() - began < patience:
        row = acts.find(asked.id)
        if row is not None and row.state == "begun":
            patience = _LONG_S
        elif row is not None and row.state != "asked":
            return row
        if env.monotonic() - told >= _PROGRESS_S:
            told = env.monotonic()
            way.waiting(told - began)
            # The daemon may have ended in between.
            store = _own(way)
            if store is not None:
                return _perform(store, asked, way)
        await env.sleep(_LOOK_S)
    if acts.withdraw(asked.id) or (row := acts.find(asked.id)) is None:
        raise TransientError("act-no-answer")
    if row.state == "begun":
        raise TransientError("act-goes-on")
    return row


def _own(way: Way) -> Store | None:
    """The store, if nobody has it."""
    try:
        return way.open()
    except RefusedError as error:
        if error.reason != "store-in-use":
            raise
        return None


def _perform(store: Store, asked: Asked, way: Way) -> ActRow:
    try:
        context = way.context(store)
        store.acts.ask(asked.id, asked.name, asked.params, asked.role, context.known_now())
        Performer(context, lambda: way.acts, lambda _event, _fields: None, lambda _name: None).perform_waiting()
        row = store.acts.find(asked.id)
    finally:
        store.close()
    if row is None:
        raise TransientError("act-no-answer")
    return row
