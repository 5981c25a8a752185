"""What a broker's no means: MQTT reason codes and faults of the way there, as errors with a reason.

Codes: MQTT 5.0, section 2.4. The return codes of 3.1.1 are given here as their MQTT 5 counterparts.
"""

import errno
import socket
import ssl

from gateway.errors import GatewayError, RefusedError, TransientError, UnsendableError
from gateway.uplink.tls import tls_fault

FAILURE = 0x80
PACKET_TOO_LARGE = 0x95
PROTOCOL_ERROR = 0x82
_KEEP_ALIVE = 0x8D

_REFUSED = {
    0x84: "mqtt-version",
    0x85: "mqtt-client-id-refused",
    0x86: "mqtt-bad-credentials",
    0x87: "mqtt-not-authorised",
    0x8A: "mqtt-not-authorised",
    0x8C: "mqtt-not-authorised",
    0x8E: "session-taken-over",
    0x9C: "broker-moved",
    0x9D: "broker-moved",
}
_BUSY = {
    0x88: "broker-busy",
    0x89: "broker-busy",
    0x8B: "broker-stopping",
    0x96: "broker-busy",
    0x97: "broker-busy",
    0x9F: "broker-busy",
}
_UNSENDABLE = {
    0x87: "mqtt-not-authorised",
    0x90: "mqtt-topic-invalid",
    0x95: "mqtt-packet-too-large",
    0x97: "mqtt-quota-exceeded",
    0x99: "mqtt-payload-invalid",
}
_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.ETIMEDOUT)


def connect_refusal(code: int, name: str) -> GatewayError:
    """The broker answered CONNECT with no."""
    if code in _BUSY:
        return TransientError(_BUSY[code], name)
    return RefusedError(_REFUSED.get(code, "mqtt-refused"), name)


def broker_goodbye(code: int, name: str) -> GatewayError:
    """The broker ended the connection with a word (MQTT 5)."""
    if code in _REFUSED:
        return RefusedError(_REFUSED[code], name)
    return TransientError(_BUSY.get(code, "connection-lost"), name)


def publish_refusal(code: int, name: str) -> GatewayError:
    """The broker took the message's number but not the message (MQTT 5)."""
    return UnsendableError(_UNSENDABLE.get(code, "mqtt-message-refused"), name)


def way_fault(error: OSError, *, has_certificate: bool) -> GatewayError:
    """The connection could not be made, or broke, below MQTT."""
    if isinstance(error, ssl.SSLError):
        return tls_fault(error, has_certificate=has_certificate)
    if isinstance(error, socket.gaierror):
        return TransientError("broker-name-unknown", str(error.strerror))
    if isinstance(error, ConnectionRefusedError):
        return TransientError("broker-refused", str(error.strerror))
    if isinstance(error, TimeoutError) or error.errno in _UNREACHABLE:
        return TransientError("broker-unreachable", str(error.strerror or "timed out"))
    return TransientError("connection-lost", str(error.strerror or type(error).__name__))


def silent_end(code: int, name: str, *, accepted: bool) -> GatewayError:
    """The connection ended without a word of the broker; `code` is the library's own guess."""
    if code == _KEEP_ALIVE:
        return TransientError("broker-silent", name)
    if accepted:
        return TransientError("connection-lost", name)
    if code == PROTOCOL_ERROR:
        return RefusedError("mqtt-version", name)
    return TransientError("broker-closed", "hung up before it accepted us")
