"""What somebody finds who has the card: values planted so that no accident holds them, looked for in every form."""

import base64
import struct
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from gateway.errors import GatewayError
from gateway.identity import reading_id
from gateway.keeping import Draft
from gateway.reading import Value
from gateway.store.packing import pack, unpack
from tests.readings import KEY, REF, reading


@dataclass(frozen=True)
class Canary:
    """One value, and the reading that carries it. `value` has nine digits: no count or time of a test has."""

    value: str
    draft: Draft

    def forms(self) -> dict[str, bytes]:
        """The ways in which it could lie somewhere, by name."""
        plain = self.value.encode()
        return {
            "text": plain,
            "digits": plain.replace(b".", b""),
            "hex": plain.hex().encode(),
            "utf-16": self.value.encode("utf-16-le"),
            "base64": base64.b64encode(b"+" + plain)[:12],
            "double": struct.pack(">d", float(self.value)),
            "double-le": struct.pack("<d", float(self.value)),
        }


def planted(count: int) -> list[Canary]:
    """Canaries, each with a frame that holds its text too."""
    return [_canary(number) for number in range(count)]


def _canary(number: int) -> Canary:
    value = f"{71_000 + number * 7919 % 20_000}.{3_141 + number:04}"
    one = reading().changed(
        id=reading_id(KEY, REF, "weight", f"canary {number}"),
        values=(Value(type="body-weight", mdc=188736, value=Decimal(value), unit="kg"),),
    )
    return Canary(value, Draft(one, [("port", f"ST,+{value} kg".encode().hex())]))


def scan(directory: Path, canaries: list[Canary]) -> list[tuple[str, str]]:
    """(file, value) of everything that is found; all files below the directory are read, whatever they are, and what is
    packed in them is unpacked."""
    files = {path: path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}
    return [
        (str(path.relative_to(directory)), canary.value)
        for path, data in files.items()
        for canary in _found(data + _unpacked(data), canaries)
    ]


def _found(data: bytes, canaries: list[Canary]) -> list[Canary]:
    return [canary for canary in canaries if any(form in data for form in canary.forms().values())]


def _unpacked(data: bytes) -> bytes:
    """Whatever was packed and lies here open: each begins with the same bytes."""
    begin, texts = pack("")[:6], []
    at = data.find(begin)
    while at >= 0:
        with suppress(GatewayError):
            texts.append(unpack(data[at : at + 4000]).encode())
        at = data.find(begin, at + 1)
    return b"".join(texts)
