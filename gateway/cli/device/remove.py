"""`dho-gateway device remove`: ends the pairing with a device, on this side."""

import argparse

from gateway import cli
from gateway.cli.configuration import read_configuration
from gateway.cli.device.bench import owned_store
from gateway.cli.device.talking import Talker, guarded
from gateway.env import real_env
from gateway.errors import RefusedError
from gateway.settings import BleDevice, Settings
from gateway.transport.ble.workshop import Workshop


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("device", metavar="DEVICE", help="its name in the configuration, or its Bluetooth address")
    parser.add_argument("--config", required=True, metavar="FILE", help="the configuration (TOML)")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace) -> int:
    """Asks, and ends it."""
    talker = Talker(arguments)
    return guarded(_remove(arguments, talker), talker)


async def _remove(arguments: argparse.Namespace, talker: Talker) -> int:
    settings = read_configuration(arguments.config).settings
    address = address_of(arguments.device, settings)
    # A gateway that runs could connect while the pairing ends.
    owned_store(settings).close()
    await forget(address, settings, arguments, talker)
    talker.tell("device-removed")
    talker.result({"ok": True, "device": arguments.device})
    return cli.OK


async def forget(address: str, settings: Settings, arguments: argparse.Namespace, talker: Talker) -> None:
    """Ends the pairing once the person has agreed; RefusedError `device-not-agreed` otherwise."""
    if not arguments.yes:
        answer = await talker.question("device-remove-sure", device=arguments.device)
        if answer is None or answer.lower() not in {"y", "yes", "j", "ja"}:
            raise RefusedError("device-not-agreed")
    async with Workshop(real_env(), settings.bluetooth.adapter) as workshop:
        await workshop.forget(address)


def address_of(word: str, settings: Settings) -> str:
    """The address of a device by its name or its address; RefusedError `device-unknown`."""
    for device in settings.device:
        if isinstance(device, BleDevice) and device.name.upper() == word.upper():
            return device.address
    if word.count(":") != 5:
        raise RefusedError("device-unknown", word)
    return word
