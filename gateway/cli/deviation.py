"""`dho-gateway deviation`: what went wrong with readings, whose step is next, and closing what was dealt with."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway import cli
from gateway.acts.api import Result
from gateway.catalogue import Language, say
from gateway.cli import acting, reading
from gateway.cli.configuration import Configuration
from gateway.deviation import Deviation, csv
from gateway.store.beside import records_beside

EXAMPLES = """examples:
  dho-gateway deviation list --config /etc/dho-gateway/gateway.toml --lang nb
  dho-gateway deviation list --config gateway.toml --open --json
  dho-gateway deviation export --config gateway.toml --csv > deviations.csv
  dho-gateway deviation close 7 --config gateway.toml --action "talked to the household"

What happens again with the same type, cause, device and assignment is counted in the open deviation; after it was
closed, it is a new one. No measured value is shown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="show the deviations")
    reading.add_options(listing)
    listing.add_argument("--open", action="store_true", help="only those that nobody has closed")
    export = actions.add_parser("export", help="write all deviations as a table")
    reading.add_options(export)
    export.add_argument("--csv", action="store_true", required=True, help="comma-separated (RFC 4180)")
    close = actions.add_parser("close", help="say that somebody has dealt with one")
    close.add_argument("number", type=int, metavar="NUMBER", help="its number")
    close.add_argument("--action", dest="done", required=True, metavar="TEXT", help="what was done; no names")
    acting.add_options(close)


def run(arguments: argparse.Namespace) -> int:
    """Shows, writes or closes."""
    if arguments.action == "close":
        params = {"number": arguments.number, "action": arguments.done}
        return acting.act(arguments, "deviation.close", params, _words)
    return reading.looked(arguments, lambda found: _show(arguments, found))


def _words(result: Result, tell: Callable[..., str]) -> list[str]:
    table = result["deviation"]
    return [_line(table, tell)] if isinstance(table, dict) else []


def _show(arguments: argparse.Namespace, configuration: Configuration) -> int:
    settings = configuration.settings
    with records_beside(Path(settings.store.path)) as store:
        found = store.deviations.all(only_open=getattr(arguments, "open", False))
    if arguments.action == "export":
        sys.stdout.write(csv(found, settings.hub.id))
    elif arguments.json:
        tables = [one.table(settings.hub.id) for one in found]
        print(json.dumps({"deviations": tables}, ensure_ascii=False))
    else:
        _print(found, settings.hub.id, arguments.lang)
    return cli.OK


def _print(found: list[Deviation], hub: str, language: Language) -> None:
    def tell(key: str, **params: object) -> str:
        return say(key, language, params)

    for one in found:
        print(_line(one.table(hub), tell))
    if not found:
        print(tell("deviation-none"))


def _line(table: Mapping[str, object], tell: Callable[..., str]) -> str:
    words = {
        "at": table["at"] or tell("deviation-time-unknown"),
        "owner": tell(f"role-{table['owner']}"),
        "state": tell(f"deviation-{table['state']}"),
        "text": tell(f"deviation-{table['type']}"),
    }
    return tell("deviation-line", **{**table, **words})
