"""What the commands that only look at a hub share: the configuration, and what is printed when it cannot be read."""

import argparse
import json
from collections.abc import Callable

from gateway import cli
from gateway.catalogue import say
from gateway.cli.configuration import Configuration, print_faults, read_configuration
from gateway.errors import ConfigurationError, GatewayError


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of every such command."""
    parser.add_argument("--config", required=True, metavar="FILE", help="the configuration (TOML)")
    parser.add_argument("--lang", choices=("en", "nb"), default="en", help="language of the sentences")
    parser.add_argument("--json", action="store_true", help="print JSON")


def looked(arguments: argparse.Namespace, look: Callable[[Configuration], int]) -> int:
    """What `look` gives; CONFIG or STORE where it cannot look, and why is printed."""
    try:
        return look(read_configuration(arguments.config))
    except ConfigurationError as error:
        print_faults(error, arguments.lang, as_json=arguments.json)
        return cli.CONFIG
    except GatewayError as error:
        text = say(error.reason, arguments.lang, {"detail": error.detail})
        found = {"ok": False, "error": error.reason, "text": text}
        print(json.dumps(found, ensure_ascii=False) if arguments.json else text)
        return cli.STORE
