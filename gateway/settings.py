"""The one configuration file: its shape, from text. Everything a coordinator may set stands here.

`load` reports every mistake of a file at once, each with its path. Unknown keys are mistakes. Secrets are never in the
file: it names files (or systemd credentials, `credential:NAME`) that hold them.
"""

import ipaddress
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from gateway.errors import ConfigurationError, Fault
from gateway.privacy import in_foreign, in_identifier

_CREDENTIAL = "credential:"
# Words that a person chose; they must not point to anybody.
_CHOSEN = re.compile(r"hub\.id|hub\.tenant|device\[\d+\]\.name")
# Numbers that the hardware has of itself; they stay on the hub.
_HARDWARE = re.compile(r"device\[\d+\]\.(port|address)")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("unknown-timezone") from error
    return name


def _stable_port(path: str) -> str:
    if path.startswith(("/dev/ttyUSB", "/dev/ttyACM")):
        raise ValueError("unstable-port")
    return path


class _Part(BaseModel):
    # Strict: "yes" is no true, and "8883" no number. Only arrays are let in as tuples, field by field.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Hub(_Part):
    """Who this hub is."""

    id: str = Field(pattern=r"^[a-z0-9-]{3,40}$", description="the hub's name, as on its label")
    tenant: str = Field(pattern=r"^[a-z0-9-]{2,40}$", description="whose hub it is: the municipality's word")
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        default="Europe/Oslo", description="zone of the clocks of the devices and of text; nothing is stored by it"
    )
    language: Literal["nb", "en"] = Field(default="nb", description="language of what people read")


class StoreSettings(_Part):
    """Where readings wait."""

    path: str = Field(min_length=1, description="directory of the database and the keys, readable by the daemon alone")
    max_mb: int = Field(
        default=256, ge=1, le=100_000, description="megabytes that the database and its log may take together"
    )
    key_file: str | None = Field(
        default=None,
        description="file or credential whose secret seals the store's own keys; default: they lie in the directory",
    )


class Mqtt(_Part):
    """The way to the broker."""

    host: str = Field(min_length=1, description="name or address of the broker; its certificate must carry it")
    port: int = Field(ge=1, le=65535, description="port of the broker; 8883 where it speaks TLS as usual")
    insecure_plaintext: bool = Field(default=False, description="no TLS; refused for any host but this machine itself")
    ca_file: str | None = Field(
        default=None, description="authority that signed the broker's certificate; default: the system's"
    )
    cert_file: str | None = Field(default=None, description="client certificate (PEM)")
    key_file: str | None = Field(default=None, description="key of the client certificate (PEM)")
    username_file: str | None = Field(default=None, description="file that holds the user name")
    password_file: str | None = Field(default=None, description="file that holds the password")
    protocol: Literal["5", "3.1.1"] = Field(default="5", description="MQTT version; 3.1.1 for brokers that have no 5")
    keepalive_s: int = Field(default=60, ge=5, le=3600, description="seconds of silence after which the broker asks")


class Delivery(_Part):
    """When a reading counts as delivered."""

    confirm: Literal["receiver", "broker"] = Field(
        default="receiver", description="who confirms: the receiver's ack, or, where the backend cannot ack, the broker"
    )
    window: int = Field(default=20, ge=1, le=100, description="readings on the way at the same time")
    catch_up_per_s: int = Field(
        default=50,
        ge=0,
        le=10_000,
        description="readings a second of what waited while the broker was away for ten minutes or more; 0: no bound",
    )


class Bluetooth(_Part):
    """The radio."""

    adapter: str | None = Field(default=None, pattern=r"^hci[0-9]+$", description="which adapter; default: the first")
    passive: bool = Field(
        default=False, description="scan without asking; spares the devices' batteries, needs BlueZ experimental mode"
    )
    allow_reboot: bool = Field(
        default=False, description="restart the hub, at most once a day, when nothing else brings Bluetooth back"
    )


class Drivers(_Part):
    """Which drivers may be used beyond the ordinary ones."""

    allow: tuple[str, ...] = Field(
        default=(), strict=False, description="entry points of other packages whose drivers may be loaded"
    )
    opt_in: tuple[str, ...] = Field(
        default=(), strict=False, description='drivers marked "opt-in" that may be used: unofficial, or hardly verified'
    )


class _Device(_Part):
    name: str = Field(min_length=1, max_length=40, description="the installer's word for it, unique on this hub")
    driver: str = Field(description="a name from `dho-gateway drivers`")
    mode: str | None = Field(default=None, description="one of the driver's modes; default: its first")
    users: tuple[int, ...] | None = Field(
        default=None,
        strict=False,
        description="user slots of the device that belong to the person followed; others are held back",
    )
    household: bool = Field(
        default=False, description="others in the home use it too: a reading that names no user is held back"
    )
    visit: bool = Field(
        default=False, description="a visitor's own device: its readings count during a visit, and at no other time"
    )


class SerialDevice(_Device):
    """An instrument on a serial port."""

    transport: Literal["serial"]
    port: Annotated[str, Field(min_length=1), AfterValidator(_stable_port)] = Field(
        description="stable name: /dev/serial/by-id/..., /dev/serial/by-path/..., or a USB socket such as usb:1-1.4"
    )
    line: str | None = Field(
        default=None,
        pattern=r"^[0-9]{3,7} [78][NEO][12]$",
        description='baud rate, bits, parity, stop bits, such as "9600 8N1"; default: as the maker sets them',
    )
    select_format: bool = Field(
        default=False, description="let the driver choose the instrument's output format at opening, where it can"
    )


class BleDevice(_Device):
    """An instrument with Bluetooth LE."""

    transport: Literal["ble"]
    address: str = Field(pattern=r"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$", description="its Bluetooth address")
    user: int | None = Field(default=None, ge=0, le=255, description="user slot to open, for a device that asks")
    consent: int | None = Field(default=None, ge=0, le=9999, description="consent code of that user slot")


DeviceSettings = Annotated[SerialDevice | BleDevice, Field(discriminator="transport")]


class Settings(_Part):
    """The whole file."""

    hub: Hub
    store: StoreSettings
    mqtt: Mqtt
    delivery: Delivery = Delivery()
    bluetooth: Bluetooth = Bluetooth()
    drivers: Drivers = Drivers()
    device: tuple[DeviceSettings, ...] = Field(default=(), strict=False)


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
        return Settings.model_validate(raw), []
    except ValidationError as error:
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


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself: `localhost` or an address of the loopback range."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def secret_path(value: str, credentials_directory: str | None, where: str = "mqtt") -> str:
    """The path of a secret: itself, or inside systemd's credentials directory for `credential:NAME`."""
    if not value.startswith(_CREDENTIAL):
        return value
    if credentials_directory is None:
        raise ConfigurationError([Fault(where, "config-no-credentials", {"name": value})])
    return f"{credentials_directory}/{value.removeprefix(_CREDENTIAL)}"
