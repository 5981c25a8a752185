"""The command line: one command per file, each with --json.

Exit codes: 0 done; 1 done, and the answer is no; 64 wrong use; 65 data refused; 69 something needed is not there;
73 the store cannot be used; 78 configuration refused.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import NoReturn

from gateway import __version__

OK, NO, USAGE, DATA, UNAVAILABLE, STORE, CONFIG = 0, 1, 64, 65, 69, 73, 78

# Name and what it is for; the command itself is the module of that name, loaded only when it is wanted.
COMMANDS: Mapping[str, str] = {
    "run": "run the gateway in the foreground",
    "check": "check a configuration file, and name every mistake",
    "status": "show what waits in the outbox of this hub",
    "assignment": "begin, end and look at the period in which this kit serves one person",
    "equipment": "keep the register of the instruments, and exchange one",
    "outbox": "count readings that the broker refused, and offer them again",
    "held": "look at, release or delete readings that are held back",
    "visit": "mark what is measured in the next quarter of an hour as measured by a visitor",
    "audit": "show who did what on this hub, and check that the log is whole",
    "deviation": "show, export and close what went wrong with readings",
    "privacy": "show what is on this hub, where, and for how long",
    "wipe": "take everything of the person off this hub, with a signed proof",
    "drivers": "list the supported devices",
    "device": "find, pair, try and remove Bluetooth devices",
    "ports": "show the serial ports and the lines that bind a device to one",
    "decode": "decode captured bytes with a driver",
    "demo": "a virtual home, the whole way, no hardware",
    "receive": "run the reference receiver",
    "config": "print an example configuration or its JSON Schema",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; gives its exit code."""
    # pydantic would look through all installed packages for plugins of its own: time and memory for nothing.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # Python's own default, which it would look up in a large table that stays in memory.
    os.environ.setdefault("PYTHONTZPATH", "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo")
    words = list(sys.argv[1:] if argv is None else argv)
    wanted = next((word for word in words if not word.startswith("-")), None)
    # The parser is gone before a daemon begins.
    arguments = _parser(wanted).parse_args(words)
    if arguments.command is None:
        _parser(wanted).print_help()
        return USAGE
    try:
        code: int = import_module(f"gateway.cli.{arguments.command}").run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has left, as `| head` does; Python's own flush at the end could not reach it either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    return code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def _parser(wanted: str | None) -> argparse.ArgumentParser:
    parser = _Parser(prog="dho-gateway", description="Gateway for digital home follow-up.")
    parser.add_argument("--version", action="version", version=f"dho-gateway {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name, purpose in COMMANDS.items():
        module = import_module(f"gateway.cli.{name}") if name == wanted else None
        command = commands.add_parser(
            name,
            help=purpose,
            description=purpose,
            epilog=getattr(module, "EXAMPLES", None),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if module is not None:
            module.add_arguments(command)
    return parser
