"""What becomes of an assignment: extended, converted, transferred, ended; paused and resumed."""

from dataclasses import replace
from datetime import date

from gateway.acts.api import AT, Act, Context, Param, Params, Result
from gateway.acts.assignment import DATE_PATTERN, END_PARAMS, audited, end_from, give_again, keep, unfinished
from gateway.assignments import PURPOSES, Assignment, extend, finish, pause, resume
from gateway.errors import RefusedError


def _extend(params: Params, context: Context) -> Result:
    one, now = unfinished(context), context.now()
    # Days count from the end it has, or from now where that is past.
    end = end_from(params, max(one.end or now, now), context)
    if end is None:
        raise RefusedError("act-parameter", "days, until")
    return _goes_on(one, extend(one, end, now), "extend", context)


def _convert(params: Params, context: Context) -> Result:
    one, now = unfinished(context), context.now()
    converted = extend(one, end_from(params, max(one.end or now, now), context), now)
    return _goes_on(one, replace(converted, purpose=str(params["purpose"])), "convert", context)


def _goes_on(before: Assignment, one: Assignment, what: str, context: Context) -> Result:
    if len(one.spans) > len(before.spans):
        # Nobody knows who measured since the end: the devices' memories are taken as they are now.
        give_again(one, one.spans[-1].start, context)
    return keep(one, what, context)


def _transfer(params: Params, context: Context) -> Result:
    one = finish(unfinished(context), "transfer", context.now())
    return _over(one, "transfer", context, {"to": params["to"]} if "to" in params else {})


def _end(_params: Params, context: Context) -> Result:
    return _over(finish(unfinished(context), "end", context.now()), "end", context, {})


def _over(one: Assignment, what: str, context: Context, fields: dict[str, object]) -> Result:
    for row in context.store.assignments.tenures():
        if row.tenure.assignment == one.id and row.tenure.until is None:
            context.store.assignments.take(row.device, one.end or context.now())
    return keep(one, what, context, fields)


def _pause(params: Params, context: Context) -> Result:
    today = context.now().astimezone(context.zone).date()
    try:
        until = date.fromisoformat(str(params["until"]))
    except ValueError as error:
        raise RefusedError("act-parameter", "until") from error
    return keep(pause(unfinished(context), until, today), "pause", context, {"until": until.isoformat()})


def _resume(_params: Params, context: Context) -> Result:
    return keep(resume(unfinished(context)), "resume", context)


EXTEND = Act(
    name="assignment.extend", roles=("coordinator",), params=(*END_PARAMS, AT), perform=_extend, audited=audited
)
CONVERT = Act(
    name="assignment.convert",
    roles=("coordinator",),
    params=(Param("purpose", required=True, pattern="|".join(PURPOSES)), *END_PARAMS, AT),
    perform=_convert,
    audited=audited,
)
TRANSFER = Act(
    name="assignment.transfer",
    roles=("coordinator",),
    # The name of another hub or service, such as `hub-0043`.
    params=(Param("to", pattern=r"[a-z0-9-]{3,40}"), AT),
    perform=_transfer,
    audited=audited,
)
END = Act(name="assignment.end", roles=("coordinator", "installer"), params=(AT,), perform=_end, audited=audited)
PAUSE = Act(
    name="assignment.pause",
    roles=("coordinator", "nurse"),
    params=(Param("until", required=True, pattern=DATE_PATTERN), AT),
    perform=_pause,
    audited=audited,
)
RESUME = Act(name="assignment.resume", roles=("coordinator", "nurse"), perform=_resume, audited=audited)
