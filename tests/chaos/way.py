"""The network between a hub and its broker, in the hands of a test: cut, silent, deaf one way, narrow, lossy.

A thread of its own carries the bytes, so that a test may block. It keeps what passed, in order, as the hub's own
connections saw it: a collector at the broker cannot tell, since it has to reconnect too.
"""

import asyncio
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tests.chaos.wire import Downstream, Puback, Publish, Upstream

_SEGMENT = 1400
_CHUNK = 65_536
_AHEAD = 64


@dataclass(frozen=True, slots=True)
class Narrow:
    """A poor link: one way takes `latency_s`, each segment is lost with probability `loss` and comes a good round trip
    later (as TCP repeats it), and `bytes_per_s` pass."""

    latency_s: float = 0.3
    loss: float = 0.1
    bytes_per_s: float = 2500.0


@dataclass(frozen=True, slots=True)
class Passed:
    """One packet that passed: `link` counts the connections, `at` is wall time."""

    link: int
    at: float
    packet: Publish | Puback


@dataclass
class _Line:
    """One direction of one connection: when it is free for the next segment, and when the last one arrives."""

    free_at: float = 0.0
    arrives_at: float = 0.0


class Way:
    """One local port in front of a broker. `close` it in the end."""

    def __init__(self, target: int, seed: int = 0) -> None:
        self.passed: list[Passed] = []
        self.links = 0
        self._target = target
        self._narrow: Narrow | None = None
        self._dice = random.Random(seed)  # noqa: S311  # dice, not secrets
        self._up = True
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="way", daemon=True)
        self._thread.start()
        self.port = self._do(self._listen())

    def cut(self) -> None:
        """Connections are reset, new ones end at once; what was on the way is lost."""
        self._do(self._cut(up=False))

    def blink(self) -> None:
        """Connections are reset; new ones are taken."""
        self._do(self._cut(up=True))

    def silence(self) -> None:
        """Nothing comes through either way, and nobody is told: half open."""
        self._do(self._flow(up=False, down=False))

    def deafen(self) -> None:
        """What the hub sends arrives; no answer comes back."""
        self._do(self._flow(up=True, down=False))

    def narrow(self, narrow: Narrow | None) -> None:
        """From the next bytes on."""
        self._narrow = narrow

    def mend(self) -> None:
        """The network is whole; what was held comes through, as TCP would repeat it."""
        self._up = True
        self._narrow = None
        self._do(self._flow(up=True, down=True))

    def close(self) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    # --- on the thread's own loop ---

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> int:
        self._up_way, self._down_way = asyncio.Event(), asyncio.Event()
        await self._flow(up=True, down=True)
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _flow(self, *, up: bool, down: bool) -> None:
        for way, open_ in ((self._up_way, up), (self._down_way, down)):
            (way.set if open_ else way.clear)()

    async def _cut(self, *, up: bool) -> None:
        self._up = up
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _close(self) -> None:
        await self._cut(up=False)
        self._server.close()
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self._up:
                await self._join(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            _reset(writer)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        link, self.links = self.links, self.links + 1
        up, down = Upstream(), Downstream()

        def sent(data: bytes) -> None:
            self.passed += [Passed(link, time.time(), packet) for packet in up.feed(data)]

        def answered(data: bytes) -> None:
            self.passed += [Passed(link, time.time(), packet) for packet in down.feed(data)]

        ways = [
            asyncio.create_task(self._carry(reader, far_writer, self._up_way, before=sent)),
            asyncio.create_task(self._carry(far_reader, writer, self._down_way, after=answered)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            _reset(far_writer)

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        way: asyncio.Event,
        before: Callable[[bytes], None] = lambda _: None,
        after: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_AHEAD)
        deliver = asyncio.create_task(self._deliver(held, writer, way, after))
        line = _Line()
        try:
            while data := await reader.read(_CHUNK):
                before(data)
                for at in range(0, len(data), _SEGMENT):
                    segment = data[at : at + _SEGMENT]
                    await held.put((self._due(len(segment), line), segment))
            await held.put((0.0, b""))
            await deliver
        finally:
            deliver.cancel()
            await asyncio.gather(deliver, return_exceptions=True)

    def _due(self, size: int, line: _Line) -> float:
        narrow, now = self._narrow, self._loop.time()
        if narrow is None:
            return now
        repeats = 0
        while self._dice.random() < narrow.loss:
            repeats += 1
        line.free_at = max(now, line.free_at) + size / narrow.bytes_per_s
        line.arrives_at = max(line.arrives_at, line.free_at + narrow.latency_s * (1 + 2 * repeats))
        return line.arrives_at

    async def _deliver(
        self,
        held: asyncio.Queue[tuple[float, bytes]],
        writer: asyncio.StreamWriter,
        way: asyncio.Event,
        after: Callable[[bytes], None],
    ) -> None:
        while True:
            due, data = await held.get()
            if (wait := due - self._loop.time()) > 0:
                await asyncio.sleep(wait)
            await way.wait()
            if not data:
                return
            writer.write(data)
            await writer.drain()
            after(data)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection at once, with RST: nothing that is still held can arrive later."""
    link = writer.get_extra_info("socket")
    if link is not None:
        try:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            return
    writer.transport.abort()
