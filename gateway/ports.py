"""Serial ports and their names: what is plugged in, which name stays, and what to write in the configuration.

The kernel numbers converters as they come, so `/dev/ttyUSB0` may be the scale today and the oximeter tomorrow. A
converter with a serial number has a name of its own (by-id); one without has the name of its socket (by-path), and so
has its USB location (`usb:1-1.4`). No name tells which instrument is at the other end: that is the configuration's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.transport.serial_port import USB_LOCATION, PortInfo, plugged_in

_UNSTABLE = ("/dev/ttyUSB", "/dev/ttyACM")
_SERIAL = Path("/dev/serial")


@dataclass(frozen=True, slots=True)
class PortName:
    """A port with its stable names; `advice` is a key of the catalogue, or empty."""

    device: str
    best: str
    by_id: str | None
    by_path: str | None
    usb: str | None
    converter: str
    vid: int | None
    pid: int | None
    advice: str

    def config(self) -> str:
        """Lines for the configuration file."""
        return f'[[device]]\nname = "..."\ndriver = "..."\ntransport = "serial"\nport = "{self.best}"\n'


def is_unstable(port: str) -> bool:
    """Whether a name may mean another converter at the next start. A pty, a UART of the board and a link are stable."""
    return port.startswith(_UNSTABLE)


def stable_name_advice(port: str, plugged: Sequence[PortName]) -> str | None:
    """The name to use instead of an unstable one, "" if it has none; None if the name may stay."""
    if not is_unstable(port):
        return None
    return next((name.best for name in plugged if name.device == port and name.best != port), "")


def name_ports(ports: Sequence[PortInfo], links: Mapping[str, str]) -> list[PortName]:
    """Ports with their names; `links` gives for each path under /dev/serial the device it leads to."""
    return [_named(port, links) for port in ports]


def _named(port: PortInfo, links: Mapping[str, str]) -> PortName:
    by_id, by_path = _link(port, links, "by-id"), _link(port, links, "by-path")
    usb = f"{USB_LOCATION}{port.location}" if port.location else None
    best = by_id or by_path or usb or port.device
    return PortName(
        device=port.device,
        best=best,
        by_id=by_id,
        by_path=by_path,
        usb=usb,
        converter=" ".join(part for part in (port.manufacturer, port.product) if part),
        vid=port.vid,
        pid=port.pid,
        advice="ports-no-stable-name" if is_unstable(best) else "" if by_id or not usb else "ports-by-socket",
    )


def _link(port: PortInfo, links: Mapping[str, str], kind: str) -> str | None:
    if kind == "by-id" and not port.numbered:
        # Two alike would claim the one name, and the last to come gets it.
        return None
    found = (path for path, device in sorted(links.items()) if device == port.device and f"/{kind}/" in path)
    return next(found, None)


def ports_here() -> list[PortName]:
    """The ports of this machine."""
    return name_ports(plugged_in(), _links(_SERIAL))


def _links(folder: Path) -> dict[str, str]:
    """Every link below `folder`, and the device it leads to; links that vanish meanwhile are left out."""
    return {str(path): str(path.resolve()) for path in sorted(folder.glob("by-*/*"))}
