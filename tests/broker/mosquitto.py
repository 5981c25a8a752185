"""A real mosquitto for a test, on a free loopback port and in its own directory; it can be stopped, killed, started.

It is the witness of what is published, so nothing here uses the code under test.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

START_S = 10.0


@dataclass
class Broker:
    """One mosquitto. `extra` are further lines of its configuration; `persistence` keeps sessions over restarts."""

    directory: Path
    extra: tuple[str, ...] = ()
    listener: tuple[str, ...] = ()
    anonymous: bool = True
    persistence: bool = True
    port: int = 0
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        self._write()

    @property
    def log(self) -> str:
        """What mosquitto has said so far."""
        path = self.directory / "mosquitto.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def start(self) -> "Broker":
        """Starts it and waits until it accepts connections."""
        assert self._process is None, "it runs already"
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program is not None
        with (self.directory / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "-c", str(self.directory / "mosquitto.conf")], stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_S
        while not _accepts(self.port):
            assert self._process.poll() is None, f"mosquitto ended:\n{self.log}"
            assert time.monotonic() < deadline, f"mosquitto does not answer:\n{self.log}"
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        """Stops it politely; it saves its sessions."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut would."""
        self._end(signal.SIGKILL)

    def restart(self, *, empty: bool = False) -> None:
        """Stops and starts it; `empty`: as a new machine, without its sessions and retained messages."""
        self.stop()
        if empty:
            (self.directory / "mosquitto.db").unlink(missing_ok=True)
        self.start()

    def freeze(self) -> None:
        """Connections stay up, nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Goes on after `freeze`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def reload(self) -> None:
        """Reads password and access files again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def close(self) -> None:
        """Ends it if it runs."""
        if self._process is not None:
            self._end(signal.SIGKILL)

    def _end(self, how: int) -> None:
        assert self._process is not None, "it does not run"
        self._process.send_signal(how)
        if how != signal.SIGKILL:
            self._process.send_signal(signal.SIGCONT)
        self._process.wait(START_S)
        self._process = None

    def _write(self) -> None:
        lines = [
            "per_listener_settings false",
            f"allow_anonymous {'true' if self.anonymous else 'false'}",
            f"persistence {'true' if self.persistence else 'false'}",
            f"persistence_location {self.directory}/",
            "max_queued_messages 0",
            "log_type all",
            "set_tcp_nodelay true",
            f"user {os.environ.get('USER', 'root') if os.geteuid() else 'root'}",
            *self.extra,
            f"listener {self.port} 127.0.0.1",
            *self.listener,
        ]
        (self.directory / "mosquitto.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")


def passwords(path: Path, **users: str) -> Path:
    """A password file for mosquitto's `password_file`."""
    path.write_text("", encoding="utf-8")
    for name, password in users.items():
        subprocess.run(["mosquitto_passwd", "-b", str(path), name, password], check=True, capture_output=True)
    return path


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
