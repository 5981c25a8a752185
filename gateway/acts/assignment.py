"""Assignments: making one, and looking at them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from gateway.acts.api import INSTANT_PATTERN, Act, Context, Listed, Param, Params, Result
from gateway.assignments import ID_PATTERN, LONGEST_DAYS, PURPOSES, Assignment, create, days_after, end_of, state
from gateway.assignments import unfinished as unfinished_of
from gateway.attribution import Tenure
from gateway.baseline import Baseline, nothing_to_remember
from gateway.deviation import event
from gateway.errors import RefusedError
from gateway.reading import instant_text
from gateway.store.assignments import Done
from gateway.store.audit import moment

DATE_PATTERN = r"\d{4}-\d{2}-\d{2}"
# A device by its name, with the slots of the person: `vekt:1,2`.
DEVICE_PATTERN = r"[^:]{1,40}(:\d{1,3}(,\d{1,3})*)?"

END_PARAMS = (
    Param("days", "number", low=1, high=LONGEST_DAYS),
    Param("until", pattern=rf"{DATE_PATTERN}|{INSTANT_PATTERN}"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A device that is to serve, with the person's slots (None: as the configuration says)."""

    listed: Listed
    users: tuple[int, ...] | None


def end_from(params: Params, start: datetime, context: Context) -> datetime | None:
    """The end that `days` (from `start`) or `until` (a day, which counts whole, or an instant) name; None for none."""
    days, until = params.get("days"), params.get("until")
    if days is not None and until is not None:
        raise RefusedError("act-parameter", "days, until")
    if isinstance(days, int):
        return days_after(start, days, context.zone)
    return None if until is None else _moment(str(until), context)


def _moment(text: str, context: Context) -> datetime:
    try:
        if len(text) == len("2026-01-12"):
            return end_of(date.fromisoformat(text), context.zone)
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise RefusedError("act-parameter", text) from error


def unfinished(context: Context) -> Assignment:
    """The one that is not finished; RefusedError if there is none."""
    one = unfinished_of(context.store.assignments.all())
    if one is None:
        raise RefusedError("assignment-none")
    return one


def keep(one: Assignment, what: str, context: Context, fields: Mapping[str, object] | None = None) -> Result:
    """Keeps what was done, in the book, in its history, and as an event; gives the assignment as a table."""
    table = as_table(one, context)
    context.store.assignments.save(one)
    context.store.assignments.record(Done(one.id, context.known_now(), context.role, what, dict(fields or {})))
    told = {"what": what, "assignment": one.id, "role": context.role, **_told(table), **(fields or {})}
    context.store.events.add(event("assign", moment(context.env), told))
    return {"assignment": table}


def _told(table: Mapping[str, Any]) -> dict[str, object]:
    return {name: table[name] for name in ("purpose", "state", "start", "end", "outcome")}


def give(wanted: Wanted, assignment: str, since: datetime, context: Context) -> None:
    """The device serves from then on; what it remembers until then is its baseline, still to be taken."""
    listed = wanted.listed
    baseline = Baseline() if listed.memory else nothing_to_remember(since)
    context.store.assignments.give(listed.ref, Tenure(assignment, since, None, wanted.users, baseline))
    context.store.equipment.install(listed.ref, listed.name, listed.kind, context.known_now(), context.role)


def give_again(one: Assignment, since: datetime, context: Context) -> None:
    """Every device that serves it begins anew."""
    memoryless = {listed.ref for listed in context.devices.values() if not listed.memory}
    for row in context.store.assignments.tenures():
        if row.tenure.assignment == one.id and row.tenure.until is None:
            baseline = nothing_to_remember(since) if row.device in memoryless else Baseline()
            context.store.assignments.give(row.device, replace(row.tenure, since=since, baseline=baseline))


def as_table(one: Assignment, context: Context) -> dict[str, object]:
    """For people and machines to read; times by the clocks of the home."""
    return {
        "id": one.id,
        "purpose": one.purpose,
        "state": state(one, context.known_now()),
        "start": _text(one.start, context),
        "end": _text(one.end, context),
        "outcome": one.outcome,
        "paused_until": one.paused_until.isoformat() if one.paused_until else None,
        "devices": _devices(one.id, context),
    }


def _devices(assignment: str, context: Context) -> list[dict[str, object]]:
    names = {listed.ref: listed.name for listed in context.devices.values()}
    rows = [r for r in context.store.assignments.tenures() if r.tenure.assignment == assignment]
    return [
        {
            "device": names.get(row.device, row.device),
            "since": _text(row.tenure.since, context),
            "until": _text(row.tenure.until, context),
            "users": list(row.tenure.users) if row.tenure.users is not None else None,
            "baseline": "taken" if row.tenure.baseline.done else "pending",
        }
        for row in rows
    ]


def _text(instant: datetime | None, context: Context) -> str | None:
    return None if instant is None else instant_text(instant.astimezone(context.zone))


def _wanted(params: Params, context: Context) -> list[Wanted]:
    texts = params.get("devices")
    if not isinstance(texts, list):
        return [Wanted(listed, None) for listed in context.devices.values() if not listed.visit]
    return [parse_device(str(text), context) for text in texts]


def parse_device(text: str, context: Context) -> Wanted:
    """`NAME` or `NAME:SLOT,SLOT`; RefusedError for a device that the configuration does not have."""
    name, _, slots = text.partition(":")
    listed = context.device(name)
    if listed.visit:
        raise RefusedError("assignment-visit-device", name)
    return Wanted(listed, tuple(int(slot) for slot in slots.split(",")) if slots else None)


def _start(params: Params, context: Context) -> datetime:
    """From now on, or from a later moment; where the hub does not know the time, from the one that is told."""
    now, told = context.known_now(), params.get("start")
    if told is None:
        return context.now()
    start = _moment(str(told), context)
    floor = now or context.store.undated.floor()
    if floor is not None and start < floor:
        raise RefusedError("assignment-start-past")
    return start


def _create(params: Params, context: Context) -> Result:
    start = _start(params, context)
    known = context.store.assignments.all()
    if context.store.assignments.used(str(params["id"])):
        raise RefusedError("assignment-id-used")
    one = create(known, str(params["id"]), str(params["purpose"]), start, end_from(params, start, context))
    wanted = _wanted(params, context)
    retired = context.store.equipment.retired()
    for device in wanted:
        if device.listed.ref not in retired:
            give(device, one.id, start, context)
        elif params.get("devices") is not None:
            raise RefusedError("equipment-retired", device.listed.name)
    context.after.append(context.store.assignments.mark)
    return keep(one, "create", context, {"devices": len(wanted)})


def _show(_params: Params, context: Context) -> Result:
    known = context.store.assignments.all()
    one = unfinished_of(known) or (known[-1] if known else None)
    found = None if one is None else as_table(one, context)
    return {"ok": one is not None and one.outcome is None, "assignment": found, "held": context.store.held()}


def _history(params: Params, context: Context) -> Result:
    wanted = params.get("id")
    known = [one for one in context.store.assignments.all() if wanted in (None, one.id)]
    done = context.store.assignments.history(None if wanted is None else str(wanted))
    return {
        "assignments": [as_table(one, context) for one in known],
        "history": [
            {"at": _text(d.at, context), "assignment": d.assignment, "what": d.what, "role": d.role, **d.fields}
            for d in done
        ],
    }


def audited(_params: Params, result: Result) -> Mapping[str, object]:
    """What the audit keeps of an act with an assignment."""
    table = result["assignment"]
    assert isinstance(table, dict)  # noqa: S101 - as `keep` gives it
    return {"assignment": table["id"], **{name: table[name] for name in ("purpose", "state", "start", "end")}}


CREATE = Act(
    name="assignment.create",
    roles=("coordinator", "installer"),
    params=(
        Param("id", required=True, pattern=ID_PATTERN),
        Param("purpose", required=True, pattern="|".join(PURPOSES)),
        Param("start", pattern=INSTANT_PATTERN),
        *END_PARAMS,
        Param("devices", "texts", pattern=DEVICE_PATTERN),
    ),
    perform=_create,
    audited=audited,
)
SHOW = Act(
    name="assignment.show",
    roles=("coordinator", "installer", "nurse", "support", "auditor"),
    perform=_show,
    writes=False,
)
HISTORY = Act(
    name="assignment.history",
    roles=("coordinator", "installer", "support", "auditor"),
    params=(Param("id", pattern=ID_PATTERN),),
    perform=_history,
    writes=False,
)
