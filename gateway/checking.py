"""A configuration file held against the rules of the settings: every mistake at once, each with its path.

Unknown keys are mistakes. The one place, with what is rendered, that needs pydantic: the daemon itself does without.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from functools import reduce
from operator import or_
from types import GenericAlias
from typing import Annotated, Any, get_args, get_origin

import pydantic

from gateway.errors import ConfigurationError, Fault
from gateway.privacy import in_foreign, in_identifier
from gateway.settings import Settings, is_loopback
from gateway.wire import Record

# Words that a person chose; they must not point to anybody.
_CHOSEN = re.compile(r"hub\.id|hub\.tenant|device\[\d+\]\.name")
# Numbers that the hardware has of itself; they stay on the hub.
_HARDWARE = re.compile(r"device\[\d+\]\.(port|address)")
# Strict: "yes" is no true, and "8883" no number. Only arrays are let in as tuples, field by field.
_STRICT = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True)


# Made once for each record.
_MODELS: dict[object, type[pydantic.BaseModel]] = {}


def model_of(record: type[Record]) -> type[pydantic.BaseModel]:
    """The pydantic model of a record, by the rules in its fields' metadata."""
    if record not in _MODELS:
        told: dict[str, Any] = {part.name: _field(part) for part in fields(record)}
        _MODELS[record] = pydantic.create_model(record.__name__, __config__=_STRICT, __doc__=record.__doc__, **told)
    return _MODELS[record]


def _field(part: Field[Any]) -> tuple[Any, Any]:
    rules = dict(part.metadata)
    check = rules.pop("check", None)
    kind = _kind(part.type)
    if tuple in (get_origin(one) for one in (part.type, *get_args(part.type))):
        rules["strict"] = False
    if part.default is not MISSING:
        rules["default"] = model_of(type(part.default))() if isinstance(part.default, Record) else part.default
    return (kind if check is None else Annotated[kind, pydantic.AfterValidator(check)]), pydantic.Field(**rules)


def _kind(kind: Any) -> Any:
    """The annotation, with a model for each record; records of several kinds are told apart by their transport."""
    if isinstance(kind, type) and issubclass(kind, Record):
        return model_of(kind)
    if get_origin(kind) is not tuple:
        return kind
    each = get_args(kind)[0]
    records: list[Any] = [model_of(one) for one in get_args(each)]
    several = Annotated[reduce(or_, records), pydantic.Field(discriminator="transport")] if records else each
    return GenericAlias(tuple, (several, ...))


def parse(text: str) -> dict[str, Any]:
    """The tables of a file; ConfigurationError with line and column if it is not TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([Fault("file", "config-not-toml", {"detail": str(error)})]) from error


def allowed_drivers(raw: Mapping[str, Any]) -> list[str]:
    """The drivers of other packages that a file names; empty where it says nothing sensible (`load` tells)."""
    table = raw.get("drivers")
    names = table.get("allow") if isinstance(table, dict) else None
    return [n for n in names if isinstance(n, str)] if isinstance(names, list) else []


def load(
    raw: dict[str, Any],
    drivers: Mapping[str, tuple[str, frozenset[str]]],
    opt_in: Collection[str] = (),
) -> Settings:
    """Settings from the tables of a file; ConfigurationError with every fault.

    `drivers` gives for each driver's name its transport and its modes; those in `opt_in` must be asked for by name.
    """
    settings, faults = _shape(raw)
    faults += _crosswise(raw, drivers)
    faults += _opt_in_faults(raw, opt_in)
    faults += _personal_faults(raw, [])
    if faults or settings is None:
        raise ConfigurationError(faults)
    return settings


def _shape(raw: dict[str, Any]) -> tuple[Settings | None, list[Fault]]:
    try:
        return Settings.from_table(model_of(Settings).model_validate(raw).model_dump(mode="json")), []
    except pydantic.ValidationError as error:
        return None, [
            _fault(entry["loc"], entry["type"], entry["msg"], entry.get("ctx", {})) for entry in error.errors()
        ]


_REASONS = {
    "missing": "config-missing",
    "extra_forbidden": "config-unknown-key",
    "union_tag_not_found": "config-missing-transport",
    "union_tag_invalid": "config-unknown-transport",
    "string_pattern_mismatch": "config-form",
}


def _fault(loc: tuple[int | str, ...], kind: str, message: str, context: Mapping[str, Any]) -> Fault:
    parts = [p for i, p in enumerate(loc) if not (p in ("serial", "ble") and i == 2 and loc[0] == "device")]
    if kind == "value_error":
        return Fault(_path(parts), f"config-{context['error']}", {})
    if kind.startswith("union_tag"):
        parts.append("transport")
    reason = _REASONS.get(kind, "config-value")
    return Fault(_path(parts), reason, {"detail": str(context.get("pattern", message))})


def _path(parts: list[int | str]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _crosswise(raw: dict[str, Any], drivers: Mapping[str, tuple[str, frozenset[str]]]) -> list[Fault]:
    """Mistakes between keys; looked for in the raw table, so that they are found beside mistakes of shape."""
    devices = raw.get("device")
    tables = [(i, d) for i, d in enumerate(devices) if isinstance(d, dict)] if isinstance(devices, list) else []
    faults = list(_mqtt_faults(raw.get("mqtt")))
    for key in ("name", "port", "address"):
        faults += _repeated(tables, key)
    for index, table in tables:
        faults += _driver_faults(index, table, drivers)
    return faults


def _mqtt_faults(mqtt: object) -> Iterator[Fault]:
    if not isinstance(mqtt, dict):
        return
    if mqtt.get("insecure_plaintext") is True and not is_loopback(str(mqtt.get("host", ""))):
        yield Fault("mqtt.insecure_plaintext", "config-plaintext-not-loopback", {"host": str(mqtt.get("host", ""))})
    for one, other in (("cert_file", "key_file"), ("key_file", "cert_file"), ("password_file", "username_file")):
        if mqtt.get(one) and not mqtt.get(other):
            yield Fault(f"mqtt.{other}", "config-needs-partner", {"partner": one})


def _repeated(tables: list[tuple[int, dict[str, Any]]], key: str) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    for index, table in tables:
        value = table.get(key)
        if not isinstance(value, str):
            continue
        first = seen.setdefault(value.lower(), index)
        if first != index:
            yield Fault(f"device[{index}].{key}", "config-repeated", {"first": f"device[{first}]"})


def _driver_faults(
    index: int, table: dict[str, Any], drivers: Mapping[str, tuple[str, frozenset[str]]]
) -> Iterator[Fault]:
    name = table.get("driver")
    if not isinstance(name, str):
        return
    if name not in drivers:
        yield Fault(f"device[{index}].driver", "config-unknown-driver", {"driver": name})
        return
    transport, modes = drivers[name]
    if table.get("transport") in ("serial", "ble") and table["transport"] != transport:
        yield Fault(f"device[{index}].transport", "config-wrong-transport", {"driver": name, "transport": transport})
    if isinstance(table.get("mode"), str) and table["mode"] not in modes:
        yield Fault(f"device[{index}].mode", "config-unknown-mode", {"modes": ", ".join(sorted(modes))})


def _opt_in_faults(raw: dict[str, Any], opt_in: Collection[str]) -> Iterator[Fault]:
    table = raw.get("drivers")
    asked = table.get("opt_in") if isinstance(table, dict) else None
    devices = raw.get("device")
    for index, device in enumerate(devices if isinstance(devices, list) else []):
        name = device.get("driver") if isinstance(device, dict) else None
        if isinstance(name, str) and name in opt_in and name not in (asked if isinstance(asked, list) else []):
            yield Fault(f"device[{index}].driver", "config-opt-in", {"driver": name})


def _personal_faults(thing: object, parts: list[int | str]) -> Iterator[Fault]:
    """Whatever points to a person, in any text of the file."""
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield from _personal_faults(value, [*parts, key])
    elif isinstance(thing, list):
        for place, value in enumerate(thing):
            yield from _personal_faults(value, [*parts, place])
    elif isinstance(thing, str) and not _HARDWARE.fullmatch(_path(parts)):
        found = in_identifier(thing) if _CHOSEN.fullmatch(_path(parts)) else in_foreign(thing)
        if found:
            yield Fault(_path(parts), f"personal-{found.what}", {})
