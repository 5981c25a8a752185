"""`dho-gateway assignment`: the period in which this kit serves one person, known by an opaque id alone."""

import argparse
from collections.abc import Mapping

from gateway.acts.api import Result
from gateway.assignments import PURPOSES
from gateway.cli import acting
from gateway.cli.words import Tell, day, when

EXAMPLES = """examples:
  dho-gateway assignment create asg-9f2c7b --purpose assessment-14-days --days 14 --config gateway.toml
  dho-gateway assignment create asg-1d88e0 --purpose follow-up --device vekt:1 --device mansjett --config gateway.toml
  dho-gateway assignment show --config gateway.toml --lang nb
  dho-gateway assignment extend --days 7 --config gateway.toml
  dho-gateway assignment convert --purpose follow-up --config gateway.toml
  dho-gateway assignment pause --until 2026-07-31 --config gateway.toml
  dho-gateway assignment end --config gateway.toml
  dho-gateway assignment end --at 2026-01-26T09:05+01:00 --config gateway.toml
  dho-gateway assignment history --config gateway.toml --json

The id is given by whoever keeps the journal: new for each person and each period, and it points to nobody. Readings are
assigned only within the period; what comes before, after, or cannot be told, is held back (`dho-gateway held list`).
--days counts calendar days of the home; --until takes a day, which counts whole, or an instant with its offset.
A hub without a network may not know the time after a power cut: whoever decides then tells it (--at, --start).
Works beside a running gateway and without one. Ends with 1 if `show` finds none, with 65 if the act is refused, with 69
if the gateway does not answer or does not know the time."""

_ACTIONS: Mapping[str, str] = {
    "create": "begin a period",
    "show": "show the present one",
    "extend": "move its end, or go on after it",
    "convert": "go on with another purpose, without an end if none is given",
    "transfer": "end it here, because another hub or service takes over",
    "end": "end it",
    "pause": "expect no readings until a day; those that come count",
    "resume": "expect readings again",
    "history": "show what was done with one, or with all",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    made = {name: actions.add_parser(name, help=purpose) for name, purpose in _ACTIONS.items()}
    made["create"].add_argument("id", metavar="ID", help="asg- and 6 to 40 letters and digits, drawn at random")
    made["history"].add_argument("id", metavar="ID", nargs="?", help="of this one only")
    for name in ("create", "convert"):
        made[name].add_argument("--purpose", required=True, choices=PURPOSES)
    for name in ("create", "extend", "convert"):
        end = made[name].add_mutually_exclusive_group(required=name == "extend")
        end.add_argument("--days", type=int, metavar="N", help="it ends so many calendar days later")
        end.add_argument("--until", metavar="WHEN", help="a day (2026-01-26) or an instant")
    made["create"].add_argument("--start", metavar="INSTANT", help="default: now; needed while the hub knows no time")
    made["create"].add_argument(
        "--device",
        action="append",
        metavar="NAME[:SLOTS]",
        help="a device that serves, and the person's user slots on it (vekt:1,2); default: all",
    )
    made["transfer"].add_argument("--to", metavar="NAME", help="the hub or service that takes over")
    for name in ("extend", "convert", "transfer", "end", "pause"):
        acting.add_at(made[name])
    made["pause"].add_argument("--until", required=True, metavar="DAY", help="the first day that counts again")
    for one in made.values():
        acting.add_options(one)


def run(arguments: argparse.Namespace) -> int:
    """Asks for the act."""
    taken = ("id", "purpose", "days", "until", "start", "to", "at")
    params = {name: getattr(arguments, name, None) for name in taken}
    params["devices"] = getattr(arguments, "device", None)
    words = _history if arguments.action == "history" else _words
    return acting.act(arguments, f"assignment.{arguments.action}", params, words)


def _words(result: Result, tell: Tell) -> list[str]:
    table = result["assignment"]
    if not isinstance(table, dict):
        return [tell("assignment-none")]
    lines = [_line(table, tell)]
    if table["paused_until"]:
        lines.append(tell("assignment-paused", until=day(table["paused_until"], tell)))
    lines += [_device(device, tell) for device in table["devices"]]
    held = result.get("held")
    if isinstance(held, dict) and held:
        lines.append(tell("held-count", count=sum(held.values())))
    return lines


def _line(table: Mapping[str, object], tell: Tell) -> str:
    key = "assignment-line" if table["end"] else "assignment-line-open"
    words = {"state": tell(f"state-{table['state']}"), "purpose": tell(f"purpose-{table['purpose']}")}
    return tell(key, id=table["id"], **words, start=when(table["start"], tell), end=when(table["end"], tell))


def _device(device: Mapping[str, object], tell: Tell) -> str:
    state = "ended" if device["until"] else device["baseline"]
    return tell(f"assignment-device-{state}", device=device["device"], until=when(device["until"], tell))


def _history(result: Result, tell: Tell) -> list[str]:
    done = result["history"]
    lines = []
    for one in done if isinstance(done, list) else []:
        words = {"what": tell(f"done-{one['what']}"), "role": tell(f"role-{one['role']}")}
        lines.append(tell("assignment-done", at=when(one["at"], tell), assignment=one["assignment"], **words))
    return lines or [tell("assignment-none")]
