"""`dho-gateway status`: what waits on this hub, read beside a running daemon."""

import argparse
import json
from pathlib import Path

from gateway import cli
from gateway.catalogue import say
from gateway.cli.configuration import Configuration
from gateway.cli.reading import add_options, looked
from gateway.env import real_env
from gateway.health import age_s
from gateway.store import look

EXAMPLES = """examples:
  dho-gateway status --config /etc/dho-gateway/gateway.toml
  dho-gateway status --config gateway.toml --lang nb
  dho-gateway status --config gateway.toml --json

Shows no measured value. Ends with 73 if there is no store yet."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints counts and ages."""
    return looked(arguments, lambda configuration: _show(arguments, configuration))


def _show(arguments: argparse.Namespace, configuration: Configuration) -> int:
    found = look(Path(configuration.settings.store.path))
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
