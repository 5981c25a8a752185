"""`dho-gateway config`: an example configuration, or the schema of the file, rendered from the settings themselves."""

import argparse

from gateway import cli
from gateway.rendering import example, settings_schema

EXAMPLES = """examples:
  dho-gateway config > gateway.toml
  dho-gateway config --schema > gateway.schema.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema instead of the example")
    parser.add_argument("--json", action="store_true", help="the same as --schema")


def run(arguments: argparse.Namespace) -> int:
    """Prints it."""
    print(settings_schema() if arguments.schema or arguments.json else example(), end="")
    return cli.OK
