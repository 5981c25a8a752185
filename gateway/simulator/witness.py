"""What the demo knows of the daemon and the receiver: what each, a process of its own, says in JSON lines."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

_END_S = 10.0


class Witness:
    """One `dho-gateway` process whose JSON lines are read as they come, and kept in a file."""

    def __init__(self, log: Path, hear: Callable[[Mapping[str, Any]], None]) -> None:
        """`hear` gets every line."""
        self._log, self._hear = log, hear
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []

    async def start(self, words: Sequence[str], environ: Mapping[str, str]) -> None:
        """Starts `dho-gateway` with these words."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gateway",
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **environ},
        )
        streams = (self._process.stdout, self._process.stderr)
        self._readers = [asyncio.create_task(self._read(stream)) for stream in streams if stream is not None]

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process is None or self._process.returncode is not None

    async def stop(self) -> int | None:
        """Asks it to end; gives its exit code once everything it said was heard."""
        if self._process is None:
            return None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), _END_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await asyncio.gather(*self._readers)
        return self._process.returncode

    async def _read(self, stream: asyncio.StreamReader) -> None:
        with self._log.open("ab") as log:
            async for line in stream:
                log.write(line)
                log.flush()
                try:
                    told = json.loads(line)
                except ValueError:
                    continue
                if isinstance(told, dict):
                    self._hear(told)
