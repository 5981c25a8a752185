"""A broker that answers as a script says: for refusals that mosquitto cannot be made to give. MQTT 5, one client."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from types import TracebackType

CONNECT, PUBLISH, SUBSCRIBE, PINGREQ, DISCONNECT = 0x10, 0x30, 0x80, 0xC0, 0xE0


@dataclass
class ScriptedBroker:
    """`connack`: bytes after CONNACK's length, None for silence. `puback`: reason code per publish, then 0. `greeting`:
    bytes sent before anything else, after which it hangs up. `goodbye`: answer to the first publish, then it hangs up.
    `noise`: answer to each publish.
    """

    connack: bytes | None = b"\x00\x00\x00"
    suback: tuple[int, ...] = (1,)
    puback: list[int] = field(default_factory=list)
    greeting: bytes = b""
    goodbye: bytes = b""
    noise: bytes = b""
    port: int = 0
    published: list[bytes] = field(default_factory=list)

    async def __aenter__(self) -> "ScriptedBroker":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self._writers: list[asyncio.StreamWriter] = []
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            if self.greeting:
                writer.write(self.greeting)
                await writer.drain()
            else:
                while await self._packet(reader, writer):
                    await writer.drain()
        writer.close()

    async def _packet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readexactly(1))[0]
        body = await reader.readexactly(await _length(reader))
        kind = head & 0xF0
        if kind == CONNECT and self.connack is not None:
            writer.write(bytes([0x20, len(self.connack)]) + self.connack)
        elif kind == SUBSCRIBE:
            writer.write(bytes([0x90, 3 + len(self.suback)]) + body[:2] + b"\x00" + bytes(self.suback))
        elif kind == PUBLISH:
            return self._publish(body, writer)
        elif kind == PINGREQ:
            writer.write(b"\xd0\x00")
        return kind != DISCONNECT

    def _publish(self, body: bytes, writer: asyncio.StreamWriter) -> bool:
        self.published.append(body)
        if self.goodbye:
            writer.write(self.goodbye)
            return False
        if self.noise:
            writer.write(self.noise)
            return True
        at = 2 + int.from_bytes(body[:2], "big")
        code = self.puback.pop(0) if self.puback else 0
        writer.write(b"\x40\x04" + body[at : at + 2] + bytes([code, 0]))
        return True


async def _length(reader: asyncio.StreamReader) -> int:
    length, shift = 0, 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return length
