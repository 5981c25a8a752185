"""Keyed names: the id of a reading and the reference of a device.

Keyed, because an unkeyed hash of a two-digit value and a second, or of a device address, can be reversed by trying all.
"""

import hashlib
import hmac


def reading_id(key: bytes, device_ref: str, kind: str, record_key: str) -> str:
    """UUID text of one act of measuring: the same act re-read, re-sent or re-dated keeps it.

    RFC 9562, version 8 (custom), from HMAC-SHA256 over device reference, kind and the driver's record key.
    """
    digest = bytearray(_mac(key, "reading", device_ref, kind, record_key)[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def device_ref(key: bytes, address: str) -> str:
    """`dev-` and 12 hex digits, from the device's Bluetooth address or serial port path; neither leaves the hub."""
    return f"dev-{_mac(key, 'device', address.upper()).hex()[:12]}"


def receipt_key(boot: str, at: float) -> str:
    """Record key of an act that carries neither time nor number: the boot and the moment (µs) its first frame came."""
    return f"receipt|{boot}|{at:.6f}"


def _mac(key: bytes, *parts: str) -> bytes:
    # Length-prefixed, so that no two lists of parts give the same bytes.
    message = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)
    return hmac.new(key, message, hashlib.sha256).digest()
