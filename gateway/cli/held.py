"""`dho-gateway held`: readings that are not sent, because they are another person's or nobody knows whose."""

import argparse
from collections.abc import Mapping

from gateway.acts.api import Result
from gateway.cli import acting
from gateway.cli.words import Tell

EXAMPLES = """examples:
  dho-gateway held list --config gateway.toml --lang nb
  dho-gateway held list --config gateway.toml --device vekt --status uncertain --json
  dho-gateway held release 018f6f7e-7e1c-8a52-9d0b-3f1c2a9b7d11 --reason "the person says so" --config gateway.toml
  dho-gateway held delete --status foreign --because retired --reason "of the last patient" --config gateway.toml

No measured value is shown. A released reading is sent as it is: what was uncertain is sent as uncertain. A deleted one
is gone, also if the device hands it over again. Both are in the audit log."""

_ACTIONS: Mapping[str, str] = {
    "list": "count and list them",
    "release": "send some all the same",
    "delete": "delete some",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, purpose in _ACTIONS.items():
        action = actions.add_parser(name, help=purpose)
        action.add_argument("ids", nargs="*", metavar="ID", help="the reading's id; or choose by the options")
        action.add_argument("--device", metavar="NAME", help="of this device")
        action.add_argument("--status", choices=("uncertain", "foreign"))
        action.add_argument("--because", metavar="WORD", help="held back for this reason, as `list` tells it")
        if name != "list":
            action.add_argument("--reason", required=True, metavar="TEXT", help="why; no names")
        acting.add_options(action)


def run(arguments: argparse.Namespace) -> int:
    """Asks for the act."""
    params = {name: getattr(arguments, name, None) for name in ("device", "status", "because", "reason")}
    params["ids"] = arguments.ids or None
    return acting.act(arguments, f"held.{arguments.action}", params, _words)


def _words(result: Result, tell: Tell) -> list[str]:
    if "released" in result:
        return [tell("held-released", count=result["released"])]
    if "deleted" in result:
        return [tell("held-deleted", count=result["deleted"])]
    counts = result["counts"]
    lines = [_line(one, tell) for one in counts] if isinstance(counts, list) else []
    return lines or [tell("held-none")]


def _line(one: Mapping[str, object], tell: Tell) -> str:
    words = {"status": tell(f"held-{one['status']}"), "why": tell(f"why-{one['reason'] or 'unknown'}")}
    return tell("held-line", device=one["device"], count=one["readings"], reason=one["reason"] or "-", **words)
