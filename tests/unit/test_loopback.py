"""The guard of the test suite itself: nothing leaves the machine unseen."""

import socket

import pytest

from tests import loopback


@pytest.mark.parametrize("address", [("192.0.2.1", 1883), ("0.0.0.0", 0), ("", 1883)])  # noqa: S104 - must be refused
def test_binding_or_connecting_beyond_loopback_is_refused_and_remembered(address: tuple[str, int]) -> None:
    with socket.socket() as link:
        with pytest.raises(loopback.BeyondLoopbackError):
            link.bind(address)
        with pytest.raises(loopback.BeyondLoopbackError):
            link.connect(address)
    assert len(loopback.refused) == 2
    loopback.refused.clear()


def test_a_datagram_beyond_loopback_is_refused() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link,
        pytest.raises(loopback.BeyondLoopbackError),
    ):
        link.sendto(b"x", ("192.0.2.1", 9))
    loopback.refused.clear()


def test_no_name_is_looked_up() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("broker.example", 8883)


def test_loopback_and_unix_sockets_work() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        client.sendall(b"x")
    one, other = socket.socketpair()
    with one, other:
        one.send(b"x")
        assert other.recv(1) == b"x"
