"""`dho-gateway drivers`: which devices are supported, and how sure that is."""

import argparse
import json
from dataclasses import asdict

from drivers.api import Driver
from drivers.quirks import MODELS, NOT_SUPPORTED, Model
from drivers.session import decoders
from gateway import cli
from gateway.registry import known_drivers

EXAMPLES = """examples:
  dho-gateway drivers
  dho-gateway drivers --not-supported
  dho-gateway drivers --json | jq '.[] | select(.kind == "weight") | .name'"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--allow", action="append", default=[], metavar="NAME", help="a driver of another package")
    parser.add_argument("--not-supported", action="store_true", help="list the devices that are not read, and why")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Lists them."""
    table = [describe(driver) for driver in known_drivers(arguments.allow).values()]
    if arguments.not_supported:
        return _not_supported(arguments)
    if arguments.json:
        print(json.dumps(table, ensure_ascii=False, indent=1))
        return cli.OK
    width = max(len(str(row["name"])) for row in table)
    for row in table:
        print(
            f"{row['name']:<{width}}  {row['transport']:<6}  {row['kind']:<16}  {row['verdict']:<12}  {row['verified']}"
        )
    return cli.OK


def _not_supported(arguments: argparse.Namespace) -> int:
    rows = [asdict(row) for row in NOT_SUPPORTED]
    if arguments.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        print("\n".join(f"{row['device']}: {row['why']}" for row in rows))
    return cli.OK


def describe(driver: Driver) -> dict[str, object]:
    """One driver as a row: name, transport, kind, verdict, what was verified, channels it decodes, modes."""
    return {
        "name": driver.name,
        "transport": driver.transport,
        "kind": driver.kind,
        "verdict": driver.verdict,
        "verified": driver.verified,
        "channels": list(decoders(driver)),
        "modes": list(driver.modes),
        "models": [_model(model) for model in MODELS if model.driver == driver.name],
    }


def _model(model: Model) -> dict[str, object]:
    """What differs from model to model: name on the air, bond, clock, users, window, and whether it was tried."""
    return {name: value for name, value in asdict(model).items() if name != "driver" and value not in ("", {}, ())}
