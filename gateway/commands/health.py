"""`command/health/{id}`: how the hub is now."""

from collections.abc import Mapping
from typing import Any

from gateway.commands.api import Command, Document, Tools


def _run(tools: Tools, _payload: Mapping[str, Any]) -> Document:
    return tools.health()


COMMAND = Command("health", _run)
