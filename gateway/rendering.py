"""What is rendered from the code, so that it cannot drift from it: example configuration, schemas, driver table."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from drivers.api import Driver
from gateway.checking import model_of
from gateway.reading import SCHEMA, Reading
from gateway.settings import BleDevice, SerialDevice, Settings
from gateway.wire import Record

_HEAD = """\
## Configuration of one hub, with every key. `##` explains. A key without `#` must be set. A key with `#` may be set; it
## shows its default, or an example where the default is nothing. `dho-gateway check --config FILE` names every mistake.
"""
# What stands in the example for keys that must be set, and for keys whose default is nothing.
_SAMPLES: Mapping[str, Any] = {
    "hub.id": "hub-0042",
    "hub.tenant": "skien",
    "store.path": "/var/lib/dho-gateway",
    "store.key_file": "credential:store-key",
    "mqtt.host": "broker.skien.example",
    "mqtt.port": 8883,
    "mqtt.ca_file": "/etc/dho-gateway/broker-ca.pem",
    "mqtt.cert_file": "/etc/dho-gateway/hub.pem",
    "mqtt.key_file": "credential:mqtt-key",
    "mqtt.username_file": "/etc/dho-gateway/mqtt-username",
    "mqtt.password_file": "credential:mqtt-password",
    "bluetooth.adapter": "hci0",
    "device.mode": "stream",
    "device.line": "2400 7E1",
    "device.users": [1],
    "device.user": 1,
    "device.consent": 1234,
}
_DEVICES: tuple[tuple[type[Record], Mapping[str, str]], ...] = (
    (
        SerialDevice,
        {
            "name": "stuevekt",
            "driver": "and-scale",
            "transport": "serial",
            "port": "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10K2B3C-if00-port0",
        },
    ),
    (BleDevice, {"name": "mansjett", "driver": "blood-pressure", "transport": "ble", "address": "AA:BB:CC:DD:EE:FF"}),
)


def example() -> str:
    """An example configuration with every key explained."""
    parts = [_HEAD]
    for name, field in model_of(Settings).model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            parts.append(_table(f"[{name}]", model, {}))
    parts += [_table("[[device]]", model_of(record), values) for record, values in _DEVICES]
    return "\n".join(parts)


def _table(head: str, model: type[BaseModel], values: Mapping[str, str]) -> str:
    # Keys that must be set come first: the rest of the table may then be left out without reading it.
    fields = sorted(model.model_fields.items(), key=lambda item: not item[1].is_required())
    lines = [f"## {model.__doc__}", head]
    for name, field in fields:
        lines += _key(name, field, values.get(name, _SAMPLES.get(f"{head.strip('[]')}.{name}")))
    return "\n".join(lines) + "\n"


def _key(name: str, field: FieldInfo, sample: object) -> Iterator[str]:
    if field.description:
        yield f"## {field.description}"
    value = sample if field.is_required() or field.default is None else field.default
    yield f"{'' if field.is_required() else '# '}{name} = {json.dumps(value, ensure_ascii=False)}"


def settings_schema() -> str:
    """JSON Schema of the configuration, for editors and for the municipality's own checks."""
    return _json(model_of(Settings).model_json_schema(), "dho-gateway configuration")


class _AsText(GenerateJsonSchema):
    """Decimals and instants are texts, and whoever reads them need not know which."""

    def decimal_schema(self, schema: Any) -> JsonSchemaValue:
        return {"type": "string"}

    def datetime_schema(self, schema: Any) -> JsonSchemaValue:
        return {"type": "string"}


def reading_schema() -> str:
    """JSON Schema of `dho.reading/1`, the contract with the backend. Open: consumers ignore keys they do not know."""
    schema = TypeAdapter(Reading).json_schema(mode="serialization", schema_generator=_AsText)
    for part in (schema, *schema["$defs"].values()):
        part.pop("additionalProperties", None)
    schema["properties"]["seq"] = {"type": "integer", "minimum": 1, "title": "Seq"}
    schema["required"] = [name for name in schema["properties"] if name in {*schema["required"], "schema", "seq"}]
    return _json(schema, SCHEMA)


def reading_fields() -> list[str]:
    """The keys of a reading's message."""
    return [field.name for field in fields(Reading)]


def driver_table(drivers: Iterable[Driver]) -> str:
    """The supported devices as a Markdown table; the last column says on what bytes the decoder was tried."""
    lines = ["| driver | reads | over | verdict | verified with |", "|---|---|---|---|---|"]
    for driver in drivers:
        over = "Bluetooth LE" if driver.transport == "ble" else "serial"
        lines.append(f"| `{driver.name}` | {driver.kind} | {over} | {driver.verdict} | {driver.verified} |")
    return "\n".join(lines) + "\n"


def _json(schema: dict[str, Any], title: str) -> str:
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": title}
    return json.dumps(head, indent=2, ensure_ascii=False) + "\n"
