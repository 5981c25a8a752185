"""A private message bus: a `dbus-daemon` of our own, on a socket in a private folder, with no system configuration."""

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.errors import RefusedError, TransientError

COMMAND = "dbus-daemon"
START_SECONDS = 10.0
STOP_SECONDS = 5.0

# The default policy lets the daemon's own user in and nobody else; what comes in may do everything.
_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
  <limit name="max_match_rules_per_connection">4096</limit>
  <limit name="max_replies_per_connection">4096</limit>
</busconfig>
"""


class PrivateBus:
    """Runs a `dbus-daemon` for as long as the context is open.

    `address` is what DBUS_SYSTEM_BUS_ADDRESS must hold for a program that is to take this bus for the system's.
    Raises RefusedError `dbus-daemon-missing` where the command is not installed, TransientError `dbus-daemon-silent`
    where it does not start.
    """

    def __init__(self, command: str = COMMAND) -> None:
        self.address = ""
        self._command = command
        self._folder: Path | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        program = shutil.which(self._command)
        if program is None:
            raise RefusedError("dbus-daemon-missing", f"the command {self._command} is not installed")
        self._folder = Path(tempfile.mkdtemp(prefix="dho-bus-"))
        try:
            await self._start(program, self._folder)
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Ends the daemon and removes its folder; every client's connection breaks."""
        process, self._process = self._process, None
        if process is not None:
            await _end(process)
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    async def _start(self, program: str, folder: Path) -> None:
        config = folder / "bus.conf"
        config.write_text(_CONFIG.format(socket=folder / "bus"), encoding="utf-8")
        self._process = await asyncio.create_subprocess_exec(
            program,
            f"--config-file={config}",
            "--nofork",
            "--nopidfile",
            "--print-address=1",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self.address = await _first_line(self._process)


async def _first_line(process: asyncio.subprocess.Process) -> str:
    line = b""
    if process.stdout is not None:
        with contextlib.suppress(TimeoutError):
            line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
    if not line:
        raise TransientError("dbus-daemon-silent", f"{COMMAND} gave no address")
    return line.decode("ascii").strip()


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.communicate(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.communicate()
