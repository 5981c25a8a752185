"""What acts leave behind: a record in the audit log, and a deviation where something was forced."""

from collections.abc import Mapping
from functools import partial

from gateway.audit import Entry, Role
from gateway.deviation import TYPES, Occurrence, Type
from gateway.env import Env
from gateway.store import Store
from gateway.store.audit import moment


class Records:
    """The records of one store. Both write inside the caller's transaction, if there is one."""

    def __init__(self, store: Store, env: Env) -> None:
        self._store, self._env = store, env
        store.deviations.moment = partial(moment, env)

    def audit(self, role: Role, what: str, fields: Mapping[str, object]) -> None:
        """`what` was done by `role`; `assignment` among the fields says for which."""
        scalars = {name: value for name, value in fields.items() if isinstance(value, str | int | bool | list)}
        assignment = fields.get("assignment")
        self._store.audit.add(
            Entry(role, what, moment(self._env), assignment if isinstance(assignment, str) else None, scalars)
        )

    def deviate(self, _role: Role, what: str, fields: Mapping[str, object]) -> None:
        """A deviation of type `what` (`forced` for a word that is none). Fields: `cause`, `readings`, `device`,
        `assignment`."""
        kind: Type = next((one for one in TYPES if one == what), "forced")
        readings = fields.get("readings", 0)
        self._store.deviations.add(
            Occurrence(
                kind,
                str(fields.get("cause", what)),
                readings if isinstance(readings, int) else 0,
                _text(fields.get("device")),
                _text(fields.get("assignment")),
            ),
            moment(self._env),
        )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
