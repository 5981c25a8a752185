"""A serial port that may come and go: the only importer of pyserial.

One reader thread per opening blocks on the port and hands chunks to the event loop, in order and bounded: when the
loop does not keep up the thread stops reading and the kernel holds the bytes. Everything else happens on the loop.
"""

import asyncio
import contextlib
import errno
import os
import termios
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo

import serial

from drivers.api import PORT, Done, Facts, Line, Refused, SerialDriver, TimedOut, Value
from gateway.env import Env
from gateway.errors import GatewayError, TransientError
from gateway.transport import Contact
from gateway.transport.dialogue import play, talk_context

# How often a missing port is looked for.
POLL_S = 1.0
# After a conversation the driver could not follow.
TALK_AGAIN_S = 10.0
# A port by the socket it is plugged into, as `dho-gateway ports` shows it: `usb:1-1.4`.
USB_LOCATION = "usb:"

# How often a silent port is looked after: whether its path still leads to it.
_READ_S = 1.0
_WRITE_S = 1.0
# The thread looks at its stop flag this often while the loop is stalled.
_STALL_S = 0.2
_END_S = 1.5
# When so many chunks came within so many seconds, some milliseconds' worth is written down together: each commit costs
# the card some kilobytes. No instrument measures so fast; one that hands over its memory, or babbles, does.
_DENSE, _DENSE_S = 25, 0.1
_GATHER_S = 0.02
_SLOTS = 64
_CHUNK = 4096
# Major numbers of Unix98 pseudoterminals (Linux, admin-guide/devices.txt).
_PTYS = range(136, 144)

_FAULTS = (OSError, termios.error)  # SerialException is an OSError; tcflush raises termios.error as it is
_REASONS = {
    errno.ENOENT: "serial-port-missing",
    errno.ENODEV: "serial-port-missing",
    errno.ENXIO: "serial-port-missing",
    errno.EAGAIN: "serial-port-busy",
    errno.EBUSY: "serial-port-busy",
    errno.EACCES: "serial-permission",
    errno.EPERM: "serial-permission",
}


@dataclass(frozen=True, slots=True)
class PortInfo:
    """A port that is plugged in, as the kernel describes it; None where it does not say. `numbered`: its converter has
    a serial number."""

    device: str
    vid: int | None
    pid: int | None
    location: str | None
    manufacturer: str | None
    product: str | None
    numbered: bool


def plugged_in() -> list[PortInfo]:
    """The serial ports of this machine, in the order of their device names."""
    # Loaded where it is needed, which is on few hubs.
    from serial.tools import list_ports  # noqa: PLC0415

    found = sorted(list_ports.comports(), key=lambda p: p.device)
    return [
        PortInfo(p.device, p.vid, p.pid, p.location, p.manufacturer, p.product, bool(p.serial_number)) for p in found
    ]


def device_path(port: str) -> str:
    """The path to open: the port itself, or the device in the USB socket it names; TransientError if that is empty."""
    if not port.startswith(USB_LOCATION):
        return port
    location = port.removeprefix(USB_LOCATION)
    for info in plugged_in():
        if info.location == location:
            return info.device
    raise TransientError("serial-port-missing", "nothing is plugged into this USB socket")


class SerialPort:
    """Serves the instrument on one port for as long as it runs, through every unplugging.

    `line` overrides the driver's line settings; `timezone` is that of the instrument's clock; `options` are handed to
    the driver's conversation.
    """

    def __init__(
        self,
        port: str,
        driver: SerialDriver,
        contact: Contact,
        env: Env,
        *,
        line: Line | None = None,
        timezone: tzinfo = UTC,
        options: Facts | None = None,
    ) -> None:
        self._port = port
        self._driver = driver
        self._contact = contact
        self._env = env
        self._line = line or driver.line
        self._timezone = timezone
        self._options: Mapping[str, object] = options or {}
        self._told: set[str] = set()

    async def run(self) -> None:
        """Runs until cancelled. A port that is lost is told of once, and looked for until it is found."""
        while True:
            try:
                await self._one_opening()
            except TransientError as error:
                self._lost(error)
                await self._env.sleep(TALK_AGAIN_S if error.reason == "conversation-failed" else POLL_S)

    def _lost(self, error: TransientError) -> None:
        if error.reason not in self._told:
            # A port that was unplugged is then missing: the same news.
            self._told |= {error.reason} | ({"serial-port-missing"} if error.reason == "serial-unplugged" else set())
            self._contact.closed(error)

    async def _one_opening(self) -> None:
        reader = _Reader(self._port, self._line, asyncio.get_running_loop())
        try:
            await reader.opened()
            self._told.clear()
            self._contact.opened()
            await self._serve(reader)
        finally:
            await reader.close()

    async def _serve(self, reader: "_Reader") -> None:
        link = _Link(reader)
        tasks = [asyncio.create_task(self._pump(reader, link))]
        if self._driver.talk is not None:
            context = talk_context(self._env, self._timezone, self._contact.cursor(), self._options)
            tasks.append(asyncio.create_task(play(self._driver.talk, context, link, self._contact)))
        try:
            # The pump ends only by an error; a conversation that fails ends the opening too.
            for task in asyncio.as_completed(tasks):
                await task
        except asyncio.CancelledError:
            await self._stop(tasks, reader)
            raise
        finally:
            await _cancel(tasks)

    async def _stop(self, tasks: list[asyncio.Task[None]], reader: "_Reader") -> None:
        """What the thread has read is delivered before the port is left."""
        await _cancel(tasks)
        await reader.close()
        for chunk in reader.rest():
            self._contact.frame(PORT, chunk)
        self._contact.closed(None)

    async def _pump(self, reader: "_Reader", link: "_Link") -> None:
        moments: deque[float] = deque(maxlen=_DENSE)
        while True:
            if len(moments) == _DENSE and self._env.monotonic() - moments[0] < _DENSE_S:
                await self._env.sleep(_GATHER_S)
            chunks = [await reader.next(), *reader.more()]
            moments.extend([self._env.monotonic()] * len(chunks))
            # One piece: what it completes is written down together.
            chunk = b"".join(chunks)
            self._contact.frame(PORT, chunk)
            link.feed(chunk)


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Link:
    """The port as a conversation sees it. Bytes that came before it listened are told too, the newest `_SLOTS` only."""

    def __init__(self, reader: "_Reader") -> None:
        self._reader = reader
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue(_SLOTS)

    def feed(self, chunk: bytes) -> None:
        if self._chunks.full():
            self._chunks.get_nowait()
        self._chunks.put_nowait(chunk)

    async def write(self, channel: str, data: bytes, response: bool) -> Done | Refused:
        if channel != PORT:
            return Refused()
        await asyncio.to_thread(self._reader.write, data)
        return Done()

    async def read(self, channel: str) -> Value | Refused:
        """A port has nothing to be read by name."""
        return Refused()

    async def next_value(self, seconds: float) -> Value | TimedOut:
        try:
            async with asyncio.timeout(seconds):
                return Value(PORT, await self._chunks.get())
        except TimeoutError:
            return TimedOut()


class _Reader:
    """One opening of a port and the thread that reads it."""

    def __init__(self, port: str, line: Line, loop: asyncio.AbstractEventLoop) -> None:
        self._name = port
        self._path = port
        self._line = line
        self._loop = loop
        self._serial = serial.Serial()
        # Held while writing and while closing, so that the port is not closed under a write.
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._slots = threading.Semaphore(_SLOTS)
        self._ended = asyncio.Event()
        self._chunks: asyncio.Queue[bytes | GatewayError] = asyncio.Queue()
        threading.Thread(target=self._work, name="serial-reader", daemon=True).start()

    async def opened(self) -> None:
        """Returns when the port is open; TransientError if it cannot be."""
        await self.next()

    async def next(self) -> bytes:
        """The next chunk; TransientError when the port is lost."""
        item = await self._chunks.get()
        if isinstance(item, GatewayError):
            raise item
        self._slots.release()
        return item

    def more(self) -> list[bytes]:
        """What has been read since and not been asked for; a fault stays for `next`."""
        chunks: list[bytes] = []
        while not self._chunks.empty():
            item = self._chunks.get_nowait()
            if isinstance(item, GatewayError):
                self._chunks.put_nowait(item)  # nothing comes after it
                break
            self._slots.release()
            chunks.append(item)
        return chunks

    def rest(self) -> list[bytes]:
        """What has been read and not been asked for."""
        items = [self._chunks.get_nowait() for _ in range(self._chunks.qsize())]
        return [item for item in items if isinstance(item, bytes) and item]

    async def close(self) -> None:
        """Ends the thread. One that is stuck in the kernel is left behind; it closes the port when it comes out."""
        self._stop.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END_S):
                await self._ended.wait()

    def write(self, data: bytes) -> None:
        """Writes all of it, within a second; TransientError otherwise. Blocks: not for the loop."""
        try:
            with self._guard:
                self._serial.write(data)
        except _FAULTS as error:
            raise TransientError("serial-io", _plain(error)) from error

    # --- in the thread ---

    def _work(self) -> None:
        try:
            self._open()
            self._hand_over(b"")
            self._read()
        except TransientError as error:
            self._tell(self._chunks.put_nowait, error)
        finally:
            with self._guard:
                self._serial.close()
            self._tell(self._ended.set)

    def _open(self) -> None:
        port, line = self._serial, self._line
        port.port = self._path = device_path(self._name)
        port.baudrate, port.bytesize, port.parity, port.stopbits = line.baud, line.bits, line.parity, line.stop
        port.timeout, port.write_timeout = _READ_S, _WRITE_S
        port.xonxoff = port.rtscts = port.dsrdtr = False
        port.exclusive = True
        # The kernel raises both lines when it opens a port. Saying so here, before opening, makes pyserial confirm what
        # is: no edge on either line. Setting them on an open port would make one, and fails on a pty.
        port.dtr = port.rts = True
        try:
            self._open_port()
        except _FAULTS as error:
            reason = _REASONS.get(getattr(error, "errno", None) or 0, "serial-io")
            raise TransientError(reason, _plain(error)) from error

    def _open_port(self) -> None:
        try:
            self._serial.open()
        except termios.error:
            # A pty knows eight bits and no parity; it refuses others once there is nothing else to set.
            if os.major(os.stat(self._path).st_rdev) not in _PTYS:
                raise
            self._serial.bytesize, self._serial.parity = serial.EIGHTBITS, serial.PARITY_NONE
            self._serial.open()

    def _read(self) -> None:
        while not self._stop.is_set():
            try:
                chunk = self._serial.read(1)
                if waiting := min(self._serial.in_waiting, _CHUNK):
                    chunk += self._serial.read(waiting)
                gone = not chunk and self._gone()
            except _FAULTS as error:
                raise TransientError("serial-unplugged", _plain(error)) from error
            if gone:
                raise TransientError("serial-unplugged", "the path leads elsewhere")
            if chunk:
                self._hand_over(chunk)

    def _gone(self) -> bool:
        """Some converters leave a dead port open: the path no longer leads to it. OSError if there is no path."""
        return os.stat(self._path).st_rdev != os.fstat(self._serial.fileno()).st_rdev

    def _hand_over(self, chunk: bytes) -> None:
        while not self._slots.acquire(timeout=_STALL_S):
            if self._stop.is_set():
                break
        self._tell(self._chunks.put_nowait, chunk)

    def _tell(self, call: Callable[..., object], *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed
            self._loop.call_soon_threadsafe(call, *args)


def _plain(error: Exception) -> str:
    """The kind of fault alone: pyserial's words hold the path, and a path may hold a serial number."""
    number = getattr(error, "errno", None) or 0
    return errno.errorcode.get(number, type(error).__name__)
