"""Where remote commands come in: judged, done once, answered.

A command names when it expires and is refused after that, or when the hub does not know the time. Its number makes it
one act: the same again is answered again and not done again, another under the same number is refused. The memory of
numbers ends with the daemon, which the commands of today allow: none of them changes anything.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from gateway.commands.api import Command, Document, Tools
from gateway.env import Env, known_time
from gateway.errors import GatewayError, RefusedError
from gateway.reading import instant_text
from gateway.topics import COMMAND_SCHEMA, RESULT_SCHEMA

_LONGEST_LIFE = timedelta(days=7)
_LARGEST_BYTES = 16_384
_REMEMBERED = 200

Answer = Callable[[str, str, Document], "asyncio.Future[None]"]


class Desk:
    """Use on the event loop."""

    def __init__(
        self,
        commands: Mapping[str, Command],
        tools: Tools,
        answer: Answer,
        env: Env,
        note: Callable[[str, Mapping[str, object]], None],
        count: Callable[[str], object],
    ) -> None:
        """`answer(name, number, document)` publishes a result and resolves when the broker has it; `note` tells the
        log, `count` counts `commands_done`, `_refused`, `_repeated`."""
        self._commands, self._tools, self._answer = commands, tools, answer
        self._env, self._note, self._count = env, note, count
        self._done: OrderedDict[str, tuple[bytes, Document]] = OrderedDict()

    def take(self, name: str, number: str, payload: bytes) -> "asyncio.Future[None]":
        """Does the command, if it may be done; resolves when the broker has the answer."""
        return self._answer(name, number, self._result(name, number, payload))

    def _result(self, name: str, number: str, payload: bytes) -> Document:
        head = {"schema": RESULT_SCHEMA, "command": name, "id": number}
        known = self._done.get(number)
        if known is not None and known[0] == payload:
            self._count("commands_repeated")
            return known[1]
        try:
            if known is not None:
                raise RefusedError("command-id-used")
            told = self._run(name, payload)
        except GatewayError as error:
            self._count("commands_refused")
            self._note("command.refused", {"command": name, "id": number, "reason": error.reason})
            return {**head, **self._at(), "status": "refused", "reason": error.reason}
        self._count("commands_done")
        self._note("command.done", {"command": name, "id": number})
        result = {**head, **self._at(), "status": "done", "result": told}
        self._remember(number, payload, result)
        return result

    def _run(self, name: str, payload: bytes) -> Document:
        command = self._commands.get(name)
        if command is None:
            raise RefusedError("command-unknown")
        table = _table(payload)
        self._check_expiry(table.get("expires"))
        return command.run(self._tools, table)

    def _check_expiry(self, text: object) -> None:
        now, expires = known_time(self._env), _instant(text)
        if now is None:
            raise RefusedError("command-clock-unknown")
        if expires <= now:
            raise RefusedError("command-expired")
        if expires > now + _LONGEST_LIFE:
            raise RefusedError("command-expires-late")

    def _remember(self, number: str, payload: bytes, result: Document) -> None:
        self._done[number] = (payload, result)
        if len(self._done) > _REMEMBERED:
            self._done.popitem(last=False)

    def _at(self) -> Document:
        at = known_time(self._env)
        return {} if at is None else {"at": instant_text(at)}


def _table(payload: bytes) -> dict[str, Any]:
    if len(payload) > _LARGEST_BYTES:
        raise RefusedError("command-malformed", "too large")
    try:
        table = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise RefusedError("command-malformed", "not JSON") from error
    if not isinstance(table, dict) or table.get("schema") != COMMAND_SCHEMA:
        raise RefusedError("command-malformed", f"not a {COMMAND_SCHEMA}")
    return table


def _instant(text: object) -> datetime:
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise RefusedError("command-malformed", "expires") from error
    if instant.tzinfo is None:
        raise RefusedError("command-malformed", "expires without offset")
    return instant
