"""`dho-gateway equipment`: the register of the instruments, and what is done with them."""

import argparse
from collections.abc import Mapping

from gateway.acts.api import Result
from gateway.cli import acting
from gateway.cli.words import Tell, when

EXAMPLES = """examples:
  dho-gateway equipment list --config gateway.toml --lang nb
  dho-gateway equipment check mansjett --config gateway.toml --role installer
  dho-gateway equipment replace mansjett mansjett-2 --reason "cuff leaks" --config gateway.toml
  dho-gateway equipment take vekt --reason "lent to another home" --config gateway.toml
  dho-gateway equipment give vekt --config gateway.toml

Names are those of the configuration; an instrument that was taken out of it is still known by its last one. What an
instrument remembers when it is given, or comes in place of another, is held back. Readings of a replaced one are held
back for good. Serial numbers are shown here and stay on the hub."""

_ACTIONS: Mapping[str, str] = {
    "list": "show all instruments",
    "check": "note that somebody looked after one",
    "replace": "put one in the place of another",
    "give": "put one to use in the present assignment, from now on",
    "take": "take one out of the present assignment; it may come back",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    made = {name: actions.add_parser(name, help=purpose) for name, purpose in _ACTIONS.items()}
    made["check"].add_argument("device", metavar="NAME")
    made["take"].add_argument("device", metavar="NAME")
    for name in ("give", "take"):
        acting.add_at(made[name])
    made["give"].add_argument("device", metavar="NAME[:SLOTS]", help="with the person's user slots on it: vekt:1,2")
    add_replacement(made["replace"])
    made["take"].add_argument("--reason", required=True, metavar="TEXT", help="why; no names")
    for one in made.values():
        acting.add_options(one)


def add_replacement(parser: argparse.ArgumentParser) -> None:
    """What is to be said where one is put in the place of another."""
    parser.add_argument("old", metavar="OLD", help="its name, as configured now or before")
    parser.add_argument("new", metavar="NEW", help="the name of the one that takes its place, as configured")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why; no names")
    acting.add_at(parser)


def run(arguments: argparse.Namespace) -> int:
    """Asks for the act."""
    params = {name: getattr(arguments, name, None) for name in ("device", "old", "new", "reason", "at")}
    return acting.act(arguments, f"equipment.{arguments.action}", params, _words)


def _words(result: Result, tell: Tell) -> list[str]:
    tables = result.get("equipment")
    if isinstance(tables, list):
        return [_line(table, tell) for table in tables] or [tell("equipment-none")]
    return [tell(f"equipment-{result.get('what', 'check')}")]


def _line(table: Mapping[str, object], tell: Tell) -> str:
    known = {name: table.get(name) or "-" for name in ("device", "model", "serial", "firmware")}
    battery = "-" if table.get("battery") is None else f"{table['battery']} %"
    state = "retired-state" if table["state"] == "retired" else table["state"]
    words = {"state": tell(f"equipment-{state}"), "battery": battery}
    return tell("equipment-line", **known, **words, checked=when(table.get("checked_at"), tell))
