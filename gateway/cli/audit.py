"""`dho-gateway audit`: who did what on this hub, and whether the log of it is whole."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from gateway import cli
from gateway.audit import Flaw, Row, flaws, holds, parse_head, told
from gateway.catalogue import Language, say
from gateway.cli.configuration import Configuration
from gateway.cli.reading import add_options, looked
from gateway.store.beside import records_beside

EXAMPLES = """examples:
  dho-gateway audit list --config /etc/dho-gateway/gateway.toml
  dho-gateway audit list --config gateway.toml --after 120 --json
  dho-gateway audit verify --config gateway.toml
  dho-gateway audit verify --config gateway.toml --head 57:9f2c...

`verify` finds and names every record that was altered, removed or added. Whoever could rewrite the whole log is found
by a head noted earlier (--head): the hub publishes it in `health`. Ends with 1 if the log is not whole."""

_UNKNOWN = "deviation-time-unknown"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="show the records")
    add_options(listing)
    listing.add_argument("--after", type=int, default=0, metavar="NUMBER", help="only records after this one")
    verify = actions.add_parser("verify", help="check that the log is whole")
    add_options(verify)
    verify.add_argument("--head", metavar="NUMBER:DIGEST", help="a head noted earlier; it must still be in the log")


def run(arguments: argparse.Namespace) -> int:
    """Lists or checks."""
    return looked(arguments, lambda found: (_list if arguments.action == "list" else _verify)(arguments, found))


def _list(arguments: argparse.Namespace, configuration: Configuration) -> int:
    with records_beside(Path(configuration.settings.store.path)) as store:
        records = [told(row) for row in store.audit.rows(arguments.after)]
    if arguments.json:
        print(json.dumps({"records": records}, ensure_ascii=False))
        return cli.OK
    for record in records:
        print(_line(record, arguments.lang))
    if not records:
        print(say("audit-none", arguments.lang))
    return cli.OK


def _line(record: Mapping[str, object], language: Language) -> str:
    fields = record["fields"]
    more = " ".join(f"{name}={value}" for name, value in fields.items()) if isinstance(fields, dict) else ""
    at = record["at"] or say(_UNKNOWN, language)
    role = say(f"role-{record['role']}", language)
    return f"{record['number']} {at} {role}: {record['what']} {record['assignment'] or ''} {more}".rstrip()


def _verify(arguments: argparse.Namespace, configuration: Configuration) -> int:
    try:
        noted = parse_head(arguments.head) if arguments.head else None
    except ValueError:
        print(say("audit-bad-head", arguments.lang, {"detail": arguments.head}))
        return cli.USAGE
    with records_beside(Path(configuration.settings.store.path)) as store:
        head = store.audit.head()
        rows = list(store.audit.rows())
    held = noted is None or holds(rows, noted)
    return _report(arguments, rows, head, list(flaws(rows, parse_head(head))), held=held)


def _report(arguments: argparse.Namespace, rows: list[Row], head: str, found: list[Flaw], *, held: bool) -> int:
    whole = held and not found
    if arguments.json:
        table = [{"reason": flaw.reason, "first": flaw.first, "last": flaw.last} for flaw in found]
        print(json.dumps({"ok": whole, "records": len(rows), "head": head, "head_held": held, "flaws": table}))
        return cli.OK if whole else cli.NO
    for flaw in found:
        print(say(f"audit-{flaw.reason}", arguments.lang, {"first": flaw.first, "last": flaw.last}))
    if not held:
        print(say("audit-head-not-held", arguments.lang, {"detail": arguments.head}))
    if whole:
        print(say("audit-whole", arguments.lang, {"records": len(rows), "head": head}))
    return cli.OK if whole else cli.NO
