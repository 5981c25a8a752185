"""Runs shell commands for the host over a virtio serial port: JSON lines both ways.

From the host `{"id": 1, "run": "..."}` or `{"id": 1, "kill": true}`; to the host `{"hello": BOOT_ID}` once, then
`{"id": 1, "line": "..."}` for each line a command prints, and `{"id": 1, "code": 0}` when it has ended.
"""

import json
import os
import signal
import subprocess
import threading
import time
from typing import Any

PORT = "/dev/virtio-ports/host"


class Agent:
    """One line at a time goes out, from whichever command."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._lock = threading.Lock()
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def tell(self, **message: object) -> None:
        """To the host."""
        data = json.dumps(message).encode() + b"\n"
        with self._lock:
            while data:
                data = data[os.write(self._port, data) :]

    def obey(self, request: dict[str, Any]) -> None:
        """Starts a command, or ends one."""
        number = request["id"]
        if "run" in request:
            threading.Thread(target=self._run, args=(number, request["run"]), daemon=True).start()
        elif number in self._running:
            os.killpg(self._running[number].pid, signal.SIGKILL)

    def _run(self, number: int, text: str) -> None:
        process = subprocess.Popen(
            ["/bin/bash", "-c", text],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._running[number] = process
        for line in process.stdout or ():
            self.tell(id=number, line=line.decode(errors="replace").rstrip("\n"))
        self.tell(id=number, code=process.wait())
        del self._running[number]


def open_port() -> int:
    """The port appears when its driver has loaded."""
    while True:
        try:
            return os.open(PORT, os.O_RDWR)
        except OSError:
            time.sleep(0.05)


def main() -> None:
    """Until the machine ends."""
    os.environ.setdefault("HOME", "/root")
    port = open_port()
    agent = Agent(port)
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        agent.tell(hello=file.read().strip())
    waiting = b""
    while True:
        chunk = os.read(port, 65536)
        if not chunk:
            time.sleep(0.05)  # nobody holds the other end
            continue
        *lines, waiting = (waiting + chunk).split(b"\n")
        for line in lines:
            agent.obey(json.loads(line))


main()
