"""`dho-gateway device list`: what is listed in the configuration, and what BlueZ is paired with."""

import argparse
from collections.abc import Mapping

from gateway import cli
from gateway.cli.configuration import read_configuration
from gateway.cli.device.talking import Talker, guarded
from gateway.env import real_env
from gateway.settings import BleDevice, Settings
from gateway.transport.ble.workshop import Known, Workshop


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--config", required=True, metavar="FILE", help="the configuration (TOML)")


def run(arguments: argparse.Namespace) -> int:
    """Prints both beside each other."""
    talker = Talker(arguments)
    return guarded(_list(arguments, talker), talker)


async def _list(arguments: argparse.Namespace, talker: Talker) -> int:
    settings = read_configuration(arguments.config).settings
    async with Workshop(real_env(), settings.bluetooth.adapter) as workshop:
        paired = {known.address.upper(): known for known in await workshop.known()}
    entries = [*_listed(settings, paired), *_foreign(settings, paired)]
    for entry in entries:
        state = talker.text("device-paired" if entry["paired"] else "device-unpaired")
        if entry["listed"] is None:
            state = f"{state}, {talker.text('device-unlisted')}"
        elif entry["paired"] and not entry["primed"]:
            state = f"{state}, {talker.text('device-unprimed')}"
        talker.line(f"{entry['listed'] or entry['name'] or '-'}  {entry['address']}  {entry['driver'] or '-'}  {state}")
    talker.result({"ok": True, "devices": entries})
    return cli.OK


def _listed(settings: Settings, paired: Mapping[str, Known]) -> list[dict[str, object]]:
    return [
        _entry(device.address, device.name, device.driver, paired.get(device.address.upper()))
        for device in settings.device
        if isinstance(device, BleDevice)
    ]


def _foreign(settings: Settings, paired: Mapping[str, Known]) -> list[dict[str, object]]:
    listed = {d.address.upper() for d in settings.device if isinstance(d, BleDevice)}
    return [_entry(known.address, None, None, known) for address, known in paired.items() if address not in listed]


def _entry(address: str, listed: str | None, driver: str | None, known: Known | None) -> dict[str, object]:
    return {
        "address": address,
        "listed": listed,
        "driver": driver,
        "name": None if known is None else known.name,
        "paired": known is not None,
        "primed": known is not None and known.primed,
        "connected": known is not None and known.connected,
    }
