"""The Attribute Protocol, as much of it as a client needs that confirms indications itself: bytes to words and back.

Pure. Bluetooth Core Specification, Vol 3, Part F (ATT); what is done with it follows Part G (GATT). Anything that does
not fit is a MalformedError.
"""

import struct
from dataclasses import dataclass

DEFAULT_MTU = 23
# The longest attribute there is, and its opcode and handle (Part F, 3.2.9).
MAX_MTU = 517
FIRST_HANDLE, LAST_HANDLE = 0x0001, 0xFFFF
CHARACTERISTIC = 0x2803
CLIENT_CONFIGURATION = "00002902-0000-1000-8000-00805f9b34fb"
ATTRIBUTE_NOT_FOUND = 0x0A

# Client Characteristic Configuration, Part G, 3.3.3.3; the properties that offer them, Part G, 3.3.1.1.
NOTHING, NOTIFICATIONS, INDICATIONS = b"\x00\x00", b"\x01\x00", b"\x02\x00"
_NOTIFY, _INDICATE = 0x10, 0x20

# Part F, 3.4.8.
_ERROR = 0x01
_MTU_REQUEST, _MTU_RESPONSE = 0x02, 0x03
_FIND_INFORMATION = 0x04
_READ_BY_TYPE = 0x08
_READ = 0x0A
_WRITE, _WRITE_COMMAND = 0x12, 0x52
_NOTIFICATION, _INDICATION, _CONFIRMATION = 0x1B, 0x1D, 0x1E
_MULTIPLE_NOTIFICATION = 0x23
_ANSWERS = frozenset({_MTU_RESPONSE, 0x05, 0x09, 0x0B, 0x13})
# Part F, 3.3.1: a command is not answered, whether it is known or not.
_COMMAND_FLAG = 0x40
_NOT_SUPPORTED = 0x06

CONFIRMATION = bytes((_CONFIRMATION,))


class MalformedError(ValueError):
    """Bytes that are no PDU, or not the one they claim to be."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value the server sends by itself; the next indication comes only after this one is confirmed."""

    handle: int
    data: bytes
    indicated: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The response to the request with this opcode: its parameters."""

    request: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """The error response to the request with this opcode."""

    request: int
    code: int


@dataclass(frozen=True, slots=True)
class Asked:
    """The server, as a client, wants something: `reply` is what to answer."""

    reply: bytes


@dataclass(frozen=True, slots=True)
class Declaration:
    """A characteristic: where its value is, what it is, and whether it sends by itself."""

    handle: int
    value_handle: int
    uuid: str
    notifies: bool
    indicates: bool


Pdu = Value | Answer | Refusal | Asked


def parse(pdu: bytes) -> Pdu | None:
    """What the server said; None if it needs no answer and means nothing to us. MalformedError."""
    if not 0 < len(pdu) <= MAX_MTU:
        raise MalformedError(f"{len(pdu)} bytes")
    opcode = pdu[0]
    if opcode in (_NOTIFICATION, _INDICATION):
        (handle,) = _unpacked("<H", pdu[1:3])
        return Value(handle, pdu[3:], opcode == _INDICATION)
    if opcode == _ERROR:
        request, _handle, code = _unpacked("<BHB", pdu[1:])
        return Refusal(request, code)
    if opcode in _ANSWERS:
        return Answer(opcode - 1, pdu[1:])
    if opcode & _COMMAND_FLAG or opcode in (_CONFIRMATION, _MULTIPLE_NOTIFICATION):
        return None
    if not opcode or opcode % 2:
        raise MalformedError(f"opcode 0x{opcode:02x}")
    return Asked(_reply(opcode))


def _reply(opcode: int) -> bytes:
    """We say the same MTU as in our own request, and have no attributes. Part F, 3.4.2.2 and 3.4.1.1."""
    if opcode == _MTU_REQUEST:
        return struct.pack("<BH", _MTU_RESPONSE, MAX_MTU)
    return struct.pack("<BBHB", _ERROR, opcode, 0, _NOT_SUPPORTED)


def exchange_mtu() -> bytes:
    """The longest PDU we take. Part F, 3.4.2.1."""
    return struct.pack("<BH", _MTU_REQUEST, MAX_MTU)


def read_by_type(first: int, kind: int) -> bytes:
    """All attributes of a type, from a handle on. Part F, 3.4.4.1."""
    return struct.pack("<BHHH", _READ_BY_TYPE, first, LAST_HANDLE, kind)


def find_information(first: int, last: int) -> bytes:
    """The types of the attributes from one handle to another. Part F, 3.4.3.1."""
    return struct.pack("<BHH", _FIND_INFORMATION, first, last)


def read(handle: int) -> bytes:
    """A value, from its beginning. Part F, 3.4.4.3."""
    return struct.pack("<BH", _READ, handle)


def write(handle: int, data: bytes) -> bytes:
    """A value, to be answered. Part F, 3.4.5.1."""
    return struct.pack("<BH", _WRITE, handle) + data


def write_command(handle: int, data: bytes) -> bytes:
    """A value, not to be answered. Part F, 3.4.5.3."""
    return struct.pack("<BH", _WRITE_COMMAND, handle) + data


def mtu(data: bytes) -> int:
    """The MTU from then on, of the response's parameters: the smaller of both, never below 23. Part F, 3.4.2.2."""
    (theirs,) = _unpacked("<H", data)
    return max(DEFAULT_MTU, min(int(theirs), MAX_MTU))


def declarations(data: bytes) -> list[Declaration]:
    """Characteristics, of the parameters of a Read By Type response. Part F, 3.4.4.2; Part G, 3.3.1."""
    if len(data) < 1 or data[0] not in (7, 21):
        raise MalformedError("declarations of another length")
    found = []
    for entry in _entries(data[1:], data[0]):
        handle, properties, value_handle = _unpacked("<HBH", entry[:5])
        notifies, indicates = bool(properties & _NOTIFY), bool(properties & _INDICATE)
        found.append(Declaration(handle, value_handle, _uuid(entry[5:]), notifies, indicates))
    return found


def descriptors(data: bytes) -> list[tuple[int, str]]:
    """Handles and types, of the parameters of a Find Information response. Part F, 3.4.3.2."""
    if len(data) < 1 or data[0] not in (1, 2):
        raise MalformedError("information of another format")
    size = 4 if data[0] == 1 else 18
    return [(int.from_bytes(entry[:2], "little"), _uuid(entry[2:])) for entry in _entries(data[1:], size)]


def _entries(data: bytes, size: int) -> list[bytes]:
    if not data or len(data) % size:
        raise MalformedError("a list that does not come out even")
    return [data[at : at + size] for at in range(0, len(data), size)]


def _uuid(data: bytes) -> str:
    """Little-endian; 16 bits stand for 128. Part F, 3.2.1; Part B, 2.5.1."""
    text = data[::-1].hex()
    if len(data) == 2:
        return f"0000{text}-0000-1000-8000-00805f9b34fb"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _unpacked(form: str, data: bytes) -> tuple[int, ...]:
    if len(data) != struct.calcsize(form):
        raise MalformedError("too short or too long")
    return struct.unpack(form, data)
