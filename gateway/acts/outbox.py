"""Readings that were refused: counting them, and offering them again by somebody's word."""

from gateway.acts.api import Act, Context, Param, Params, Result
from gateway.errors import RefusedError
from gateway.screening import REASON
from gateway.store.outbox import Refused

# As many as one transaction should hold; asked for again, the act offers the next.
_AT_ONCE = 1000
_WHICH = (Param("kind", pattern=r"[a-z-]{1,40}"), Param("because", pattern=r"[a-z0-9-]{1,60}"))


def _which(params: Params, context: Context) -> list[Refused]:
    return [
        one
        for one in context.store.outbox.refused()
        if params.get("kind") in (None, one.kind) and params.get("because") in (None, one.reason)
    ]


def _list(params: Params, context: Context) -> Result:
    return {
        "refused": [
            {"kind": one.kind, "reason": one.reason, "readings": one.readings} for one in _which(params, context)
        ]
    }


def _retry(params: Params, context: Context) -> Result:
    outbox = context.store.outbox
    # What points to a person is refused again by the hub itself, unless somebody asks for just that.
    chosen = [one for one in _which(params, context) if one.reason != REASON or params.get("because") == REASON]
    if not chosen:
        raise RefusedError("outbox-none-refused")
    given: list[tuple[bytes, int]] = []
    for one in chosen:
        given += outbox.offer(one.kind, one.reason, _AT_ONCE - len(given), outbox.last_seq + len(given) + 1)
    context.after.append(lambda: outbox.given(given))
    return {"offered": len(given), "left": sum(one.readings for one in chosen) - len(given)}


LIST = Act(
    name="outbox.list",
    roles=("coordinator", "installer", "nurse", "support", "auditor"),
    params=_WHICH,
    perform=_list,
    writes=False,
)
RETRY = Act(
    name="outbox.retry",
    roles=("coordinator", "installer", "support"),
    params=_WHICH,
    perform=_retry,
    audited=lambda params, result: {**params, **result},
)
