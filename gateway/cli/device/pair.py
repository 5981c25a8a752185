"""`dho-gateway device pair`: a pairing counts when the device has slept and was read again.

The second contact also shows whether the device sends before it is asked; the store keeps that with the device.
"""

import argparse
import asyncio

from gateway import cli
from gateway.cli.device.bench import Bench, add_device_options, bench
from gateway.cli.device.talking import Talker, device_lines, guarded
from gateway.cli.device.test import reading, show_facts, told_facts
from gateway.errors import RefusedError
from gateway.transport.ble.errors import PAIRING_BROKEN_OFF

# So long without an advertisement is a device that sleeps; one that never sleeps is waited for no longer than this.
_ASLEEP_S = 3.0
_SLEEPLESS_S = 90.0
_LOOK_S = 0.2
_CODE_DIGITS = 6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    add_device_options(parser)
    parser.add_argument("--name", help="what to call it in the configuration, for a device that is not listed yet")
    parser.add_argument("--passkey", type=_passkey, metavar="CODE", help="the code, where it is known beforehand")


def run(arguments: argparse.Namespace) -> int:
    """Pairs, and proves it."""
    talker = Talker(arguments)
    return guarded(_pair(arguments, talker), talker)


async def _pair(arguments: argparse.Namespace, talker: Talker) -> int:
    async with bench(arguments, talker, wait=True) as made:
        await paired(made, arguments, talker)
    return cli.OK


async def paired(made: Bench, arguments: argparse.Namespace, talker: Talker) -> None:
    """Pairs the device, reads it, lets it sleep, and reads it again. GatewayError if that does not come about.

    It is left alone until then: one that was connected to before it may be paired gets stuck half-way.
    """
    seconds = arguments.minutes * 60
    talker.tell("device-pair-begin")
    await _made(made, Typed(talker, arguments.passkey), seconds)
    talker.tell("device-pair-read")
    first = await reading(made, talker, seconds)
    made.radio.leave_alone(made.wanted.address, True)
    talker.tell("device-pair-sleep", values=first.values)
    await _asleep(made)
    made.radio.leave_alone(made.wanted.address, False)
    talker.tell("device-pair-again")
    second = await reading(made, talker, seconds)
    talker.tell("device-pair-ok", values=second.values)
    _report(made, first.values + second.values, talker)


async def _made(made: Bench, person: "Typed", seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            # Nothing else runs between these two.
            made.radio.leave_alone(made.wanted.address, False)
            await made.radio.pair(made.wanted.address, person)
    except TimeoutError as error:
        state = made.radio.state.code
        heard = PAIRING_BROKEN_OFF if person.hung_up else "device-silent"
        raise RefusedError(heard if state == "ready" else state) from error


async def _asleep(made: Bench) -> None:
    """Returns when the device has been off the air for a while, or will not go off it."""
    began = made.env.monotonic()
    while True:
        now = made.env.monotonic()
        heard = made.heard_at() or began
        if now - max(heard, began) >= _ASLEEP_S or now - began >= _SLEEPLESS_S:
            return
        await made.env.sleep(_LOOK_S)


def _report(made: Bench, values: int, talker: Talker) -> None:
    wanted, facts = made.wanted, told_facts(made)
    lines = None if wanted.listed else device_lines(wanted.name, wanted.driver.name, wanted.address)
    show_facts(facts, talker)
    if lines is not None:
        talker.line(f"\n# {talker.text('device-lines')}\n{lines}")
    talker.result({"ok": True, "device": wanted.name, "values": values, "facts": facts, "config": lines})


class Typed:
    """The person at the terminal, or the code they gave beforehand. `hung_up`: the device has broken off a pairing."""

    def __init__(self, talker: Talker, passkey: int | None) -> None:
        self.hung_up = False
        self._talker = talker
        self._passkey = passkey

    async def read_code(self) -> int | None:
        """The code the device shows."""
        if self._passkey is not None:
            return self._passkey
        answer = await self._talker.question("device-code")
        if answer is None:
            self._talker.tell("device-code-needed")
            return None
        return int(answer) if answer.isdecimal() and len(answer) <= _CODE_DIGITS else None

    async def same_code(self, code: int) -> bool:
        """Whether both show the same."""
        answer = await self._talker.question("device-same-code", code=f"{code:06d}")
        return answer is not None and answer.lower() in {"y", "yes", "j", "ja"}

    def show_code(self, code: int) -> None:
        """A code to be typed on the device."""
        self._talker.tell("device-type-code", code=f"{code:06d}")

    def broken_off(self) -> None:
        """The device is waited for again."""
        self.hung_up = True
        self._talker.tell("device-pair-broken-off")


def _passkey(text: str) -> int:
    if not text.isdecimal() or len(text) > _CODE_DIGITS:
        raise argparse.ArgumentTypeError("a code has at most six digits")
    return int(text)
