"""Readings that are held back: counting them, and letting them go or deleting them by somebody's word."""

from collections import Counter
from collections.abc import Mapping

from gateway.acts.api import Act, Context, Listed, Param, Params, Result
from gateway.errors import RefusedError
from gateway.store.held import HeldRow

_ID_PATTERN = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_WORD = r"[a-z-]{1,40}"
# Which of them: by id, or all that have a device, a status, a reason.
_WHICH = (
    Param("ids", "texts", pattern=_ID_PATTERN),
    Param("device"),
    Param("status", pattern="uncertain|foreign"),
    Param("because", pattern=_WORD),
)
_SHOWN = 200


def _which(params: Params, context: Context) -> list[HeldRow]:
    ids, device = params.get("ids"), params.get("device")
    ref = None if device is None else context.device(device).ref
    return [
        row
        for row in context.store.holding.rows()
        if (not isinstance(ids, list) or row.id in ids)
        and ref in (None, row.device)
        and params.get("status") in (None, row.status)
        and params.get("because") in (None, row.reason)
    ]


def _list(params: Params, context: Context) -> Result:
    rows = _which(params, context)
    names = {listed.ref: listed for listed in context.devices.values()}
    counts = Counter((row.status, row.reason, row.device) for row in rows)
    return {
        "counts": [
            {"status": status, "reason": reason, "device": _name(ref, names), "readings": count}
            for (status, reason, ref), count in sorted(counts.items())
        ],
        "readings": [
            {
                "id": row.id,
                "kind": row.kind,
                "status": row.status,
                "reason": row.reason,
                "device": _name(row.device, names),
                "assignment": row.assignment,
                "received_at": row.received_at,
            }
            for row in rows[:_SHOWN]
        ],
    }


def _name(ref: str, names: Mapping[str, Listed]) -> str:
    return names[ref].name if ref in names else ref


def _chosen(params: Params, context: Context) -> list[HeldRow]:
    """Somebody must say which ones; RefusedError if there are none such."""
    if not any(params.get(param.name) for param in _WHICH):
        raise RefusedError("held-which")
    rows, ids = _which(params, context), params.get("ids")
    if not rows or (isinstance(ids, list) and len(set(ids)) != len(rows)):
        raise RefusedError("held-unknown")
    return rows


def _release(params: Params, context: Context) -> Result:
    rows = _chosen(params, context)
    given = context.store.holding.release([row.id for row in rows])
    context.after.append(lambda: context.store.holding.released(given))
    return {"released": len(rows), "from": min(given.values()), "to": max(given.values()), **_told(params, rows)}


def _delete(params: Params, context: Context) -> Result:
    rows = _chosen(params, context)
    context.store.holding.delete([row.id for row in rows])
    context.deviate(context.role, "forced", {"cause": "held-deleted", "readings": len(rows)})
    return {"deleted": len(rows), **_told(params, rows)}


def _told(params: Params, rows: list[HeldRow]) -> Result:
    assignments = sorted({row.assignment for row in rows if row.assignment is not None})
    return {
        "reason": params["reason"],
        "assignment": assignments[0] if len(assignments) == 1 else None,
        "uncertain": sum(row.status == "uncertain" for row in rows),
        "foreign": sum(row.status == "foreign" for row in rows),
    }


_WHY = Param("reason", required=True)
LIST = Act(
    name="held.list",
    roles=("coordinator", "nurse", "support", "auditor"),
    params=_WHICH,
    perform=_list,
    writes=False,
)
RELEASE = Act(
    name="held.release",
    roles=("coordinator", "nurse"),
    params=(*_WHICH, _WHY),
    perform=_release,
    audited=lambda _params, result: result,
)
DELETE = Act(
    name="held.delete",
    roles=("coordinator",),
    params=(*_WHICH, _WHY),
    perform=_delete,
    audited=lambda _params, result: result,
)
