"""Handing out what this hub holds of one assignment: it is recorded that it was, before anything is opened."""

from gateway.acts.api import Act, Context, Param, Params, Result
from gateway.assignments import ID_PATTERN
from gateway.errors import RefusedError


def _export(params: Params, context: Context) -> Result:
    assignment = str(params["id"])
    if all(one.id != assignment for one in context.store.assignments.all()):
        raise RefusedError("assignment-unknown")
    return {"assignment": assignment}


EXPORT = Act(
    name="privacy.export",
    roles=("auditor", "coordinator"),
    params=(Param("id", required=True, pattern=ID_PATTERN),),
    perform=_export,
    audited=lambda _params, result: result,
)
