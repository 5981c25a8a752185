"""`dho-gateway run`: the daemon, in the foreground."""

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import Mapping

from gateway import __version__, cli
from gateway.catalogue import say
from gateway.cli.configuration import Configuration, fault_lines, read_configuration
from gateway.daemon import Daemon
from gateway.env import Env, real_env
from gateway.errors import ConfigurationError, GatewayError
from gateway.log import Log, configure
from gateway.store import SQLITE_VERSION
from gateway.topics import ABOUT_SCHEMA, ACK_SCHEMA, COMMAND_SCHEMA, LEDGER_SCHEMA, READING_SCHEMA, VOID_SCHEMA

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
    try:
        configuration = read_configuration(arguments.config)
        daemon = _daemon(configuration, real_env(), log, simulated=arguments.simulated)
    except ConfigurationError as error:
        for line in fault_lines(error, "en"):
            log.error("configuration.refused", **line)
        return cli.CONFIG
    except GatewayError as error:
        text = say(error.reason, "en", {"detail": error.detail})
        log.error("store.refused", reason=error.reason, detail=error.detail, text=text)
        return cli.STORE
    # What is loaded by now stays for ever: no need to look through it at each collection.
    gc.collect()
    gc.freeze()
    asyncio.run(_until_told(daemon))
    return cli.STORE if daemon.damaged else cli.OK


def _daemon(configuration: Configuration, env: Env, log: Log, *, simulated: bool) -> Daemon:
    return Daemon(
        configuration.settings, configuration.drivers, env, log, facts=_facts(configuration), simulated=simulated
    )


def _facts(configuration: Configuration) -> Mapping[str, object]:
    return {
        "version": __version__,
        "python": sys.version.split()[0],
        "sqlite": SQLITE_VERSION,
        "kernel": os.uname().release,
        "schemas": [READING_SCHEMA, VOID_SCHEMA, ACK_SCHEMA, LEDGER_SCHEMA, COMMAND_SCHEMA, ABOUT_SCHEMA],
        "drivers": sorted({device.driver for device in configuration.settings.device}),
        "configuration": configuration.digest,
        "confirm": configuration.settings.delivery.confirm,
        "window": configuration.settings.delivery.window,
    }


async def _until_told(daemon: Daemon) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await daemon.run(stop)
