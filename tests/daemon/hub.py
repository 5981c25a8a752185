"""A hub for black-box tests: the daemon as a process of its own, a scale on a pty, and a stranger at the broker."""

import contextlib
import json
import os
import pty
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

ROOT = "dho/1/skien/hub-0042"
_MINIMUM = """
[hub]
id = "hub-0042"
tenant = "skien"
timezone = "Europe/Oslo"

[store]
path = "{directory}/store"
{store}

[mqtt]
host = "127.0.0.1"
port = {port}
insecure_plaintext = true

[delivery]
confirm = "{confirm}"
"""
_SCALE = """
[[device]]
name = "stuevekt"
driver = "and-scale"
transport = "serial"
port = "{port}"
"""


def until(condition: Callable[[], Any], within: float = 40.0, what: str = "the condition") -> Any:
    """Waits until `condition` gives something true, and gives it; AssertionError after `within` seconds."""
    deadline = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true within {within} s"
        time.sleep(0.01)
    return found


class Pty:
    """A serial port that a test feeds, at a path that stays while the port comes and goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ends: tuple[int, int] | None = None

    def plug_in(self) -> "Pty":
        master, slave = pty.openpty()
        tty.setraw(master)
        tty.setraw(slave)
        self.path.symlink_to(os.ttyname(slave))
        self._ends = (master, slave)
        return self

    def unplug(self) -> None:
        if self._ends is not None:
            self.path.unlink()
            for end in self._ends:
                os.close(end)
            self._ends = None

    def feed(self, data: bytes) -> None:
        assert self._ends is not None
        while data:
            data = data[os.write(self._ends[0], data) :]

    def weigh(self, kilograms: float) -> None:
        self.feed(f"ST,+{kilograms:08.2f} kg\r\n".encode())


@dataclass
class Hub:
    """One daemon in a directory. Start, kill and start it again as you like."""

    directory: Path
    port: int
    confirm: str = "receiver"
    more: str = ""
    store: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    _process: "subprocess.Popen[str] | None" = None
    _reader: threading.Thread | None = None

    @property
    def config(self) -> Path:
        path = self.directory / "gateway.toml"
        text = _MINIMUM.format(directory=self.directory, port=self.port, confirm=self.confirm, store=self.store)
        text += self.more
        path.write_text(text, encoding="utf-8")
        return path

    def with_scale(self, port: Path) -> "Hub":
        self.more += _SCALE.format(port=port)
        return self

    def start(self) -> "Hub":
        assert self._process is None
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "run", "--config", str(self.config)],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.environ},
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,))
        self._reader.start()
        return self

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stderr is not None
        for line in process.stderr:
            # Every line is JSON, whoever logged it.
            self.events.append(json.loads(line))

    def end(self, number: int, within: float = 10.0) -> int:
        """Sends a signal and gives the exit code; everything it logged is in `events` then."""
        process, reader = self._process, self._reader
        assert process is not None
        assert reader is not None
        process.send_signal(number)
        code = process.wait(within)
        reader.join(within)
        assert process.stderr is not None
        process.stderr.close()
        self._process = None
        return code

    def close(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.end(9)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def named(self, event: str) -> list[dict[str, Any]]:
        return [e for e in list(self.events) if e.get("event") == event]

    @property
    def stored(self) -> list[dict[str, Any]]:
        return self.named("reading.stored")

    def ready(self, starts: int = 1) -> "Hub":
        """Returns when, after so many starts, the broker and the port are open: it hears from now on."""
        self.wait_for("uplink.connected", starts)
        self.wait_for("device.opened", starts)
        return self

    def wait_for(self, event: str, count: int = 1, within: float = 40.0) -> list[dict[str, Any]]:
        until(lambda: len(self.named(event)) >= count, within, f"{count} x {event}")
        return self.named(event)


class Listener:
    """A stranger at the broker: a persistent session that keeps every message of the hub, in order."""

    def __init__(self, port: int, name: str = "listener") -> None:
        self.messages: list[tuple[str, bytes]] = []
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv311, clean_session=False
        )
        self._client.on_connect = lambda client, *_: client.subscribe("dho/#", 1)
        self._client.on_message = self._message
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        until(self._client.is_connected, what="the listener's connection")

    def _message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.messages.append((message.topic, bytes(message.payload)))

    def documents(self, topic: str) -> list[dict[str, Any]]:
        return [json.loads(payload) for t, payload in list(self.messages) if payload and t == f"{ROOT}/{topic}"]

    def readings(self, kind: str = "weight") -> list[dict[str, Any]]:
        return self.documents(f"reading/{kind}")

    def ack(self, epoch: str, through: int, **more: Any) -> None:
        self.say("ack", {"schema": "dho.ack/1", "epoch": epoch, "through": through, **more})

    def say(self, topic: str, document: dict[str, Any] | bytes) -> None:
        payload = document if isinstance(document, bytes) else json.dumps(document).encode()
        self._client.publish(f"{ROOT}/{topic}", payload, 1).wait_for_publish(5)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextlib.contextmanager
def listening(port: int) -> Iterator[Listener]:
    listener = Listener(port)
    try:
        yield listener
    finally:
        listener.close()
