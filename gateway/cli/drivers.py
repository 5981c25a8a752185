"""`dho-gateway drivers`: which devices are supported, and how sure that is."""

import argparse
import json

from drivers.api import Driver
from drivers.session import decoders
from gateway import cli
from gateway.registry import known_drivers

EXAMPLES = """examples:
  dho-gateway drivers
  dho-gateway drivers --json | jq '.[] | select(.kind == "weight") | .name'"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--allow", action="append", default=[], metavar="NAME", help="a driver of another package")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Lists them."""
    table = [describe(driver) for driver in known_drivers(arguments.allow).values()]
    if arguments.json:
        print(json.dumps(table, ensure_ascii=False, indent=1))
        return cli.OK
    width = max(len(str(row["name"])) for row in table)
    for row in table:
        print(
            f"{row['name']:<{width}}  {row['transport']:<6}  {row['kind']:<16}  {row['verdict']:<12}  {row['verified']}"
        )
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
    }
