"""Remote commands: an enumerated table, one file each. What is not here cannot be asked for from afar.

These two change nothing: they make the hub tell what it would tell by itself.
"""

from gateway.commands import health, ledger
from gateway.commands.api import Command

_ALL: tuple[Command, ...] = (health.COMMAND, ledger.COMMAND)
COMMANDS = {command.name: command for command in _ALL}
