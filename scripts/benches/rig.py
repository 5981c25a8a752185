"""What the benches share: a broker, a hub with its scale, readings by the thousand, and what the kernel counts."""

import contextlib
import random
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from gateway.identity import reading_id
from gateway.keeping import Draft
from gateway.reading import Attribution, Device, Quality, Reading, Time, Value
from gateway.store import Store
from tests.broker.mosquitto import free_port
from tests.daemon.hub import ROOT, Hub, Pty, until

_KEY = bytes(range(32))
_REF = "dev-3f9c21aa0b11"


class Mosquitto:
    """A broker that logs nothing and queues without bound."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._config = directory / "broker.conf"
        lines = ["log_type none", f"listener {self.port} 127.0.0.1", "allow_anonymous true", "max_queued_messages 0"]
        self._config.write_text("\n".join([*lines, "set_tcp_nodelay true", ""]), encoding="ascii")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it takes connections."""
        program = shutil.which("mosquitto")
        assert program is not None
        self._process = subprocess.Popen(
            [program, "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._answers, what="the broker")

    def stop(self) -> None:
        """As it is stopped by its service manager."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False


@dataclass
class Rig:
    """A directory on the disk, a broker that runs, a hub with one scale that does not yet."""

    directory: Path
    broker: Mosquitto
    scale: Pty
    hub: Hub

    def online(self) -> None:
        """Starts the hub, and returns when it is connected and hears its scale."""
        before = {event: len(self.hub.named(event)) for event in ("device.opened", "uplink.connected")}
        self.hub.start()
        until(lambda: all(len(self.hub.named(event)) > count for event, count in before.items()), what="the hub")


@contextlib.contextmanager
def rig(confirm: str = "receiver") -> Iterator[Rig]:
    """Everything is gone in the end."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as undo:
        directory = Path(name)
        broker = Mosquitto(directory / "broker")
        broker.start()
        undo.callback(broker.stop)
        scale = Pty(directory / "scale").plug_in()
        undo.callback(scale.unplug)
        hub = Hub(directory, broker.port, confirm=confirm).with_scale(scale.path)
        undo.callback(hub.close)
        yield Rig(directory, broker, scale, hub)


class Counter:
    """A subscriber that only counts bytes: the cheapest there is, so that it takes no time from what is measured."""

    def __init__(self, port: int, topic: str = f"{ROOT}/reading/weight") -> None:
        self.bytes = 0
        self.last_at = 0.0
        self._link = socket.create_connection(("127.0.0.1", port))
        self._link.sendall(b"\x10\x13\x00\x04MQTT\x04\x02\x00\x00\x00\x07counter")
        name = topic.encode()
        self._link.sendall(bytes((0x82, len(name) + 5, 0, 1, 0, len(name))) + name + b"\x00")
        self._heard = b""
        while len(self._heard) < 9:  # CONNACK and SUBACK
            self._heard += self._link.recv(64)
        threading.Thread(target=self._count, daemon=True).start()

    def wait(self, size: int, within: float) -> float:
        """When (perf_counter) that many bytes had come."""
        until(lambda: self.bytes >= size, within, f"{size} bytes (came {self.bytes})")
        return self.last_at

    def close(self) -> None:
        """Leaves."""
        self._link.close()

    def _count(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._link.recv(1 << 20):
                self.bytes += len(data)
                self.last_at = time.perf_counter()


def packet_bytes(payload: str, topic: str = f"{ROOT}/reading/weight") -> int:
    """The size of a message of QoS 0 as a subscriber of MQTT 3.1.1 gets it."""
    body = 2 + len(topic) + len(payload.encode())
    return 1 + (1 if body < 128 else 2) + body


def drafts(count: int, epoch: str = "e-51c0a2c3d4") -> Iterator[Draft]:
    """Weighings that differ, as the daemon makes them."""
    now = datetime.now(UTC)
    base = Reading(
        schema="dho.reading/1",
        id="",
        hub="hub-0042",
        epoch=epoch,
        seq=None,
        boot="7c9e1f2a3b4c",
        assignment=None,
        device=Device(ref=_REF, kind="weight"),
        measured_at=now,
        time=Time(source="hub", hub_clock="synchronised", uncertainty_s=Decimal(60)),
        received_at=now,
        origin="live",
        acquisition="automatic",
        values=(Value(type="weight", mdc=188736, value=Decimal("82.40"), unit="kg"),),
        quality=Quality(status="valid", flags=()),
        attribution=Attribution(status="assigned", method="sole-user"),
    )
    for number in range(count):
        update = {
            "id": reading_id(_KEY, _REF, "weight", str(number)),
            "values": (Value(type="weight", mdc=188736, value=Decimal(number) / 100, unit="kg"),),
        }
        yield Draft(base.changed(**update), [("port", f"53542c2b{number:016x}")])


def fill(directory: Path, count: int) -> list[str]:
    """A store with so many unconfirmed readings; gives their messages."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = Store(directory)
    messages = []
    waiting = list(drafts(count, store.epoch))
    for at in range(0, count, 500):
        batch = waiting[at : at + 500]
        kept = store.keep(batch)
        messages += [draft.reading.wire(one.seq or 0) for draft, one in zip(batch, kept, strict=True)]
    store.close()
    return messages


def written(pid: int | str) -> tuple[int, int]:
    """Bytes a process has handed to write(), and bytes it has made the disk write."""
    lines = Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()
    counts = {name: int(value) for name, value in (line.split(": ") for line in lines)}
    return counts["wchar"], counts["write_bytes"]


def cpu_s(pid: int) -> float:
    """Seconds of processor time that all threads of a process have had."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9


def resident_mb(pid: int) -> float:
    """Resident memory of a process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Rss:"))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all stays below."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def jitter(low: float, high: float) -> float:
    """A length of outage: never a round one, since retries lock onto those."""
    return random.uniform(low, high)  # noqa: S311  # dice, not secrets
