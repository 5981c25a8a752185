"""`dho-gateway run`: the daemon, in the foreground."""

import argparse

from gateway import cli
from gateway.cli.checked import Check
from gateway.log import configure

EXAMPLES = """examples:
  dho-gateway run --config /etc/dho-gateway/gateway.toml
  dho-gateway run --config gateway.toml --log-level debug 2>gateway.log

Logs JSON lines to standard error. Ends with 0 on SIGTERM or SIGINT, with 78 on a configuration it refuses, with 73 if
the store cannot be used (another daemon has it, wrong rights) or turned out to be damaged: the next start mends that.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--config", required=True, metavar="FILE", help="the configuration (TOML)")
    parser.add_argument("--log-level", default="info", choices=("debug", "info", "warning"), help="default: info")
    parser.add_argument("--simulated", action="store_true", help='mark every reading with "simulated": true')


def run(arguments: argparse.Namespace) -> int:
    """Runs until it is told to stop."""
    log = configure(arguments.log_level)
    check = Check(arguments.config)
    # Loaded while the file is checked.
    from gateway.cli import serving  # noqa: PLC0415

    found = check.found()
    if found is None:
        log.error("configuration.unchecked")
        return cli.UNAVAILABLE
    if found.settings is None:
        return serving.refused(found.faults, log)
    return serving.serve(found.settings, found.digest, log, simulated=arguments.simulated)
