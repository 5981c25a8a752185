"""`dho-gateway device`: find, pair, try and remove Bluetooth devices; one action per file.

`scan` and `list` only listen and look: they work beside a running gateway, and so does `replace`, which is written down
and asks nothing of the devices. Whatever connects to a device (`pair`,
`test`, `repair`) or ends its pairing (`remove`) needs the gateway stopped: a device talks to one at a time, and what it
hands over must be kept, in the one store, by the one who owns it. These commands own the store while they run, so the
gateway cannot start in between; with the store owned by a running gateway they refuse and say how to stop it.
"""

import argparse
from collections.abc import Mapping
from importlib import import_module

EXAMPLES = """examples:
  dho-gateway device scan
  dho-gateway device pair AA:BB:CC:DD:EE:FF --config gateway.toml --driver blood-pressure --name mansjett
  dho-gateway device pair AA:BB:CC:DD:EE:FF --config gateway.toml --driver blood-pressure --passkey 123456
  dho-gateway device test mansjett --config gateway.toml --lang nb
  dho-gateway device list --config gateway.toml
  dho-gateway device repair mansjett --config gateway.toml --yes
  dho-gateway device remove mansjett --config gateway.toml
  dho-gateway device replace mansjett mansjett-2 --reason "cuff leaks" --config gateway.toml

scan, list and replace work beside a running gateway; the others need it stopped (systemctl stop dho-gateway). What a
device hands over is kept and forwarded like any reading; with --own-measurement it is counted and thrown away.
Ends with 0 done, 1 it did not come about, 69 no Bluetooth, 73 the gateway runs or the store cannot be used."""

ACTIONS: Mapping[str, str] = {
    "scan": "show the devices around, and the lines that list them",
    "pair": "pair a device, and read it again after it has slept",
    "test": "read a device once",
    "list": "show the listed and the paired devices",
    "remove": "end the pairing with a device",
    "repair": "end the pairing with a device and pair it anew",
    "replace": "put one in the place of another, for good",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, purpose in ACTIONS.items():
        action = actions.add_parser(name, help=purpose, description=purpose)
        import_module(f"gateway.cli.device.{name}").add_arguments(action)
        action.add_argument("--lang", choices=("en", "nb"), default="en", help="language of the sentences")
        action.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Does the action; gives its exit code."""
    code: int = import_module(f"gateway.cli.device.{arguments.action}").run(arguments)
    return code
