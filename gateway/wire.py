"""Records that travel as JSON: frozen dataclasses, checked when they are made, written and read by their annotations.

An annotation is str, int, bool, Decimal, datetime, a Literal of one type, other records, a tuple of one of these, or
one of them or None; `Annotated[type, function]` names the function that writes it. A field whose default is None is
left out while it is None. One trailing underscore of a name is not written. A mistake of any kind is a ValueError.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring
from operator import attrgetter
from types import NoneType
from typing import Annotated, Any, Literal, NamedTuple, Self, get_args, get_origin


class _Form(NamedTuple):
    """A type: of which classes its values are, the JSON text of one, what else holds of them, and the way back.

    None: nothing else; what JSON gave is the value. None of them ever meets a value that is None.
    """

    classes: frozenset[type]
    writes: Callable[[Any], str]
    holds: Callable[[Any], bool] | None = None
    reads: Callable[[Any], Any] | None = None


class _Plan(NamedTuple):
    """A class of records: names, keys and forms of its fields."""

    names: tuple[str, ...]
    keys: tuple[str, ...]
    forms: tuple[_Form, ...]
    # All values of a record, in C; and of each field: the JSON before its value, its value, what stands for None.
    values: Callable[[object], tuple[Any, ...]]
    written: tuple[tuple[str, Callable[[Any], str], str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What all records can do. ValueError for a value that is not what its annotation says."""

    def __post_init__(self) -> None:
        plan = _plan(type(self))
        for name, value, (classes, _writes, holds, _reads) in zip(
            plan.names, plan.values(self), plan.forms, strict=True
        ):
            if type(value) not in classes or (holds is not None and value is not None and not holds(value)):
                raise ValueError(f"{type(self).__name__}.{name} is beyond the contract")

    def changed(self, **update: Any) -> Self:
        """The same but for these."""
        return replace(self, **update)

    def table(self) -> dict[str, Any]:
        """As a JSON object, in the order of the fields."""
        return dict(json.loads(self.text()))

    def text(self, **instead: Any) -> str:
        """As JSON text, in the order of the fields: no spaces, letters as they are; `instead` of some of its values,
        these (unchecked)."""
        plan = _plan(type(self))
        values = list(plan.values(self))
        for name, value in instead.items():
            values[plan.names.index(name)] = value
        return _text(plan, values)

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


def _text(plan: _Plan, values: Iterable[Any]) -> str:
    parts = []
    for value, (key, writes, none) in zip(values, plan.written, strict=True):
        if value is not None:
            parts.append(key + writes(value))
        elif none:
            parts.append(none)
    return "{" + ",".join(parts) + "}"


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
            _getter(names),
            tuple(
                (f'"{key}":', form.writes, "" if part.default is None else f'"{key}":null')
                for key, form, part in zip(keys, forms, parts, strict=True)
            ),
        )
    return plan


def _getter(names: tuple[str, ...]) -> Callable[[object], tuple[Any, ...]]:
    # Of a single name it would give the value itself.
    return attrgetter(*names) if len(names) > 1 else lambda record: (getattr(record, names[0]),)


def _form(kind: Any) -> _Form:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        plain, tells = _form(arguments[0]), arguments[1]
        return _Form(plain.classes, lambda value: encode_basestring(tells(value)), plain.holds, plain.reads)
    if origin is Literal:
        texts = {value: json.dumps(value, ensure_ascii=False) for value in arguments}
        return _Form(frozenset(map(type, arguments)), texts.__getitem__, texts.__contains__)
    if origin is tuple:
        return _tuple(_form(arguments[0]))
    if origin is not None:
        return _either([one for one in arguments if one is not NoneType], none=NoneType in arguments)
    if issubclass(kind, Record):
        plan = _plan(kind)
        return _Form(frozenset([kind]), lambda record: _text(plan, plan.values(record)), None, kind.from_table)
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

    return _Form(classes, Record.text, None, read)


def _tuple(each: _Form) -> _Form:
    classes, writes, holds, reads = each

    def all_hold(values: tuple[Any, ...]) -> bool:
        return all(type(one) in classes and (holds is None or holds(one)) for one in values)

    def read(values: Any) -> tuple[Any, ...]:
        if not isinstance(values, list):
            raise TypeError("no array")
        return tuple(values if reads is None else map(reads, values))

    return _Form(frozenset([tuple]), lambda values: "[" + ",".join(map(writes, values)) + "]", all_hold, read)


def _number(text: Any) -> Decimal:
    # A number of JSON has lost its digits already.
    if not isinstance(text, str):
        raise TypeError("no text")
    return Decimal(text)


_SIMPLE: Mapping[type, _Form] = {
    str: _Form(frozenset([str]), encode_basestring),
    int: _Form(frozenset([int]), str),
    bool: _Form(frozenset([bool]), json.dumps),
    Decimal: _Form(frozenset([Decimal]), lambda value: f'"{value}"', Decimal.is_finite, _number),
    datetime: _Form(frozenset([datetime]), lambda value: f'"{value.isoformat()}"', None, datetime.fromisoformat),
}
