"""`dho-gateway status`: what waits on this hub, read beside a running daemon."""

import argparse
import json
from pathlib import Path

from gateway import cli
from gateway.catalogue import say
from gateway.cli.configuration import print_faults, read_configuration
from gateway.env import real_env
from gateway.errors import ConfigurationError, GatewayError
from gateway.health import age_s
from gateway.store import look

EXAMPLES = """examples:
  dho-gateway status --config /etc/dho-gateway/gateway.toml
  dho-gateway status --config gateway.toml --lang nb
  dho-gateway status --config gateway.toml --json

Shows no measured value. Ends with 73 if there is no store yet."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--config", required=True, metavar="FILE", help="the configuration (TOML)")
    parser.add_argument("--lang", choices=("en", "nb"), default="en", help="language of the sentences")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Prints counts and ages."""
    try:
        configuration = read_configuration(arguments.config)
        found = look(Path(configuration.settings.store.path))
    except ConfigurationError as error:
        print_faults(error, arguments.lang, as_json=arguments.json)
        return cli.CONFIG
    except GatewayError as error:
        text = say(error.reason, arguments.lang, {"detail": error.detail})
        refused = {"ok": False, "error": error.reason, "text": text}
        print(json.dumps(refused, ensure_ascii=False) if arguments.json else text)
        return cli.STORE
    age = age_s(found.depth.oldest_received_at, real_env().now())
    report = {
        "epoch": found.epoch,
        "stored": found.last_seq,
        "waiting": found.depth.waiting,
        "at_broker": found.depth.at_broker,
        "oldest_age_s": age,
        "held": found.held,
        "aside": found.aside,
    }
    if arguments.json:
        print(json.dumps(report))
        return cli.OK
    held = sum(found.held.values())
    print(say("status-outbox", arguments.lang, {**report, "held": held, "oldest": _age(age, arguments.lang)}))
    return cli.OK


def _age(seconds: int | None, language: str) -> str:
    if seconds is None:
        return "-"
    minutes, hours = divmod(seconds, 60)[0], seconds // 3600
    if hours >= 48:
        return f"{hours // 24} {'dager' if language == 'nb' else 'days'}"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min {seconds % 60} s"
