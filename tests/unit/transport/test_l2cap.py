"""The door to the kernel's Bluetooth sockets: what the kernel is told, and what its answers mean."""

import ctypes
import errno
import socket
from contextlib import suppress

import pytest

from gateway.errors import GatewayError
from gateway.transport.ble import l2cap
from gateway.transport.ble.l2cap import Endpoint
from tests.aio import run

ADAPTER = Endpoint("C0:FF:EE:00:00:01", random=False)
DEVICE = Endpoint("C0:00:00:00:00:12", random=True)


class Kernel(socket.socket):
    """A socket of another family that takes Bluetooth's options, and a libc that notes what it is called with."""

    def __init__(self, *_family: int) -> None:
        mine, self.other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        super().__init__(fileno=mine.detach())
        self.told: list[tuple[str, bytes]] = []
        self.answers = {"bind": 0, "connect": errno.EINPROGRESS}
        self.after = 0

    def setsockopt(self, level: int, option: int, value: bytes) -> None:  # type: ignore[override]
        self.told.append((f"{level}/{option}", value))

    def getsockopt(self, *_option: int) -> int:  # type: ignore[override]
        return self.after

    def close(self) -> None:
        self.other.close()
        super().close()

    def _call(self, name: str, place: bytes) -> int:
        self.told.append((name, place))
        ctypes.set_errno(self.answers[name])
        return -1 if self.answers[name] else 0

    def bind(self, _number: int, place: bytes, size: int) -> int:  # type: ignore[override]
        assert size == len(place)
        return self._call("bind", place)

    def connect(self, _number: int, place: bytes, size: int) -> int:  # type: ignore[override]
        assert size == len(place)
        return self._call("connect", place)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel()
    monkeypatch.setattr(l2cap, "_socket", lambda: made)
    monkeypatch.setattr(ctypes, "CDLL", lambda _name, use_errno: made)
    return made


def test_the_kernel_is_asked_for_an_encrypted_att_channel(kernel: Kernel) -> None:
    """A struct sockaddr_l2: addresses backwards, channel 4, 1 for a public and 2 for a random address."""

    async def main() -> None:
        with await l2cap.connect(ADAPTER, DEVICE, 5.0) as channel:
            assert not channel.getblocking()

    run(main())
    assert kernel.told == [
        ("274/4", bytes.fromhex("0200")),
        ("bind", bytes.fromhex("1f00 0000 010000eeffc0 0400 01 00")),
        ("connect", bytes.fromhex("1f00 0000 1200000000c0 0400 02 00")),
    ]


@pytest.mark.parametrize("now", [True, False], ids=["at once", "later"])
@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EHOSTUNREACH, "ble-connect-failed"),
        (errno.EHOSTDOWN, "ble-connect-failed"),
        (errno.ECONNREFUSED, "ble-dropped"),
        (errno.EACCES, "ble-dropped"),
        (errno.ETIMEDOUT, "ble-connect-timeout"),
    ],
)
def test_what_the_kernel_answers_has_a_reason(kernel: Kernel, number: int, reason: str, now: bool) -> None:
    if now:
        kernel.answers["connect"] = number
    else:
        kernel.after = number
    with pytest.raises(GatewayError, match=reason):
        run(l2cap.connect(ADAPTER, DEVICE, 5.0))
    assert kernel.fileno() == -1, "and the socket is closed"


def test_a_device_that_does_not_come_is_given_up(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill() -> None:
        with suppress(BlockingIOError):
            while True:
                kernel.send(bytes(1000))

    def connect(number: int, place: bytes, size: int) -> int:
        fill()
        return Kernel.connect(kernel, number, place, size)

    monkeypatch.setattr(kernel, "connect", connect)
    with pytest.raises(GatewayError, match="ble-connect-timeout"):
        run(l2cap.connect(ADAPTER, DEVICE, 0.05))
    assert kernel.fileno() == -1


def test_where_kernel_or_sandbox_say_no_there_is_no_door(monkeypatch: pytest.MonkeyPatch, kernel: Kernel) -> None:
    def refused() -> socket.socket:
        raise OSError(errno.EAFNOSUPPORT, "no")

    assert l2cap.available()
    assert kernel.fileno() == -1
    monkeypatch.setattr(l2cap, "_socket", refused)
    assert not l2cap.available()
