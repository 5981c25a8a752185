"""`dho-gateway receive`: the reference receiver, in the foreground."""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway import cli
from gateway.catalogue import Language, say
from gateway.cli.configuration import fault_lines, read_configuration
from gateway.env import Env, real_env
from gateway.errors import ConfigurationError, Fault, GatewayError
from gateway.receiver.database import Database
from gateway.receiver.service import Options, Service
from gateway.settings import Mqtt, is_loopback
from gateway.topics import TopicError, receiver_filters
from gateway.uplink import UplinkSettings, configured, read_secret

EXAMPLES = """examples:
  dho-gateway receive --host mqtt.example.org --ca-file ca.pem --username-file user --password-file password \\
      --tenant skien --database received.sqlite
  dho-gateway receive --host 127.0.0.1 --port 1883 --insecure-plaintext --tenant skien --database received.sqlite --json
  dho-gateway receive --config gateway.toml --database received.sqlite --lang nb --seconds 60

Stores each reading once, under its id, and confirms what is durable. Shows no measured value. With --json each event is
one line. Ends with 0 on SIGTERM; after --seconds with 0, with 1 if something is missing or contradictory, or with 69 if
the broker never answered; with 73 if the database cannot be used, with 78 on options it refuses."""

_DATABASE = "receiver-database"


@dataclass(frozen=True, slots=True)
class _Plan:
    settings: UplinkSettings
    options: Options
    database: Path
    seconds: float | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--config", metavar="FILE", help="take tenant and broker from this gateway configuration")
    parser.add_argument("--host", help="the broker's name or address")
    parser.add_argument("--port", type=_port, default=8883, help="the broker's port (default: 8883)")
    parser.add_argument("--insecure-plaintext", action="store_true", help="no TLS; only to this machine itself")
    for name in ("ca", "cert", "key", "username", "password"):
        parser.add_argument(f"--{name}-file", metavar="FILE")
    parser.add_argument("--protocol", choices=("5", "3.1.1"), help="MQTT version (default: 5)")
    parser.add_argument("--client-id", help="default: dho-receiver-TENANT, or dho-receiver-TENANT-HUB")
    parser.add_argument("--tenant", help="whose hubs")
    parser.add_argument("--hub", help="only this hub (default: every hub of the tenant)")
    parser.add_argument("--database", required=True, metavar="FILE", help="where readings are stored (SQLite)")
    parser.add_argument(
        "--confirm", action=argparse.BooleanOptionalAction, default=True, help="acknowledge to the hubs"
    )
    parser.add_argument("--no-ack", action="store_false", dest="confirm", help="the same as --no-confirm")
    parser.add_argument("--seconds", type=float, help="end by itself after this time")
    parser.add_argument("--lang", choices=("en", "nb"), default="en", help="language of the sentences")
    parser.add_argument("--json", action="store_true", help="print each event as one line of JSON")


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Receives until it is told to stop, or the time is over."""
    try:
        plan = _plan(arguments)
        return asyncio.run(_receive(plan, arguments, real_env()))
    except ConfigurationError as error:
        for line in fault_lines(error, arguments.lang):
            _tell_fault(arguments, line["path"], line["reason"], line["text"])
        return cli.CONFIG
    except GatewayError as error:
        text = say(error.reason, arguments.lang, {"detail": error.detail})
        _tell_fault(arguments, "", error.reason, text)
        return cli.STORE if error.reason == _DATABASE else cli.CONFIG


async def _receive(plan: _Plan, arguments: argparse.Namespace, env: Env) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def report(event: Mapping[str, object]) -> None:
        print(json.dumps(event) if arguments.json else _sentence(event, arguments.lang), flush=True)

    database = Database(plan.database)
    try:
        service = Service(plan.options, plan.settings, database, env, report)
        work = asyncio.create_task(service.run())
        told = asyncio.create_task(stop.wait())
        await asyncio.wait([work, told], timeout=plan.seconds, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        ended = await _end(work)
        summary = service.summary()
        report(summary)
        if ended is not None:
            raise ended
        never = service.uplink.state.counters["connections"] == 0
    finally:
        database.close()
    return cli.OK if stop.is_set() else _verdict(summary, never)


async def _end(work: "asyncio.Task[None]") -> GatewayError | None:
    work.cancel()
    try:
        await work
    except asyncio.CancelledError:
        return None
    except GatewayError as error:
        return error
    return None


def _verdict(summary: Mapping[str, object], never: bool) -> int:
    if never:
        return cli.UNAVAILABLE
    return cli.NO if summary["missing"] or summary["conflicts"] else cli.OK


def _sentence(event: Mapping[str, object], lang: Language) -> str:
    name = str(event["event"]).replace(".", "-")
    if name == "ledger-checked":
        name = f"ledger-{event['result']}"
    reason = {"text": say(str(event["reason"]), lang)} if name in ("disconnected", "ack-refused") else {}
    return say(f"receiver-{name}", lang, {**event, **reason})


def _tell_fault(arguments: argparse.Namespace, path: str, reason: str, text: str) -> None:
    if arguments.json:
        print(json.dumps({"event": "refused", "path": path, "reason": reason, "text": text}), flush=True)
    else:
        print(f"{path}: {text}" if path else text, file=sys.stderr)


def _plan(arguments: argparse.Namespace) -> _Plan:
    if arguments.config is not None:
        settings = read_configuration(arguments.config).settings
        mqtt, tenant = settings.mqtt, arguments.tenant or settings.hub.tenant
    else:
        mqtt, tenant = _mqtt(arguments), arguments.tenant
    faults = [] if tenant else [_needed("--tenant")]
    if tenant:
        faults += _topic_faults(tenant, arguments.hub)
    if faults:
        raise ConfigurationError(faults)
    client_id = arguments.client_id or "-".join(filter(None, ("dho-receiver", tenant, arguments.hub)))
    uplink = configured(mqtt, client_id, os.environ.get("CREDENTIALS_DIRECTORY"))
    for file in filter(None, (uplink.username_file, uplink.password_file)):
        read_secret(file)  # a person waits: say now what every attempt would say
    return _Plan(
        uplink,
        Options(tenant=tenant, hub=arguments.hub, acknowledge=arguments.confirm),
        Path(arguments.database),
        arguments.seconds,
    )


def _mqtt(arguments: argparse.Namespace) -> Mqtt:
    if not arguments.host:
        raise ConfigurationError([_needed("--host"), *([] if arguments.tenant else [_needed("--tenant")])])
    if arguments.insecure_plaintext and not is_loopback(arguments.host):
        raise ConfigurationError([Fault("--insecure-plaintext", "receiver-plaintext", {})])
    names = ("host", "port", "insecure_plaintext", "protocol")
    given = {name: getattr(arguments, name) for name in (*names, *_FILES) if getattr(arguments, name) is not None}
    return Mqtt(**given)


_FILES = ("ca_file", "cert_file", "key_file", "username_file", "password_file")


def _topic_faults(tenant: str, hub: str | None) -> list[Fault]:
    try:
        receiver_filters(tenant, hub)
    except TopicError as error:
        return [Fault("--tenant, --hub", "config-value", {"detail": str(error)})]
    return []


def _needed(option: str) -> Fault:
    return Fault(option, "receiver-needs", {"option": option})
