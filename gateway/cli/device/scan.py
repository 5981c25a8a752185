"""`dho-gateway device scan`: what is around, by what it advertises."""

import argparse
from collections.abc import Mapping
from typing import get_args

from drivers.api import BleDriver, Driver, Verdict
from gateway import cli
from gateway.cli.configuration import read_configuration
from gateway.cli.device.talking import Talker, device_lines, guarded
from gateway.env import real_env
from gateway.registry import known_drivers
from gateway.transport.ble.workshop import Around, Workshop

_VERDICTS = get_args(Verdict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--config", metavar="FILE", help="the configuration, for its adapter and its drivers")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to listen; default: 20")
    parser.add_argument("--all", action="store_true", help="show also what no driver recognises")


def run(arguments: argparse.Namespace) -> int:
    """Listens, and prints what was heard."""
    talker = Talker(arguments)
    return guarded(_scan(arguments, talker), talker)


async def _scan(arguments: argparse.Namespace, talker: Talker) -> int:
    adapter, drivers, listed = _configured(arguments.config)
    async with Workshop(real_env(), adapter) as workshop:
        talker.tell("device-scan-begin", seconds=round(arguments.seconds))
        paired = {known.address for known in await workshop.known()}
        found = await workshop.around(arguments.seconds, lambda _one: None)
    entries = [_entry(one, candidates(one, drivers), one.address in paired, listed) for one in found]
    shown = [entry for entry in entries if arguments.all or entry["drivers"]]
    for entry in shown:
        _show(entry, talker)
    talker.line(talker.text("device-scan-end", found=len(shown), others=len(entries) - len(shown)))
    talker.result({"ok": True, "devices": shown})
    return cli.OK if shown else cli.NO


def _configured(path: str | None) -> tuple[str | None, Mapping[str, Driver], Mapping[str, str]]:
    """Adapter, drivers, and the names of the listed devices by address."""
    if path is None:
        return None, known_drivers(), {}
    configuration = read_configuration(path)
    settings = configuration.settings
    names = {d.address.upper(): d.name for d in settings.device if d.transport == "ble"}
    return settings.bluetooth.adapter, configuration.drivers, names


def candidates(one: Around, drivers: Mapping[str, Driver]) -> list[str]:
    """The drivers that may be meant, the profiles' own first."""
    fitting = [d for d in drivers.values() if isinstance(d, BleDriver) and one.services & set(d.services)]
    return [d.name for d in sorted(fitting, key=lambda d: _VERDICTS.index(d.verdict))]


def _entry(one: Around, fitting: list[str], paired: bool, listed: Mapping[str, str]) -> dict[str, object]:
    name = listed.get(one.address.upper())
    return {
        "address": one.address,
        "name": one.name,
        "rssi": one.rssi,
        "drivers": fitting,
        "paired": paired,
        "listed": name,
        "config": device_lines(one.name or "device", fitting[0], one.address) if fitting and name is None else None,
    }


def _show(entry: Mapping[str, object], talker: Talker) -> None:
    drivers = entry["drivers"]
    assert isinstance(drivers, list)  # noqa: S101  # made above
    notes = [talker.text("device-paired")] if entry["paired"] else []
    if entry["listed"] is not None:
        notes.append(talker.text("device-listed", name=entry["listed"]))
    talker.line(f"\n# {entry['address']}  {entry['name'] or '-'}  {entry['rssi']} dBm  {', '.join([*drivers, *notes])}")
    if entry["config"] is not None:
        talker.line(str(entry["config"]).rstrip())
