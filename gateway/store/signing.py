"""The key by which this hub signs: Ed25519 (RFC 8032), from `cryptography`; born when it is first needed."""

from gateway.certificate import fingerprint
from gateway.store.database import Medium, transaction
from gateway.store.notes import Notes

# The public key, so that who only tells of it need not load what signs.
_PUBLIC = "signing_key"


class Signer:
    """Signs in the name of the hub. `secret` gives the private key (32 bytes)."""

    def __init__(self, secret: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

        self._key = Ed25519PrivateKey.from_private_bytes(secret)

    @property
    def public_key(self) -> str:
        """The public key, 64 hex digits."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, data: bytes) -> str:
        """The signature, 128 hex digits."""
        return self._key.sign(data).hex()


def is_signed(public_key: str, signature: str, data: bytes) -> bool:
    """Whether the holder of the key has signed these bytes; both in hexadecimal."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def known_fingerprint(connection: Medium) -> str | None:
    """The fingerprint of the hub's public key; None before there is one."""
    public_key = Notes(connection).get(_PUBLIC)
    return None if public_key is None else fingerprint(public_key)


def remember_key(connection: Medium, signer: Signer) -> None:
    """The public key is known from now on."""
    with transaction(connection):
        Notes(connection).put(_PUBLIC, signer.public_key)
