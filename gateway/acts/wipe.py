"""Wiping a hub between two persons: provably, and never over readings that nobody has, unless somebody says why."""

from collections.abc import Mapping
from typing import cast

from gateway import __version__
from gateway.acts.api import WIPES, Act, Context, Param, Params, Result
from gateway.assignments import unfinished
from gateway.certificate import SIGNATURE, signed_bytes, unsigned
from gateway.deviation import Occurrence, at_text
from gateway.errors import GatewayError, RefusedError
from gateway.reading import Void
from gateway.store import SQLITE_VERSION
from gateway.store.audit import moment
from gateway.store.wiping import REASON

# What becomes of the pairings: they stay for the next person (the kit stays together), or somebody is to remove them.
BONDS = ("keep", "remove")


def _wipe(params: Params, context: Context) -> Result:
    wiper = context.store.wiper
    facts = wiper.pending()
    if facts is None:
        forced = _allowed(params, context)
        facts = wiper.erase(
            context.act, lambda first, last: _void(context, first, last), _facts(params, context, forced)
        )
    try:
        wiper.scrub()
    except GatewayError as error:
        context.store.deviations.add(Occurrence("wipe", error.reason, 0), moment(context.env))
        raise
    return _certified(facts, context)


def _allowed(params: Params, context: Context) -> int:
    """How many readings are given up, by force; RefusedError if it may not be done."""
    if unfinished(context.store.assignments.all()) is not None:
        raise RefusedError("wipe-assignment-open")
    unkept = context.unkept()
    if unkept:
        # They would be written down after it; a gateway that is stopped saves them, and the next start takes them in.
        raise RefusedError("wipe-unkept", str(unkept))
    left = context.store.wiper.unconfirmed()
    if left and not params.get("force"):
        raise RefusedError("wipe-unconfirmed", str(left))
    if left and not params.get("reason"):
        raise RefusedError("wipe-reason")
    return left


def _facts(params: Params, context: Context, forced: int) -> dict[str, object]:
    """What is so at the beginning, and is to be told at the end, though the power may be cut in between."""
    when = moment(context.env)
    last = context.store.assignments.all()
    return {
        "hub": context.hub,
        "epoch": context.store.epoch,
        "at": at_text(when),
        "boot": when.boot,
        "role": context.role,
        "assignment": last[-1].id if last else None,
        "forced": bool(forced),
        "reason": params.get("reason") if forced else None,
        "bonds": params.get("bonds") or BONDS[0],
    }


def _void(context: Context, first: int, last: int) -> str:
    return Void(hub=context.hub, epoch=context.store.epoch, from_=first, to=last, reason=REASON).text()


def _certified(facts: dict[str, object], context: Context) -> Result:
    store, counts = context.store, facts["counts"]
    with store.together():
        if facts["forced"] and isinstance(counts, dict):
            what = Occurrence("forced", "wipe", int(counts["unconfirmed"]), None, _text(facts["assignment"]))
            store.deviations.add(what, moment(context.env))
        facts = {
            **facts,
            "versions": {"gateway": __version__, "sqlite": SQLITE_VERSION},
            "audit_head": store.audit.head(),
        }
        signer = store.signer()
        document = unsigned(facts, signer.public_key)
        document[SIGNATURE] = signer.sign(signed_bytes(document))
        number = store.certificates.add(document)
        store.events.add(document, "wipe")
        store.wiper.done()
    left = [one.name for one in context.devices.values() if one.radio] if facts["bonds"] == "remove" else []
    return {"number": number, "certificate": document, "unpair": sorted(left)}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _audited(_params: Params, result: Result) -> dict[str, object]:
    document = cast("Mapping[str, object]", result["certificate"])
    told = ("assignment", "forced", "reason", "last_seq", "destroyed_key", "bonds")
    return {"certificate": result["number"], **{name: document[name] for name in told}}


WIPE = Act(
    name=WIPES,
    roles=("coordinator", "support"),
    params=(Param("force", "flag"), Param("reason"), Param("bonds", pattern="|".join(BONDS))),
    perform=_wipe,
    # The log is emptied and the database written anew: no transaction holds that.
    atomic=False,
    audited=_audited,
)
