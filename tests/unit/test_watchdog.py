"""systemd is told what it asked for, over a real socket, and nothing can go wrong by telling."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.watchdog import Watchdog, from_environment


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """A service manager's end: the name for NOTIFY_SOCKET, and the socket that hears."""
    path = str(tmp_path / "notify")
    name = path if request.param == "path" else f"@dho-gateway-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path if request.param == "path" else "\0" + name[1:])
        listener.settimeout(5)
        yield name, listener


def test_each_message_arrives_as_one_datagram(manager: tuple[str, socket.socket]) -> None:
    name, listener = manager
    watchdog = from_environment({"NOTIFY_SOCKET": name})
    watchdog.ready("5 devices")
    watchdog.alive()
    watchdog.status("outbox: 3")
    watchdog.stopping()
    heard = [listener.recv(4096) for _ in range(4)]
    assert heard == [b"READY=1\nSTATUS=5 devices", b"WATCHDOG=1", b"STATUS=outbox: 3", b"STOPPING=1"]


def test_a_status_cannot_smuggle_in_another_message(manager: tuple[str, socket.socket]) -> None:
    name, listener = manager
    from_environment({"NOTIFY_SOCKET": name}).status("waiting\nSTOPPING=1")
    assert listener.recv(4096) == b"STATUS=waiting STOPPING=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}])
def test_without_a_socket_it_can_use_it_tells_nobody(environ: dict[str, str]) -> None:
    watchdog = from_environment(environ)
    watchdog.ready("started")
    assert watchdog == Watchdog(address=None, interval_s=None)


def test_a_manager_that_has_gone_does_not_stop_the_daemon(tmp_path: Path) -> None:
    from_environment({"NOTIFY_SOCKET": str(tmp_path / "gone")}).alive()


def test_a_manager_that_does_not_read_does_not_block_the_daemon(manager: tuple[str, socket.socket]) -> None:
    name, listener = manager
    watchdog = from_environment({"NOTIFY_SOCKET": name})
    for _ in range(2000):  # far beyond any socket buffer
        watchdog.alive()
    assert listener.recv(4096) == b"WATCHDOG=1"


def test_the_beat_is_a_third_of_the_limit() -> None:
    environ = {"NOTIFY_SOCKET": "/run/systemd/notify", "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "42"}
    assert from_environment(environ, pid=42).interval_s == pytest.approx(20.0)


@pytest.mark.parametrize("given", [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "often"}, {"WATCHDOG_PID": "43"}])
def test_no_beat_is_due_when_none_was_asked_of_this_process(given: dict[str, str]) -> None:
    environ = {"NOTIFY_SOCKET": "/run/systemd/notify", "WATCHDOG_PID": "42"}
    if "WATCHDOG_PID" in given:
        environ["WATCHDOG_USEC"] = "60000000"
    assert from_environment(environ | given, pid=42).interval_s is None
