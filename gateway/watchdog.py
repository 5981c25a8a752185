"""What systemd is told: ready, alive, stopping, and a line of status. Nothing happens where nobody asked to be told.

Protocol of sd_notify(3): one datagram to the Unix socket named by NOTIFY_SOCKET, `@` first for an abstract name.
Whoever calls `alive` must do so from the data path, so that a daemon that only looks alive is restarted.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

# Half of the limit is what sd_watchdog_enabled(3) recommends; a third leaves room for one late beat more.
_BEATS_PER_LIMIT = 3


@dataclass(frozen=True, slots=True)
class Watchdog:
    """Where to tell (None: nowhere) and how often systemd wants to hear `alive` (s; None: not at all)."""

    address: str | None = None
    interval_s: float | None = None

    def ready(self, status: str) -> None:
        """Start-up is over."""
        self._tell("READY=1", f"STATUS={_one_line(status)}")

    def alive(self) -> None:
        """The data path moves."""
        self._tell("WATCHDOG=1")

    def status(self, status: str) -> None:
        """A line for `systemctl status`; nothing personal."""
        self._tell(f"STATUS={_one_line(status)}")

    def stopping(self) -> None:
        """An orderly stop has begun."""
        self._tell("STOPPING=1")

    def _tell(self, *lines: str) -> None:
        if self.address is None:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
            link.setblocking(False)
            try:
                link.sendto("\n".join(lines).encode(), self.address)
            except OSError:
                # A service manager that cannot be told must not stop readings; it notices the silence by itself.
                return


def from_environment(environ: Mapping[str, str], pid: int | None = None) -> Watchdog:
    """What the service manager asked for in the environment of process `pid` (default: this one)."""
    name = environ.get("NOTIFY_SOCKET", "")
    if not name.startswith(("/", "@")):
        return Watchdog()
    address = "\0" + name[1:] if name.startswith("@") else name
    return Watchdog(address, _interval_s(environ, os.getpid() if pid is None else pid))


def _interval_s(environ: Mapping[str, str], pid: int) -> float | None:
    if environ.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    limit = environ.get("WATCHDOG_USEC", "")
    if not limit.isdecimal() or int(limit) == 0:
        return None
    return int(limit) / 1_000_000 / _BEATS_PER_LIMIT


def _one_line(text: str) -> str:
    return " ".join(text.split())
