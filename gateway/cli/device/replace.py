"""`dho-gateway device replace`: the same act as `dho-gateway equipment replace`, for any instrument."""

import argparse

from gateway.cli import acting, equipment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    equipment.add_replacement(parser)
    acting.add_asking(parser)


def run(arguments: argparse.Namespace) -> int:
    """Asks for the act."""
    return equipment.run(arguments)
