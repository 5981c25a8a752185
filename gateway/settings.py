"""The settings of one hub, as records: everything a coordinator may set stands here, with its rules.

A field's metadata are its `description` and rules in the words of pydantic (`pattern`, `ge`, ...), and `check`: a
function that raises ValueError with the rest of a fault's name. `gateway.checking` holds a file against them. Secrets
are never in the file: it names files (or systemd credentials, `credential:NAME`) that hold them.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from zoneinfo import ZoneInfo

from gateway.errors import ConfigurationError, Fault
from gateway.wire import Record

_CREDENTIAL = "credential:"


def known_zone(name: str) -> str:
    """A zone this machine knows; ValueError otherwise."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("unknown-timezone") from error
    return name


def stable_port(path: str) -> str:
    """A port whose name stays when others are plugged in; ValueError otherwise."""
    if path.startswith(("/dev/ttyUSB", "/dev/ttyACM")):
        raise ValueError("unstable-port")
    return path


def _rules(description: str, *, check: Callable[[str], str] | None = None, **rules: object) -> Mapping[str, Any]:
    return {"description": description, "check": check, **rules}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub(Record):
    """Who this hub is."""

    id: str = field(metadata=_rules("the hub's name, as on its label", pattern=r"^[a-z0-9-]{3,40}$"))
    tenant: str = field(metadata=_rules("whose hub it is: the municipality's word", pattern=r"^[a-z0-9-]{2,40}$"))
    timezone: str = field(
        default="Europe/Oslo",
        metadata=_rules("zone of the clocks of the devices and of text; nothing is stored by it", check=known_zone),
    )
    language: Literal["nb", "en"] = field(default="nb", metadata=_rules("language of what people read"))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings(Record):
    """Where readings wait."""

    path: str = field(
        metadata=_rules("directory of the database and the keys, readable by the daemon alone", min_length=1)
    )
    max_mb: int = field(
        default=256, metadata=_rules("megabytes that the database and its log may take together", ge=1, le=100_000)
    )
    key_file: str | None = field(
        default=None,
        metadata=_rules(
            "file or credential whose secret seals the store's own keys; default: they lie in the directory"
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mqtt(Record):
    """The way to the broker."""

    host: str = field(metadata=_rules("name or address of the broker; its certificate must carry it", min_length=1))
    port: int = field(metadata=_rules("port of the broker; 8883 where it speaks TLS as usual", ge=1, le=65535))
    insecure_plaintext: bool = field(
        default=False, metadata=_rules("no TLS; refused for any host but this machine itself")
    )
    ca_file: str | None = field(
        default=None, metadata=_rules("authority that signed the broker's certificate; default: the system's")
    )
    cert_file: str | None = field(default=None, metadata=_rules("client certificate (PEM)"))
    key_file: str | None = field(default=None, metadata=_rules("key of the client certificate (PEM)"))
    username_file: str | None = field(default=None, metadata=_rules("file that holds the user name"))
    password_file: str | None = field(default=None, metadata=_rules("file that holds the password"))
    protocol: Literal["5", "3.1.1"] = field(
        default="5", metadata=_rules("MQTT version; 3.1.1 for brokers that have no 5")
    )
    keepalive_s: int = field(
        default=60, metadata=_rules("seconds of silence after which the broker asks", ge=5, le=3600)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Record):
    """When a reading counts as delivered."""

    confirm: Literal["receiver", "broker"] = field(
        default="receiver",
        metadata=_rules("who confirms: the receiver's ack, or, where the backend cannot ack, the broker"),
    )
    window: int = field(default=20, metadata=_rules("readings on the way at the same time", ge=1, le=100))
    catch_up_per_s: int = field(
        default=50,
        metadata=_rules(
            "readings a second of what waited while the broker was away for ten minutes or more; 0: no bound",
            ge=0,
            le=10_000,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bluetooth(Record):
    """The radio."""

    adapter: str | None = field(
        default=None, metadata=_rules("which adapter; default: the first", pattern=r"^hci[0-9]+$")
    )
    passive: bool = field(
        default=False,
        metadata=_rules("scan without asking; spares the devices' batteries, needs BlueZ experimental mode"),
    )
    allow_reboot: bool = field(
        default=False, metadata=_rules("restart the hub, at most once a day, when nothing else brings Bluetooth back")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers(Record):
    """Which drivers may be used beyond the ordinary ones."""

    allow: tuple[str, ...] = field(
        default=(), metadata=_rules("entry points of other packages whose drivers may be loaded")
    )
    opt_in: tuple[str, ...] = field(
        default=(), metadata=_rules('drivers marked "opt-in" that may be used: unofficial, or hardly verified')
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Device(Record):
    name: str = field(metadata=_rules("the installer's word for it, unique on this hub", min_length=1, max_length=40))
    driver: str = field(metadata=_rules("a name from `dho-gateway drivers`"))
    mode: str | None = field(default=None, metadata=_rules("one of the driver's modes; default: its first"))
    users: tuple[int, ...] | None = field(
        default=None,
        metadata=_rules("user slots of the device that belong to the person followed; others are held back"),
    )
    household: bool = field(
        default=False, metadata=_rules("others in the home use it too: a reading that names no user is held back")
    )
    visit: bool = field(
        default=False,
        metadata=_rules("a visitor's own device: its readings count during a visit, and at no other time"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialDevice(_Device):
    """An instrument on a serial port."""

    transport: Literal["serial"]
    port: str = field(
        metadata=_rules(
            "stable name: /dev/serial/by-id/..., /dev/serial/by-path/..., or a USB socket such as usb:1-1.4",
            min_length=1,
            check=stable_port,
        )
    )
    line: str | None = field(
        default=None,
        metadata=_rules(
            'baud rate, bits, parity, stop bits, such as "9600 8N1"; default: as the maker sets them',
            pattern=r"^[0-9]{3,7} [78][NEO][12]$",
        ),
    )
    select_format: bool = field(
        default=False, metadata=_rules("let the driver choose the instrument's output format at opening, where it can")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BleDevice(_Device):
    """An instrument with Bluetooth LE."""

    transport: Literal["ble"]
    address: str = field(metadata=_rules("its Bluetooth address", pattern=r"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$"))
    user: int | None = field(default=None, metadata=_rules("user slot to open, for a device that asks", ge=0, le=254))
    consent: int | None = field(default=None, metadata=_rules("consent code of that user slot", ge=0, le=9999))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Record):
    """The whole file."""

    hub: Hub
    store: StoreSettings
    mqtt: Mqtt
    delivery: Delivery = Delivery()
    bluetooth: Bluetooth = Bluetooth()
    drivers: Drivers = Drivers()
    device: tuple[SerialDevice | BleDevice, ...] = ()


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
