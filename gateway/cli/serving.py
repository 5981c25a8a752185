"""The daemon as a process: its parts are put together, and it runs until a signal ends it."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Iterable, Mapping

from gateway import __version__, cli, thrift
from gateway.daemon import Daemon
from gateway.env import real_env
from gateway.errors import ConfigurationError, GatewayError
from gateway.log import Log
from gateway.registry import known_drivers
from gateway.settings import Settings
from gateway.store import SQLITE_VERSION
from gateway.topics import ABOUT_SCHEMA, ACK_SCHEMA, COMMAND_SCHEMA, LEDGER_SCHEMA, READING_SCHEMA, VOID_SCHEMA

# By then everything is loaded and connected, or waits for something.
_STARTED_S = 2.0
_HOUR_S = 3600.0


def refused(faults: Iterable[Mapping[str, str]], log: Log) -> int:
    """Says what is wrong with the configuration; gives the exit code."""
    for fault in faults:
        log.error("configuration.refused", **fault)
    return cli.CONFIG


def serve(settings: Settings, digest: str, log: Log, *, simulated: bool) -> int:
    """Runs the daemon until it is told to stop; gives the exit code. `digest` is the configuration's."""
    thrift.begin()
    try:
        drivers = known_drivers(settings.drivers.allow, {device.driver for device in settings.device})
        daemon = Daemon(settings, drivers, real_env(), log, facts=_facts(settings, digest), simulated=simulated)
    except ConfigurationError as error:
        from gateway.cli.configuration import fault_lines  # noqa: PLC0415  # loads what the daemon does without

        return refused(fault_lines(error, "en"), log)
    except GatewayError as error:
        from gateway.catalogue import say  # noqa: PLC0415  # as above

        text = say(error.reason, "en", {"detail": error.detail})
        log.error("store.refused", reason=error.reason, detail=error.detail, text=text)
        return cli.STORE
    # What is loaded by now stays for ever: no need to look through it at each collection.
    gc.collect()
    gc.freeze()
    asyncio.run(_until_told(daemon))
    return cli.STORE if daemon.damaged else cli.OK


def _facts(settings: Settings, digest: str) -> Mapping[str, object]:
    return {
        "version": __version__,
        "python": sys.version.split()[0],
        "sqlite": SQLITE_VERSION,
        "kernel": os.uname().release,
        "schemas": [READING_SCHEMA, VOID_SCHEMA, ACK_SCHEMA, LEDGER_SCHEMA, COMMAND_SCHEMA, ABOUT_SCHEMA],
        "drivers": sorted({device.driver for device in settings.device}),
        "configuration": digest,
        "confirm": settings.delivery.confirm,
        "window": settings.delivery.window,
    }


async def _until_told(daemon: Daemon) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.call_later(_STARTED_S, _give_back, loop)
    await daemon.run(stop)


def _give_back(loop: asyncio.AbstractEventLoop) -> None:
    thrift.give_back()
    loop.call_later(_HOUR_S, _give_back, loop)
