"""MQTT read off the wire: what passes between a hub and its broker, without a client of its own.

MQTT 3.1.1 and 5.0, sections 2.1 (fixed header), 3.1 (CONNECT), 3.3 (PUBLISH), 3.4 (PUBACK).
"""

from collections.abc import Iterator
from dataclasses import dataclass

_CONNECT, _PUBLISH, _PUBACK = 1, 3, 4
_LEVEL_AT = 6
_MQTT_5 = 5


@dataclass(frozen=True, slots=True)
class Publish:
    """A message; `number` is its packet identifier, 0 for QoS 0."""

    topic: str
    payload: bytes
    number: int


@dataclass(frozen=True, slots=True)
class Puback:
    """The broker's answer to a message; a `code` of 0x80 and above is a no."""

    number: int
    code: int


class Upstream:
    """The bytes of one connection from the client to the broker."""

    def __init__(self) -> None:
        self._packets = _Packets()
        self._level = 0

    def feed(self, data: bytes) -> Iterator[Publish]:
        for first, body in self._packets.feed(data):
            kind = first >> 4
            if kind == _CONNECT:
                self._level = body[_LEVEL_AT]
            elif kind == _PUBLISH:
                yield self._publish(first, body)

    def _publish(self, first: int, body: bytes) -> Publish:
        end = 2 + int.from_bytes(body[:2], "big")
        topic = body[2:end].decode()
        number = 0
        if first & 0x06:
            number, end = int.from_bytes(body[end : end + 2], "big"), end + 2
        if self._level == _MQTT_5:
            length, end = _variable(body, end)
            end += length
        return Publish(topic, body[end:], number)


class Downstream:
    """The bytes of one connection from the broker to the client."""

    def __init__(self) -> None:
        self._packets = _Packets()

    def feed(self, data: bytes) -> Iterator[Puback]:
        for first, body in self._packets.feed(data):
            if first >> 4 == _PUBACK:
                yield Puback(int.from_bytes(body[:2], "big"), body[2] if len(body) > 2 else 0)


class _Packets:
    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        self._rest += data
        while True:
            try:
                length, start = _variable(self._rest, 1)
            except IndexError:
                return
            if len(self._rest) < start + length:
                return
            packet, self._rest = self._rest[: start + length], self._rest[start + length :]
            yield packet[0], packet[start:]


def _variable(data: bytes, at: int) -> tuple[int, int]:
    """A variable byte integer at `at`, and where it ends; IndexError if it is not all here."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
