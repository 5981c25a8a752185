"""Device Information 180A, Battery 180F and the readable parts of the time services: what a device tells of itself.

GATT Specification Supplement: the strings of Device Information, System ID, PnP ID, UDI for Medical Devices; IEEE
11073-20601 regulatory certification data list.
"""

from collections.abc import Callable

from drivers.api import DecodeError, Facts, Info
from drivers.ble.battery import battery_level, battery_level_status
from drivers.ble.device_time import local_time_information, reference_time_information
from drivers.ble.elapsed_time import elapsed_time
from drivers.cursor import Cursor
from drivers.uuids import full

_CONTINUA = 2
_UDI_PARTS = ("udi_label", "udi_device", "udi_issuer", "udi_authority")


def text(key: str) -> Callable[[bytes], Facts]:
    """A decoder for a UTF-8 string under `key`: padding is cut off, an empty string tells nothing."""

    def decode(data: bytes) -> Facts:
        plain = _plain(data)
        return {key: plain} if plain else {}

    return decode


def system_id(data: bytes) -> Facts:
    """`system_id`: the EUI-64, most significant byte first, as 16 hex digits; all zeros tell nothing."""
    identity = Cursor(data).take(8)[::-1].hex()
    return {"system_id": identity} if identity.strip("0") else {}


def pnp_id(data: bytes) -> Facts:
    """`pnp_source` (1 Bluetooth SIG, 2 USB), `pnp_vendor`, `pnp_product`, `pnp_version`."""
    cursor = Cursor(data)
    names = ("pnp_source", "pnp_vendor", "pnp_product", "pnp_version")
    return dict(zip(names, (cursor.u8(), cursor.u16(), cursor.u16(), cursor.u16()), strict=True))


def udi(data: bytes) -> Facts:
    """UDI for Medical Devices: the parts that the flags announce, each ended by a NUL."""
    cursor = Cursor(data)
    flags = cursor.u8()
    names = [name for bit, name in enumerate(_UDI_PARTS) if flags >> bit & 1]
    parts = cursor.rest().split(b"\0")
    return {name: _plain(part) for name, part in zip(names, parts, strict=False) if part}


def regulatory(data: bytes) -> Facts:
    """IEEE 11073-20601 regulatory certification list, big endian.

    `regulatory_count` entries; of a Continua entry its version and certified device classes (hex). Devices fill this
    characteristic with zeros or with their stack's default text: what is no list counts no entry.
    """
    try:
        return _regulatory_list(Cursor(data, "big"))
    except DecodeError:
        return {"regulatory_count": 0}


def _regulatory_list(cursor: Cursor) -> Facts:
    count, _length = cursor.u16(), cursor.u16()
    facts: dict[str, object] = {"regulatory_count": count}
    for _ in range(count):
        authority, structure = cursor.u8(), cursor.u8()
        entry = Cursor(cursor.take(cursor.u16()), "big")
        if authority == _CONTINUA:
            facts |= _continua(structure, entry)
    return facts


def _continua(structure: int, entry: Cursor) -> Facts:
    if structure == 1:
        major, minor, count, _length = entry.u8(), entry.u8(), entry.u16(), entry.u16()
        classes = tuple(f"{entry.u16():04x}" for _ in range(count))
        return {"continua_version": f"{major}.{minor}", "continua_classes": classes}
    if structure == 2:
        return {"continua_regulation": f"{entry.u16():04x}"}
    return {}


def _plain(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("utf-8", "replace").strip()


STANDARD_INFO: tuple[Info, ...] = (
    Info(full(0x2A29), text("manufacturer")),
    Info(full(0x2A24), text("model")),
    Info(full(0x2A25), text("serial")),
    Info(full(0x2A26), text("firmware")),
    Info(full(0x2A27), text("hardware")),
    Info(full(0x2A28), text("software")),
    Info(full(0x2A23), system_id),
    Info(full(0x2A50), pnp_id),
    Info(full(0x2A2A), regulatory),
    Info(full(0x2BFF), udi),
    Info(full(0x2A19), battery_level),
    Info(full(0x2BED), battery_level_status),
    Info(full(0x2A0F), local_time_information),
    Info(full(0x2A14), reference_time_information),
    Info(full(0x2BF2), elapsed_time),
)
