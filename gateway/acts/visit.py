"""A visit: for a quarter of an hour somebody is there and measures, with the person's devices or with their own."""

from datetime import timedelta

from gateway.acts.api import Act, Context, Params, Result
from gateway.acts.assignment import unfinished
from gateway.attribution import Visit
from gateway.deviation import event
from gateway.errors import RefusedError
from gateway.reading import instant_text
from gateway.store.audit import moment

MINUTES = 15


def _visit(_params: Params, context: Context) -> Result:
    one, now = unfinished(context), context.now()
    if not one.collects(now):
        raise RefusedError("assignment-not-active")
    window = Visit(one.id, now, now + timedelta(minutes=MINUTES))
    context.store.assignments.visit(window, context.role)
    until = instant_text(window.end.astimezone(context.zone))
    told = {"what": "visit", "assignment": one.id, "role": context.role, "until": until}
    context.store.events.add(event("assign", moment(context.env), told))
    return {"assignment": one.id, "until": until, "minutes": MINUTES}


VISIT = Act(
    name="visit",
    roles=("nurse", "installer", "coordinator"),
    perform=_visit,
    audited=lambda _params, result: result,
)
