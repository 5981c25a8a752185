"""A device's ATT server at the other end of a socket pair: a few attributes, values it hands over unasked."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

PRESSURE = "00002a35-0000-1000-8000-00805f9b34fb"
TIME = "00002a2b-0000-1000-8000-00805f9b34fb"
PRESSURE_AT, PRESSURE_CCCD, TIME_AT, CHANGED_AT = 3, 4, 6, 8
# Declaration, properties, value, type: pressure is indicated, time is read and written, Service Changed is indicated.
_CHARACTERISTICS = ((2, 0x20, PRESSURE_AT, 0x2A35), (5, 0x0A, TIME_AT, 0x2A2B), (7, 0x20, CHANGED_AT, 0x2A05))
_CCCDS = {PRESSURE_CCCD: PRESSURE_AT, 9: CHANGED_AT}
ON, OFF = b"\x02\x00", b"\x00\x00"
_NOT_FOUND, _NOT_SUPPORTED = 0x0A, 0x06


class AttServer:
    """`early`: begins to indicate `values` at once, else when asked. Each next follows the confirmation.

    `log` has everything in order. `silent` are opcodes it never answers, `refuses` those it answers with an error.
    `on_request` may answer in its stead.
    """

    def __init__(self, values: list[bytes], log: list[tuple[str, bytes]], *, early: bool = True) -> None:
        self.hub, self._end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.hub.setblocking(False)
        self._end.setblocking(False)
        self.values, self.log = list(values), log
        self.silent: set[int] = set()
        self.refuses: dict[int, int] = {}
        self.on_request: Callable[[bytes], bytes | None] = lambda _pdu: None
        self.answers: list[bytes] = []
        self.time = b"now"
        self.gone = asyncio.Event()
        self._early = early
        self._pending: bytes | None = None
        self._task = asyncio.ensure_future(self._serve())

    def send(self, pdu: bytes) -> None:
        with suppress(OSError):
            self._end.send(pdu)

    def indicate(self, handle: int, value: bytes) -> None:
        self.send(struct.pack("<BH", 0x1D, handle) + value)

    def hang_up(self) -> None:
        self._task.cancel()
        self._end.close()

    @property
    def confirmed(self) -> list[bytes]:
        return [value for what, value in self.log if what == "confirmed"]

    @property
    def configured(self) -> list[bytes]:
        return [value for what, value in self.log if what == "configured"]

    def _next(self) -> None:
        if self.values and self._pending is None:
            self._pending = self.values.pop(0)
            self.indicate(PRESSURE_AT, self._pending)

    async def _serve(self) -> None:
        if self._early:
            self._next()
        try:
            while pdu := await asyncio.get_running_loop().sock_recv(self._end, 1024):
                self._heard(pdu)
        finally:
            self.gone.set()

    def _heard(self, pdu: bytes) -> None:
        opcode = pdu[0]
        if opcode == 0x1E:
            assert self._pending is not None, "nothing to confirm"
            self.log.append(("confirmed", self._pending))
            self._pending = None
            self._next()
        elif opcode in (0x01, 0x03):
            self.answers.append(pdu)
        elif opcode == 0x52:
            self.time = pdu[3:]
        elif opcode not in self.silent:
            self.send(self.on_request(pdu) or self._answered(opcode, pdu))
            if (opcode, pdu[3:]) == (0x12, ON):
                self._next()

    def _answered(self, opcode: int, pdu: bytes) -> bytes:
        if opcode in self.refuses:
            return self._error(pdu, self.refuses[opcode])
        first = struct.unpack("<H", pdu[1:3])[0]
        if opcode == 0x02:
            return struct.pack("<BH", 0x03, 23)
        if opcode == 0x08:
            found = [struct.pack("<HBHH", *c) for c in _CHARACTERISTICS if c[0] >= first][:1]
            return b"\x09\x07" + b"".join(found) if found else self._error(pdu, _NOT_FOUND)
        if opcode == 0x04:
            last = struct.unpack("<H", pdu[3:5])[0]
            kinds = [struct.pack("<HH", at, 0x2902) for at in _CCCDS if first <= at <= last]
            return b"\x05\x01" + b"".join(kinds) if kinds else self._error(pdu, _NOT_FOUND)
        return self._accessed(opcode, first, pdu)

    def _accessed(self, opcode: int, handle: int, pdu: bytes) -> bytes:
        if opcode == 0x0A and handle == TIME_AT:
            return b"\x0b" + self.time
        if opcode == 0x12 and handle in _CCCDS:
            self.log.append(("configured", pdu[3:]))
            return b"\x13"
        if opcode == 0x12 and handle == TIME_AT:
            self.time = pdu[3:]
            return b"\x13"
        return self._error(pdu, _NOT_SUPPORTED)

    @staticmethod
    def _error(pdu: bytes, code: int) -> bytes:
        return struct.pack("<BBHB", 0x01, pdu[0], 1, code)
