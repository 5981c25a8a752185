"""Closing a deviation: somebody has dealt with it, and says how."""

from gateway.acts.api import Act, Context, Param, Params, Result
from gateway.store.audit import moment


def _close(params: Params, context: Context) -> Result:
    number, action = int(str(params["number"])), str(params["action"])
    closed = context.store.deviations.close(number, context.role, action, moment(context.env))
    return {"deviation": closed.table(context.hub)}


CLOSE = Act(
    name="deviation.close",
    roles=("coordinator", "installer", "nurse", "support"),
    params=(Param("number", "number", required=True, low=1, high=2**31), Param("action", required=True)),
    perform=_close,
    # What was done is with the deviation itself; here it is said who closed which.
    audited=lambda params, _result: {"number": params["number"]},
)
