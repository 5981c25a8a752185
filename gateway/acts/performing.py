"""Does acts where the store is: one after the other, each with its answer and its record in one transaction."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from gateway.acts.api import AT, Act, Context, Params, Result
from gateway.errors import GatewayError, RefusedError
from gateway.store.acts import ActRow

_LOOK_S = 1.0

Note = Callable[[str, Mapping[str, object]], None]


class Performer:
    """Does what was asked for, in order."""

    def __init__(
        self, context: Context, acts: Callable[[], Mapping[str, Act]], note: Note, done: Callable[[str], None]
    ) -> None:
        """`acts` gives all there are, by name; `note` hears of each act (event, fields) and `done(name)` of each that
        was done, both when it is durable.
        """
        self._context, self._acts, self._note, self._told = context, acts, note, done
        self._rows = context.store.acts

    async def run(self) -> None:
        """Looks for acts that were asked for beside the daemon, until cancelled; costs the card nothing."""
        while True:
            if self._rows.stirred():
                self.perform_waiting()
            await self._context.env.sleep(_LOOK_S)

    def perform_waiting(self) -> None:
        """Does everything that waits."""
        for row in self._rows.waiting():
            self._perform(row)

    def _perform(self, row: ActRow) -> None:
        # Only what `checked` lets pass gets as far as `perform`.
        context = replace(self._context, role=row.role, act=row.id, after=[])  # type: ignore[arg-type]
        try:
            act = self._act(row)
            params = act.checked(row.params, row.role)
            context = replace(context, told=_told_time(params))
            self._do(act, params, context)
        except GatewayError as error:
            self._refuse(row, error)
            return
        for step in context.after:
            step()
        if act.writes:
            self._note("act.done", {"act": row.name, "role": row.role, "id": row.id})
        self._told(row.name)

    def _act(self, row: ActRow) -> Act:
        act = self._acts().get(row.name)
        if act is None:
            raise RefusedError("act-unknown", row.name)
        return act

    def _do(self, act: Act, params: Params, context: Context) -> None:
        if not act.atomic:
            self._answer(act, params, context, act.perform(params, context))
            return
        with context.store.together():
            # Whoever asked may have given up meanwhile, and was told that nothing is done.
            self._rows.begin(context.act)
            self._answer(act, params, context, act.perform(params, context))

    def _answer(self, act: Act, params: Params, context: Context, result: Result) -> None:
        with context.store.together():
            if act.writes:
                context.audit(context.role, act.name, act.audited(params, result))
            self._rows.answer(context.act, "done", result)

    def _refuse(self, row: ActRow, error: GatewayError) -> None:
        fields = {"act": row.name, "reason": error.reason}
        if error.reason != "act-withdrawn":
            with self._context.store.together():
                self._rows.answer(row.id, "refused", {"error": error.reason, "detail": error.detail})
        self._note("act.refused", {**fields, "role": row.role, "id": row.id})


def _told_time(params: Params) -> datetime | None:
    try:
        return datetime.fromisoformat(str(params[AT.name])) if AT.name in params else None
    except ValueError as error:
        raise RefusedError("act-parameter", AT.name) from error
