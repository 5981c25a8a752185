"""`dho-gateway device repair`: for a device that has forgotten this hub, or that this hub should forget."""

import argparse

from gateway import cli
from gateway.cli.configuration import read_configuration
from gateway.cli.device import pair
from gateway.cli.device.bench import bench
from gateway.cli.device.remove import address_of, forget
from gateway.cli.device.talking import Talker, guarded
from gateway.errors import GatewayError
from gateway.transport.ble.errors import GONE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    pair.add_arguments(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace) -> int:
    """Ends the pairing, and pairs anew."""
    talker = Talker(arguments)
    return guarded(_repair(arguments, talker), talker)


async def _repair(arguments: argparse.Namespace, talker: Talker) -> int:
    settings = read_configuration(arguments.config).settings
    async with bench(arguments, talker, wait=True) as made:
        try:
            await forget(address_of(arguments.device, settings), settings, arguments, talker)
        except GatewayError as error:
            # Nothing was left of the pairing on this side.
            if error.reason != GONE:
                raise
        talker.tell("device-removed")
        await pair.paired(made, arguments, talker)
    return cli.OK
