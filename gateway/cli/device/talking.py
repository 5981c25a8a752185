"""What the device commands share: speaking to a person, and turning faults into exit codes."""

import argparse
import asyncio
import json
import sys
from collections.abc import Coroutine, Mapping

from gateway import cli
from gateway.catalogue import Language, say
from gateway.cli.configuration import print_faults
from gateway.errors import ConfigurationError, GatewayError

_UNAVAILABLE = "bluetooth-"
_STORE = ("store-", "device-gateway-runs", "act-other-user")

Result = Mapping[str, object]


class Talker:
    """Says things in the person's language: progress as it happens, the result at the end.

    With --json the result is one JSON object on standard output, and progress goes to standard error.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.language: Language = arguments.lang
        self.json: bool = arguments.json

    def text(self, key: str, **params: object) -> str:
        """A sentence of the catalogue."""
        return say(key, self.language, params)

    def tell(self, key: str, **params: object) -> None:
        """Progress."""
        print(self.text(key, **params), file=sys.stderr if self.json else sys.stdout, flush=True)

    def line(self, text: str) -> None:
        """A line for people; left out of JSON."""
        if not self.json:
            print(text, flush=True)

    def result(self, result: Result) -> None:
        """The end, for programs."""
        if self.json:
            print(json.dumps(result, ensure_ascii=False), flush=True)

    def refuse(self, error: GatewayError) -> int:
        """What went wrong and what to do; gives the exit code."""
        text = self.text(error.reason, detail=error.detail)
        if self.json:
            print(json.dumps({"ok": False, "error": error.reason, "detail": error.detail, "text": text}))
        else:
            print(text, file=sys.stderr)
        return exit_code(error.reason)

    async def question(self, key: str, **params: object) -> str | None:
        """Asks the person; None where nobody can answer."""
        if not sys.stdin.isatty():
            return None
        print(self.text(key, **params), end=" ", file=sys.stderr, flush=True)
        loop, answered = asyncio.get_running_loop(), asyncio.Event()
        # Not in a thread: one that waits for the keyboard could not be ended.
        loop.add_reader(sys.stdin.fileno(), answered.set)
        try:
            await answered.wait()
        finally:
            loop.remove_reader(sys.stdin.fileno())
        return sys.stdin.readline().strip()


def exit_code(reason: str) -> int:
    """How the command ends for this reason."""
    if reason.startswith(_STORE):
        return cli.STORE
    return cli.UNAVAILABLE if reason.startswith(_UNAVAILABLE) else cli.NO


def guarded(work: Coroutine[object, object, int], talker: Talker) -> int:
    """Runs a command to its end; gives its exit code."""
    try:
        return asyncio.run(work)
    except ConfigurationError as error:
        print_faults(error, talker.language, as_json=talker.json)
        return cli.CONFIG
    except GatewayError as error:
        return talker.refuse(error)
    except KeyboardInterrupt:
        return cli.NO


def device_lines(name: str, driver: str, address: str) -> str:
    """The lines that list a device in the configuration."""
    return f'[[device]]\nname = "{name}"\ndriver = "{driver}"\ntransport = "ble"\naddress = "{address}"\n'
