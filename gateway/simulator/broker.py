"""A broker of one's own on a free loopback port: mosquitto, or a broker from PyPI where that cannot be had."""

import asyncio
import importlib.util
import os
import shutil
import socket
import sys
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from gateway.errors import RefusedError

_START_S = 10.0
_STOP_S = 3.0
# Where Debian puts servers, which is not on everybody's search path.
_SBIN = "/usr/sbin:/sbin"

_MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {directory}/
max_queued_messages 100000
"""
_AMQTT = """\
listeners:
  default:
    type: tcp
    bind: 127.0.0.1:{port}
plugins:
  amqtt.plugins.authentication.AnonymousAuthPlugin:
    allow_anonymous: true
"""


class LocalBroker:
    """A broker process for as long as the context is open. `protocol` is the newest MQTT version it speaks."""

    def __init__(self, directory: Path) -> None:
        """`directory` (private) holds its configuration and what it keeps; RefusedError if there is no broker."""
        self._directory = directory
        self.port = _free_port()
        mosquitto = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:{_SBIN}")
        self.name = "mosquitto" if mosquitto else "amqtt"
        self.protocol: Literal["5", "3.1.1"] = "5" if mosquitto else "3.1.1"
        if mosquitto is None and importlib.util.find_spec("amqtt") is None:
            raise RefusedError("broker-missing")
        program = [mosquitto, "-c"] if mosquitto else [sys.executable, "-m", "amqtt.scripts.broker_script", "-c"]
        self._command = [*program, str(directory / "broker.conf")]
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        text = (_MOSQUITTO if self.name == "mosquitto" else _AMQTT).format(port=self.port, directory=self._directory)
        (self._directory / "broker.conf").write_text(text, encoding="utf-8")
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Starts it and waits until it answers; RefusedError if it does not."""
        log = (self._directory / "broker.log").open("ab")
        with log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            async with asyncio.timeout(_START_S):
                while not await _answers(self.port):  # noqa: ASYNC110  # asks another process
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            await self.stop()
            raise RefusedError("broker-does-not-start", self.name) from error

    async def stop(self) -> None:
        """Stops it; what it keeps for absent clients stays on disk."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _answers(port: int) -> bool:
    try:
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
