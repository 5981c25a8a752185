"""`dho-gateway check`: a configuration file, before it goes to a hub."""

import argparse
import json

from gateway import cli
from gateway.catalogue import say
from gateway.cli.configuration import print_faults, read_configuration
from gateway.errors import ConfigurationError

EXAMPLES = """examples:
  dho-gateway check --config gateway.toml
  for f in batch/*.toml; do dho-gateway check --config "$f" --json; done

Ends with 78 if the file is refused."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--config", required=True, metavar="FILE", help="the configuration (TOML)")
    parser.add_argument("--lang", choices=("en", "nb"), default="en", help="language of the sentences")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Names every mistake at once."""
    try:
        configuration = read_configuration(arguments.config)
    except ConfigurationError as error:
        print_faults(error, arguments.lang, as_json=arguments.json)
        return cli.CONFIG
    devices = [d.name for d in configuration.settings.device]
    if arguments.json:
        told = {"devices": devices, "settings": configuration.settings.table(), "digest": configuration.digest}
        print(json.dumps({"ok": True, "faults": [], **told}, ensure_ascii=False))
    else:
        print(say("check-ok", arguments.lang, {"devices": len(devices)}))
    return cli.OK
