"""The door to the kernel's Bluetooth sockets: an LE link's ATT channel, encrypted with the bond it has.

Python before 3.14 cannot say channel and kind of address, so bind(2) and connect(2) are called directly. Sources:
Linux include/net/bluetooth/bluetooth.h and l2cap.h (numbers, struct sockaddr_l2); net/bluetooth/l2cap_sock.c (bind,
connect and security level ask for no privilege); Core Specification, Vol 3, Part A, 2.1 (channel 4 is ATT).
"""

import asyncio
import ctypes
import errno
import os
import socket
import struct
from dataclasses import dataclass
from typing import Literal, Protocol

from gateway.transport.ble.errors import CONNECT_FAILED, CONNECT_TIMEOUT, DROPPED, fault

_AF_BLUETOOTH, _L2CAP = 31, 0
_SOL_BLUETOOTH, _BT_SECURITY = 274, 4
# Encrypted; with the key there is, whether or not a person compared anything when it was made.
_MEDIUM = struct.pack("BB", 2, 0)
_ATT_CHANNEL = 4
_PUBLIC, _RANDOM = 1, 2
# What the kernel says when encryption fails: the device may have lost its key.
_REFUSALS = frozenset({errno.EACCES, errno.ECONNREFUSED, errno.EPERM, errno.ECONNRESET})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A Bluetooth address as people write it, and its kind."""

    address: str
    random: bool


class Door(Protocol):
    """The kernel's Bluetooth sockets: this module, or what a test puts in its place."""

    def available(self) -> bool:
        """Whether this process may have one."""
        ...

    async def connect(self, adapter: Endpoint, device: Endpoint, seconds: float) -> socket.socket:
        """An encrypted ATT channel; GatewayError if there is none in time."""
        ...


def available() -> bool:
    """Whether this process may have such a socket: kernel and sandbox must both let it."""
    try:
        _socket().close()
    except OSError:
        return False
    return True


async def connect(adapter: Endpoint, device: Endpoint, seconds: float) -> socket.socket:
    """An encrypted ATT channel to a bonded device; TransientError if there is none in time."""
    channel = _socket()
    try:
        channel.setblocking(False)
        channel.setsockopt(_SOL_BLUETOOTH, _BT_SECURITY, _MEDIUM)
        _call("bind", channel, adapter)
        async with asyncio.timeout(seconds):
            await _connected(channel, device)
    except BaseException as error:
        channel.close()
        if isinstance(error, TimeoutError):
            raise fault(CONNECT_TIMEOUT) from error
        if isinstance(error, OSError):
            reason = DROPPED if error.errno in _REFUSALS else CONNECT_FAILED
            raise fault(reason, errno.errorcode.get(error.errno or 0, "")) from error
        raise
    return channel


async def _connected(channel: socket.socket, device: Endpoint) -> None:
    """The kernel waits for the next advertisement, connects and encrypts; then the channel can be written to."""
    try:
        _call("connect", channel, device)
    except BlockingIOError:
        loop, ready = asyncio.get_running_loop(), asyncio.Event()
        loop.add_writer(channel, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_writer(channel)
    code = channel.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def _socket() -> socket.socket:
    return socket.socket(_AF_BLUETOOTH, socket.SOCK_SEQPACKET, _L2CAP)


def _call(name: Literal["bind", "connect"], channel: socket.socket, end: Endpoint) -> None:
    place = _sockaddr(end)
    if getattr(ctypes.CDLL(None, use_errno=True), name)(channel.fileno(), place, len(place)) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _sockaddr(end: Endpoint) -> bytes:
    """A struct sockaddr_l2: family, PSM (none: the channel is fixed), address, channel, kind of address."""
    address = bytes.fromhex(end.address.replace(":", ""))[::-1]
    kind = _RANDOM if end.random else _PUBLIC
    return struct.pack("=HH6s", _AF_BLUETOOTH, 0, address) + struct.pack("<HBx", _ATT_CHANNEL, kind)
