"""`dho-gateway device test`: one contact, as the gateway would make it."""

import argparse

from gateway import cli
from gateway.cli.device.bench import Bench, Ended, add_device_options, bench
from gateway.cli.device.talking import Talker, guarded
from gateway.errors import RefusedError

# What is told of the device at the end.
_FACTS = ("manufacturer", "model", "firmware", "battery", "rssi", "clock_skew_s", "bonded", "primed", "early_sender")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    add_device_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Waits for the device, reads it once, and says how it went."""
    talker = Talker(arguments)
    return guarded(_test(arguments, talker), talker)


async def _test(arguments: argparse.Namespace, talker: Talker) -> int:
    async with bench(arguments, talker) as made:
        talker.tell("device-measure")
        ended = await reading(made, talker, arguments.minutes * 60)
        talker.tell("device-test-ok", values=ended.values)
        facts = told_facts(made)
        show_facts(facts, talker)
        talker.result({"ok": True, "device": made.wanted.name, "values": ended.values, "facts": facts})
    return cli.OK


async def reading(made: Bench, talker: Talker, seconds: float) -> Ended:
    """The next contact in which something was read. Faults that may pass are told; RefusedError for the others."""
    made.watched.on_value = lambda values: talker.tell("device-value", values=values) if values == 1 else None
    deadline = made.env.monotonic() + seconds
    while True:
        ended = await made.contact(deadline - made.env.monotonic())
        if ended.values:
            return ended
        if isinstance(ended.error, RefusedError):
            raise ended.error
        talker.tell("device-nothing" if ended.error is None else ended.error.reason)


def told_facts(made: Bench) -> dict[str, object]:
    """What the device told of itself, and what was seen of it; no serial number."""
    return {name: made.watched.known[name] for name in _FACTS if made.watched.known.get(name) is not None}


def show_facts(facts: dict[str, object], talker: Talker) -> None:
    """The facts, for people."""
    for name, value in facts.items():
        talker.line(f"  {talker.text(f'device-fact-{name}')}: {_plain(value, talker)}")


def _plain(value: object, talker: Talker) -> str:
    if isinstance(value, bool):
        return talker.text("device-yes" if value else "device-no")
    return str(value)
