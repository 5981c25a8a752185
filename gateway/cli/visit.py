"""`dho-gateway visit`: for a quarter of an hour, what is measured here is measured by a visitor."""

import argparse

from gateway.acts.api import Result
from gateway.cli import acting
from gateway.cli.words import Tell, when

EXAMPLES = """examples:
  dho-gateway visit --config gateway.toml
  dho-gateway visit --config gateway.toml --role nurse --lang nb

Readings that the person's devices take live in this time, and those of devices with `visit = true`, are marked as taken
during a visit. What a visitor's device remembers of others is never sent. Ends with 65 if there is no assignment."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    acting.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Opens the window."""
    return acting.act(arguments, "visit", {}, _words)


def _words(result: Result, tell: Tell) -> list[str]:
    return [tell("visit-open", until=when(result["until"], tell))]
