"""`dho-gateway ports`: the serial ports of this machine, by the names that stay."""

import argparse
import json
from dataclasses import asdict

from gateway import cli
from gateway.catalogue import say
from gateway.ports import ports_here

EXAMPLES = """examples:
  dho-gateway ports
  dho-gateway ports --json
  dho-gateway ports --lang nb >> gateway.toml

Shows what is plugged in, and the lines that bind a device to its port. The kernel's own names (/dev/ttyUSB0) change
from start to start and are refused in a configuration."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--lang", choices=("en", "nb"), default="en", help="language of the sentences")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Prints each port with its names, and what to write."""
    ports = ports_here()
    if arguments.json:
        print(json.dumps([{**asdict(port), "config": port.config()} for port in ports], ensure_ascii=False, indent=1))
        return cli.OK
    if not ports:
        print(f"# {say('ports-none', arguments.lang)}")
        return cli.OK
    print(f"# {say('ports-suggestion', arguments.lang)}")
    for port in ports:
        print(f"\n# {port.device}  {port.converter}")
        if port.advice:
            print(f"# {say(port.advice, arguments.lang)}")
        print(port.config(), end="")
    return cli.OK
