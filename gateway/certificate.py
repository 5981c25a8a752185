"""The proof of a wipe (`dho.wipe/1`): what was destroyed, when, and by which key it is signed. Pure.

The signature is Ed25519 (RFC 8032) over the canonical JSON of the document without it; the document carries the hub's
public key, whose fingerprint the hub tells in `about`.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from gateway.audit import canonical
from gateway.topics import WIPE_SCHEMA

SIGNATURE = "signature"
PUBLIC_KEY = "public_key"
_KEY_HEX, _SIGNATURE_HEX = 64, 128


def unsigned(facts: Mapping[str, object], public_key: str) -> dict[str, object]:
    """The document before it is signed; `public_key` in hexadecimal."""
    return {"schema": WIPE_SCHEMA, **facts, PUBLIC_KEY: public_key}


def signed_bytes(document: Mapping[str, object]) -> bytes:
    """What the signature is made over."""
    return canonical({name: value for name, value in document.items() if name != SIGNATURE}).encode()


def parse(text: str) -> dict[str, Any]:
    """A certificate as it was handed over; ValueError if it is none."""
    document = json.loads(text)
    if not isinstance(document, dict) or document.get("schema") != WIPE_SCHEMA:
        raise ValueError(f"no {WIPE_SCHEMA}")
    for name, length in ((PUBLIC_KEY, _KEY_HEX), (SIGNATURE, _SIGNATURE_HEX)):
        value = document.get(name)
        if not isinstance(value, str) or len(value) != length:
            raise ValueError(f"no {name}")
        bytes.fromhex(value)
    return document


def fingerprint(public_key: str) -> str:
    """32 hex digits by which the signing key is known: the beginning of SHA-256 over the key."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:32]
