"""`command/ledger/{id}`: the ledger of the places `from` to `to` (both optional), on the topic `ledger`."""

from collections.abc import Mapping
from typing import Any

from gateway.commands.api import Command, Document, Tools
from gateway.errors import RefusedError


def _run(tools: Tools, payload: Mapping[str, Any]) -> Document:
    document = tools.ledger(_place(payload, "from"), _place(payload, "to"))
    if document is None:
        raise RefusedError("ledger-empty")
    return document


def _place(payload: Mapping[str, Any], name: str) -> int | None:
    value = payload.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 2**53):
        raise RefusedError("command-malformed", name)
    return value


COMMAND = Command("ledger", _run)
