"""The daemon under chaos: a process of its own that a test can kill at a named point and whose clock it can set."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.daemon.hub import Hub, Pty

ORDERS = "DHO_CHAOS"
# How soon it ends is measured after the crowd (test_fault_table).
_END_S = 40.0


@dataclass
class ChaosHub(Hub):
    """A hub whose daemon runs under `tests.chaos.driven` with these orders at its next start; without, as shipped.

    `killed` lists the points at which it was killed; `noise` is what it wrote that is no line of JSON.
    """

    orders: dict[str, Any] = field(default_factory=dict)
    killed: list[str] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)

    def start(self) -> "ChaosHub":
        assert self._process is None
        module = "tests.chaos.driven" if self.orders else "gateway"
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, "run", "--config", str(self.config)],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.environ, ORDERS: json.dumps(self.orders)},
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,))
        self._reader.start()
        return self

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stderr is not None
        measuring = False
        for line in process.stderr:
            try:
                self.events.append(json.loads(line))
            except ValueError:
                # Where the medium fails as the daemon ends, what measures coverage cannot write either; its own words.
                measuring = measuring or "Coverage._atexit" in line
                if not measuring:
                    self.noise.append(line.rstrip())

    def stop(self, number: int = signal.SIGTERM) -> str | None:
        """Asks it to end; gives what was wrong with how it did."""
        try:
            code = self.end(number, _END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return f"asked to stop, it went on for {_END_S:.0f} seconds"
        # A signal that comes before the daemon listens to it ends the process as any other.
        return None if code in (0, -number, 128 + number) else f"asked to stop, it ended with {code}"

    def kill(self) -> None:
        """As a power cut, at any moment; nothing happens if it is dead already."""
        if self._process is not None:
            self.end(signal.SIGKILL)

    @property
    def dead(self) -> bool:
        """It was started, and has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def signal(self, number: int) -> None:
        if self.running:
            os.kill(self.pid, number)


@dataclass
class Clock:
    """The hub's wall clock and what its kernel says of it; the daemon reads both from a file."""

    path: Path
    offset_s: float = 0.0
    state: str = "synchronised"

    def set(self, offset_s: float, state: str) -> None:
        self.offset_s, self.state = offset_s, state
        draft = self.path.with_suffix(".new")
        draft.write_text(f"{offset_s} {state}", encoding="ascii")
        draft.replace(self.path)


class Scale(Pty):
    """A scale on a serial port that weighs something else each time, and remembers when.

    `fed`: the value as it stands in the reading, and the wall time at which its line was on the port.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.fed: dict[str, float] = {}
        self._number = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._guard = threading.Lock()

    def weigh_next(self, within: float = 0.0) -> str | None:
        """Sends the next line and gives its value; None if the port would not take all of it `within` seconds."""
        with self._guard:
            if self._ends is None:
                return None
            self._number += 1
            value = f"{self._number / 100:.2f}"
            if not self._write(f"ST,+{self._number / 100:08.2f} kg\r\n".encode(), time.monotonic() + within):
                return None
            self.fed[value] = time.time()
            return value

    def begin(self, rate: float) -> None:
        """Weighs `rate` times a second, on a thread, until `end`."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._go_on, args=(1 / rate,), name="scale")
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def pull(self) -> None:
        """Unplugs, also while it is weighing."""
        with self._guard:
            self.unplug()

    def _go_on(self, pause: float) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            self.weigh_next(0.5)
            due = max(due + pause, time.monotonic() - 0.1)
            self._stop.wait(max(0.0, due - time.monotonic()))

    def _write(self, data: bytes, deadline: float) -> bool:
        assert self._ends is not None
        master = self._ends[0]
        os.set_blocking(master, False)
        while data:
            try:
                data = data[os.write(master, data) :]
            except BlockingIOError:
                wait = deadline - time.monotonic()
                if self._stop.is_set() or wait <= 0 or not select.select([], [master], [], wait)[1]:
                    return False
        return True


def other_daemon(hub: Hub, module: str, environ: Mapping[str, str], extra: Sequence[str] = ()) -> int:
    """Starts another daemon with the same configuration, and gives its exit code."""
    words = [sys.executable, "-m", module, "run", "--config", str(hub.directory / "gateway.toml"), *extra]
    done = subprocess.run(words, capture_output=True, check=False, timeout=120, env={**os.environ, **environ})
    return done.returncode
