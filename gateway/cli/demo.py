"""`dho-gateway demo`: a virtual home, the whole way, no hardware."""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from gateway import cli
from gateway.catalogue import say
from gateway.errors import GatewayError
from gateway.simulator.demo import Demo, succeeded
from gateway.simulator.screen import Screen

SECONDS, LEAST_S, MOST_S = 60, 20, 100

EXAMPLES = """examples:
  dho-gateway demo
  dho-gateway demo --seconds 30 --lang nb
  dho-gateway demo --json

All data are simulated, and every message says so. Ends with 0 if nothing is missing or doubled, with 1 if something is,
with 69 if the machine lacks a broker or dbus-daemon."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"how long ({LEAST_S} to {MOST_S})")
    parser.add_argument("--lang", choices=("en", "nb"), default="en", help="language")
    parser.add_argument("--json", action="store_true", help="print nothing but the totals, as one line of JSON")
    parser.add_argument("--seed", type=int, help="makes the same values again")


def run(arguments: argparse.Namespace) -> int:
    """Runs it, and says what became of every measurement."""
    if not LEAST_S <= arguments.seconds <= MOST_S:
        print(f"--seconds takes {LEAST_S} to {MOST_S}", file=sys.stderr)
        return cli.USAGE
    screen = Screen(arguments.lang, quiet=arguments.json)
    # Kept when it ends: the logs, the databases and the configuration are there to be looked at.
    directory = Path(tempfile.mkdtemp(prefix="dho-demo-"))
    try:
        totals = asyncio.run(Demo(directory, arguments.seconds, screen, arguments.seed).run())
    except GatewayError as error:
        print(say(error.reason, arguments.lang, {"detail": error.detail}), file=sys.stderr)
        return cli.UNAVAILABLE
    except KeyboardInterrupt:
        return 130
    screen.say("demo-total", **totals)
    if arguments.json:
        print(json.dumps(totals))
    return cli.OK if succeeded(totals) else cli.NO
