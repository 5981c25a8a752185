"""`dho-gateway outbox`: readings that the broker refused, and offering them again."""

import argparse
from collections.abc import Mapping

from gateway.acts.api import Result
from gateway.cli import acting
from gateway.cli.words import Tell

EXAMPLES = """examples:
  dho-gateway outbox list --config gateway.toml --lang nb
  dho-gateway outbox retry --config gateway.toml
  dho-gateway outbox retry --because mqtt-packet-too-large --kind spirometry --config gateway.toml --json

Refused for rights, a quota or a limit, they are offered again by themselves: one of them first, after a quarter of an
hour, then ever more seldom, or soon after the broker has taken another of their kind; the rest follow when that one is
taken. `retry` does it at once, a thousand at a time. Each keeps its id and gets a new place in the sequence; the old
one is void. No measured value is shown."""

_ACTIONS: Mapping[str, str] = {"list": "count those that were refused", "retry": "offer them again now"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, purpose in _ACTIONS.items():
        action = actions.add_parser(name, help=purpose)
        action.add_argument("--kind", metavar="KIND", help="of this kind, as `list` tells it")
        action.add_argument("--because", metavar="WORD", help="refused for this reason, as `list` tells it")
        acting.add_options(action)


def run(arguments: argparse.Namespace) -> int:
    """Asks for the act."""
    params = {"kind": arguments.kind, "because": arguments.because}
    return acting.act(arguments, f"outbox.{arguments.action}", params, _words)


def _words(result: Result, tell: Tell) -> list[str]:
    if "offered" in result:
        return [tell("outbox-offered", count=result["offered"], left=result["left"])]
    found = result["refused"]
    lines = [tell("outbox-line", **one) for one in found] if isinstance(found, list) else []
    return lines or [tell("outbox-nothing-refused")]
