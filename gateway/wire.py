"""Records that travel as JSON: frozen dataclasses, checked when they are made, written and read by their annotations.

An annotation is str, int, bool, Decimal, datetime, a Literal of one type, other records, a tuple of one of these, or
one of them or None; `Annotated[type, function]` names the function that writes it. A field whose default is None is
left out while it is None. One trailing underscore of a name is not written. A mistake of any kind is a ValueError.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from types import NoneType
from typing import Annotated, Any, Literal, NamedTuple, Self, get_args, get_origin

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class _Form(NamedTuple):
    """A type: of which classes its values are, what else holds of them, what stands for one in JSON, and the way back.

    None: nothing else; the value itself. Whatever is None is left as it is.
    """

    classes: frozenset[type]
    holds: Callable[[Any], bool] | None = None
    tells: Callable[[Any], Any] | None = None
    reads: Callable[[Any], Any] | None = None


class _Plan(NamedTuple):
    """A class of records: names, keys and forms of its fields, and the keys that are left out while they are None."""

    names: tuple[str, ...]
    keys: tuple[str, ...]
    forms: tuple[_Form, ...]
    omitted: tuple[str, ...]
    # All values of a record, in C; and the keys whose values are not written as they are.
    values: Callable[[object], tuple[Any, ...]]
    told: tuple[tuple[str, Callable[[Any], Any]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What all records can do. ValueError for a value that is not what its annotation says."""

    def __post_init__(self) -> None:
        plan = _plan(type(self))
        for name, value, (classes, holds, _tells, _reads) in zip(
            plan.names, plan.values(self), plan.forms, strict=True
        ):
            if type(value) not in classes or (holds is not None and value is not None and not holds(value)):
                raise ValueError(f"{type(self).__name__}.{name} is beyond the contract")

    def changed(self, **update: Any) -> Self:
        """The same but for these."""
        return replace(self, **update)

    def table(self) -> dict[str, Any]:
        """As a JSON object, in the order of the fields."""
        plan = _plan(type(self))
        told: dict[str, Any] = dict(zip(plan.keys, plan.values(self), strict=True))
        for key, tells in plan.told:
            if told[key] is not None:
                told[key] = tells(told[key])
        for key in plan.omitted:
            if told[key] is None:
                del told[key]
        return told

    def text(self) -> str:
        """As JSON text."""
        return json_text(self.table())

    @classmethod
    def from_table(cls, table: object) -> Self:
        """Out of a JSON object. ValueError for anything that `table` would not have given."""
        if not isinstance(table, Mapping):
            raise ValueError(f"{cls.__name__} is a table")
        plan = _plan(cls)
        known = dict(zip(plan.keys, zip(plan.names, plan.forms, strict=True), strict=True))
        read: dict[str, Any] = {}
        try:
            for key, value in table.items():
                name, form = known[key]
                read[name] = value if form.reads is None or value is None else form.reads(value)
            return cls(**read)
        except (KeyError, TypeError, InvalidOperation) as error:
            raise ValueError(f"{cls.__name__} has other keys or values") from error

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Out of JSON text. ValueError for anything that `text` would not have given."""
        return cls.from_table(json.loads(text))


def json_text(table: Mapping[str, Any]) -> str:
    """JSON as it goes on the wire: no spaces, letters as they are."""
    return _ENCODER.encode(table)


# Put together once for each class.
_PLANS: dict[object, _Plan] = {}


def _plan(record: type[Record]) -> _Plan:
    plan = _PLANS.get(record)
    if plan is None:
        parts = fields(record)
        names = tuple(part.name for part in parts)
        keys = tuple(name.removesuffix("_") for name in names)
        forms = tuple(_form(part.type) for part in parts)
        plan = _PLANS[record] = _Plan(
            names,
            keys,
            forms,
            tuple(key for key, part in zip(keys, parts, strict=True) if part.default is None),
            _getter(names),
            tuple((key, form.tells) for key, form in zip(keys, forms, strict=True) if form.tells is not None),
        )
    return plan


def _getter(names: tuple[str, ...]) -> Callable[[object], tuple[Any, ...]]:
    # Of a single name it would give the value itself.
    return attrgetter(*names) if len(names) > 1 else lambda record: (getattr(record, names[0]),)


def _form(kind: Any) -> _Form:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        plain = _form(arguments[0])
        return _Form(plain.classes, plain.holds, arguments[1], plain.reads)
    if origin is Literal:
        return _Form(frozenset(map(type, arguments)), frozenset(arguments).__contains__)
    if origin is tuple:
        return _tuple(_form(arguments[0]))
    if origin is not None:
        return _either([one for one in arguments if one is not NoneType], none=NoneType in arguments)
    if issubclass(kind, Record):
        return _Form(frozenset([kind]), None, kind.table, kind.from_table)
    return _SIMPLE[kind]


def _either(kinds: list[Any], *, none: bool) -> _Form:
    """One of several records, or one of anything; or None."""
    forms = [_form(kind) for kind in kinds]
    classes = frozenset().union(*(form.classes for form in forms), [NoneType] if none else [])
    if len(forms) == 1:
        return _Form(classes, *forms[0][1:])

    def read(table: Any) -> Any:
        for kind in kinds:
            with suppress(ValueError):
                return kind.from_table(table)
        raise ValueError("none of the records fits")

    return _Form(classes, None, lambda record: record.table(), read)


def _tuple(each: _Form) -> _Form:
    classes, holds, tells, reads = each

    def all_hold(values: tuple[Any, ...]) -> bool:
        return all(type(one) in classes and (holds is None or holds(one)) for one in values)

    def read(values: Any) -> tuple[Any, ...]:
        if not isinstance(values, list):
            raise TypeError("no array")
        return tuple(values if reads is None else map(reads, values))

    return _Form(frozenset([tuple]), all_hold, None if tells is None else lambda values: list(map(tells, values)), read)


def _number(text: Any) -> Decimal:
    # A number of JSON has lost its digits already.
    if not isinstance(text, str):
        raise TypeError("no text")
    return Decimal(text)


_SIMPLE: Mapping[type, _Form] = {
    str: _Form(frozenset([str])),
    int: _Form(frozenset([int])),
    bool: _Form(frozenset([bool])),
    Decimal: _Form(frozenset([Decimal]), Decimal.is_finite, str, _number),
    datetime: _Form(frozenset([datetime]), None, datetime.isoformat, datetime.fromisoformat),
}
