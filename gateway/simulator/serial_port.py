"""A serial port without hardware: a pty whose path comes and goes as a converter does, and a cable that misbehaves."""

import asyncio
import os
import pty
import tty
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

Chance = Callable[[], float]

# A line nobody reads loses what does not fit; so does this one, after a while.
_PATIENCE_S = 2.0
_READ = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Mischief:
    """How an instrument or its cable misbehaves: shares of messages (0 to 1), and seconds.

    `cut`: the message ends half way. `repeat`: it comes twice. `noise`: junk comes before it. `stall`: it pauses half
    way for `stall_s`. `byte_wise`: each byte comes alone.
    """

    cut: float = 0.0
    repeat: float = 0.0
    noise: float = 0.0
    stall: float = 0.0
    stall_s: float = 0.5
    byte_wise: bool = False


class VirtualPort:
    """The converter's side of a serial line. `path` is a link that leads to the pty while it is plugged in.

    `heard` is called with what the hub writes. Use inside a running loop; `unplug` at the end.
    """

    def __init__(self, path: Path, chance: Chance, mischief: Mischief | None = None) -> None:
        self.path = path
        self.mischief = mischief or Mischief()
        self.heard: Callable[[bytes], None] = lambda _: None
        self._chance = chance
        self._ends: tuple[int, int] | None = None
        self._sending = asyncio.Lock()

    @property
    def plugged(self) -> bool:
        """Whether the converter is in its socket."""
        return self._ends is not None

    def plug(self) -> None:
        """Puts the converter in: its path leads to the line."""
        if self._ends is not None:
            return
        # The line's other end is held open here, so that it lives on while the hub does not have it open.
        master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._ends = master, slave
        fresh = self.path.with_name(f"{self.path.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(slave))
        fresh.replace(self.path)
        asyncio.get_running_loop().add_reader(master, self._hear)

    def unplug(self) -> None:
        """Pulls it out, in the middle of whatever is said."""
        if self._ends is None:
            return
        master, slave = self._ends
        self._ends = None
        asyncio.get_running_loop().remove_reader(master)
        self.path.unlink(missing_ok=True)
        os.close(master)
        os.close(slave)

    async def send(self, message: bytes) -> bool:
        """Sends one message, as the mischief has it; whether it went out whole. Unplugged: it is lost."""
        async with self._sending:
            if self._roll(self.mischief.noise):
                await self._write(bytes(int(self._chance() * 256) for _ in range(1 + int(self._chance() * 20))))
            if self._roll(self.mischief.cut):
                await self._write(message[: len(message) // 2])
                return False
            whole = await self._say(message)
            if self._roll(self.mischief.repeat):
                await self._say(message)
            return whole

    async def _say(self, message: bytes) -> bool:
        if self._roll(self.mischief.stall):
            half = len(message) // 2
            first = await self._write(message[:half])
            await asyncio.sleep(self.mischief.stall_s)
            return await self._write(message[half:]) and first
        if self.mischief.byte_wise:
            sent = [await self._write(message[i : i + 1]) for i in range(len(message))]
            return all(sent)
        return await self._write(message)

    async def _write(self, data: bytes) -> bool:
        deadline = asyncio.get_running_loop().time() + _PATIENCE_S
        while data and self._ends is not None:
            try:
                data = data[os.write(self._ends[0], data) :]
            except BlockingIOError:
                if asyncio.get_running_loop().time() > deadline:
                    break
                await asyncio.sleep(0.002)
        return not data

    def _roll(self, share: float) -> bool:
        return share > 0 and self._chance() < share

    def _hear(self) -> None:
        if self._ends is None:
            return
        data = b""
        with suppress(OSError):
            data = os.read(self._ends[0], _READ)
        if data:
            self.heard(data)
