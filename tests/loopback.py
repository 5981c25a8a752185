"""A guard for the test process: only loopback and Unix sockets. It sees every socket call of Python itself."""

import ipaddress
import socket
import sys

refused: list[str] = []

_CALLS = {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"}
_FAMILIES = {socket.AF_INET, socket.AF_INET6}


class BeyondLoopbackError(RuntimeError):
    """A test tried to leave the machine."""


def install() -> None:
    """Watch from now on; for the life of the process."""
    sys.addaudithook(_watch)


def _watch(event: str, args: tuple[object, ...]) -> None:
    if event in _CALLS:
        _watch_call(event, args)
    elif event == "socket.getaddrinfo" and not is_local(args[0]):
        # As on a machine without a network: the name is not known. Nobody is asked.
        raise socket.gaierror(socket.EAI_NONAME, f"tests look up no names: {args[0]!r}")


def _watch_call(event: str, args: tuple[object, ...]) -> None:
    link, address = args[0], args[1]
    if not isinstance(link, socket.socket) or link.family == socket.AF_UNIX or address is None:
        return
    if event == "socket.bind" and address == ("", 0):
        return  # how paho prepares an outgoing connection; where that leads is seen at connect
    host = address[0] if isinstance(address, tuple) and link.family in _FAMILIES else None
    if host is None or not is_local(host) or host == "":
        refused.append(f"{event} {address!r}")
        raise BeyondLoopbackError(f"{event} {address!r}: tests use loopback and Unix sockets only")


def is_local(host: object) -> bool:
    """Whether a host is this machine's loopback (None and the empty name: whatever the socket's own default is)."""
    if host is None or host in ("", b"", "localhost", b"localhost"):
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False
