"""The instruments: the register, looking after them, exchanging one, and lending one away and taking it back."""

from collections.abc import Mapping

from gateway.acts.api import AT, Act, Context, Listed, Param, Params, Result, Role
from gateway.acts.assignment import DEVICE_PATTERN, Wanted, give, parse_device, unfinished
from gateway.assignments import unfinished as unfinished_of
from gateway.deviation import event
from gateway.errors import RefusedError
from gateway.store.audit import moment
from gateway.store.equipment import Entry

# What the register tells of an instrument beside what people did with it; the serial number stays on the hub.
_FACTS = ("manufacturer", "model", "firmware", "hardware", "battery", "last_seen")
_LOCAL_FACTS = (*_FACTS, "serial")


def _list(_params: Params, context: Context) -> Result:
    entries = {entry.device: entry for entry in context.store.equipment.all()}
    listed = {one.ref: one for one in context.devices.values()}
    serving = {row.device: row.tenure for row in context.store.assignments.tenures() if row.tenure.until is None}
    tables = []
    for ref in sorted(entries.keys() | listed.keys()):
        tenure = serving.get(ref)
        tables.append(
            {
                **_table(ref, entries.get(ref), listed.get(ref), context),
                "assignment": tenure.assignment if tenure else None,
                "baseline": None if tenure is None else "taken" if tenure.baseline.done else "pending",
            }
        )
    return {"equipment": tables}


def _table(ref: str, entry: Entry | None, listed: Listed | None, context: Context) -> dict[str, object]:
    twin = context.store.twin(ref)
    name = listed.name if listed else entry.name if entry else ref
    kind = listed.kind if listed else entry.kind if entry else None
    table: dict[str, object] = {"device": name, "ref": ref, "kind": kind, "configured": listed is not None}
    table |= {fact: twin.get(fact) for fact in (_LOCAL_FACTS if context.local else _FACTS)}
    if entry is None:
        return {**table, "state": "new"}
    return {
        **table,
        "state": "in-use" if entry.reason is None else "retired",
        "installed_at": entry.installed_at,
        "installed_by": entry.installed_by,
        "checked_at": entry.checked_at,
        "checked_by": entry.checked_by,
        "retired_at": entry.retired_at,
        "reason": entry.reason,
        "replaced_by": entry.replaced_by,
    }


def _registered(name: object, context: Context) -> Entry:
    """The instrument of that name that is in use, whether the configuration still has it or not."""
    listed = context.devices.get(str(name))
    known = [e for e in context.store.equipment.all() if (e.name == name if listed is None else e.device == listed.ref)]
    if known and all(e.reason is not None for e in known):
        raise RefusedError("equipment-retired", str(name))
    if listed is not None:
        context.store.equipment.install(listed.ref, listed.name, listed.kind, context.known_now(), context.role)
        return next(e for e in context.store.equipment.all() if e.device == listed.ref)
    if not known:
        raise RefusedError("act-unknown-device", str(name))
    return next(e for e in known if e.reason is None)


def _check(params: Params, context: Context) -> Result:
    entry = _registered(params["device"], context)
    context.store.equipment.check(entry.device, context.known_now(), context.role)
    return {"device": entry.name, "ref": entry.device}


def _replace(params: Params, context: Context) -> Result:
    old, new = _registered(params["old"], context), context.device(params["new"])
    if new.ref == old.device:
        raise RefusedError("equipment-same")
    if new.ref in context.store.equipment.retired():
        raise RefusedError("equipment-retired", new.name)
    now = context.now()
    serving = [r.tenure for r in context.store.assignments.tenures(old.device) if r.tenure.until is None]
    one = unfinished_of(context.store.assignments.all())
    context.store.equipment.install(new.ref, new.name, new.kind, now, context.role)
    context.store.equipment.retire(old.device, now, str(params["reason"]), new.ref)
    context.store.assignments.take(old.device, now)
    moved = one is not None and any(tenure.assignment == one.id for tenure in serving)
    if one is not None and moved:
        # The slots of the old one mean nothing on another.
        give(Wanted(new, None), one.id, max(now, one.start), context)
    return _changed(
        "replace",
        {"old": old.device, "device": new.ref, "assignment": one.id if one and moved else None},
        params,
        context,
    )


def _give(params: Params, context: Context) -> Result:
    wanted, one, now = parse_device(str(params["device"]), context), unfinished(context), context.now()
    give(wanted, one.id, max(now, one.start), context)
    return _changed("give", {"device": wanted.listed.ref, "assignment": one.id}, params, context)


def _take(params: Params, context: Context) -> Result:
    entry = _registered(params["device"], context)
    serving = [r.tenure for r in context.store.assignments.tenures(entry.device) if r.tenure.until is None]
    if not serving:
        raise RefusedError("equipment-idle", entry.name)
    context.store.assignments.take(entry.device, context.now())
    return _changed("take", {"device": entry.device, "assignment": serving[-1].assignment}, params, context)


def _changed(what: str, fields: Mapping[str, object], params: Params, context: Context) -> Result:
    if what != "give":
        context.deviate(context.role, "equipment", {"cause": what, **fields})
    told = {"what": what, "role": context.role, **fields}
    context.store.events.add(event("swap" if what == "replace" else "assign", moment(context.env), told))
    return {"what": what, **fields, "reason": params.get("reason")}


_ALL: tuple[Role, ...] = ("coordinator", "installer", "nurse", "support", "auditor")
_REASON = Param("reason", required=True)
LIST = Act(name="equipment.list", roles=_ALL, perform=_list, writes=False)
CHECK = Act(
    name="equipment.check",
    roles=("installer", "coordinator", "nurse"),
    params=(Param("device", required=True),),
    perform=_check,
    audited=lambda _params, result: {"device": result["ref"]},
)
REPLACE = Act(
    name="equipment.replace",
    roles=("installer", "coordinator"),
    params=(Param("old", required=True), Param("new", required=True), _REASON, AT),
    perform=_replace,
    audited=lambda _params, result: result,
)
GIVE = Act(
    name="equipment.give",
    roles=("installer", "coordinator"),
    params=(Param("device", required=True, pattern=DEVICE_PATTERN), AT),
    perform=_give,
    audited=lambda _params, result: result,
)
TAKE = Act(
    name="equipment.take",
    roles=("installer", "coordinator"),
    params=(Param("device", required=True), _REASON, AT),
    perform=_take,
    audited=lambda _params, result: result,
)
