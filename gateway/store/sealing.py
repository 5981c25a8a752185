"""What is measured is sealed before it is written: AES-SIV (RFC 5297) with a 512-bit key, from `cryptography`.

SIV needs no nonce, so a message that is written anew at its place (when it gets its date) is no danger. A seal costs
16 bytes. Each is bound to where it stands: table, column, row and epoch are authenticated with it, so that none can be
moved to another's place. Nothing else in the project imports `cryptography`, but the signature of a wipe.
"""

from gateway.errors import RefusedError
from gateway.store.packing import pack, unpack

KEY_BYTES = 64
TAG_BYTES = 16
_TAMPERED = "a sealed text is not what was written here, or another key sealed it"

Row = int | bytes


class Seal:
    """Seals texts, and opens them. `epoch` is the database's."""

    def __init__(self, key: bytes, epoch: str) -> None:
        # Loaded only where something is sealed: commands that count need not pay for it.
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # noqa: PLC0415

        self._made, self._invalid = AESSIV, InvalidTag
        self.epoch = epoch
        self.renew(key)

    def renew(self, key: bytes) -> None:
        """From now on another key seals and opens."""
        self.key, self._cipher = key, self._made(key)

    def shut(self, text: str, table: str, row: Row, column: str) -> bytes:
        """The text, packed and sealed for this place."""
        return self._cipher.encrypt(pack(text), self._place(table, row, column))

    def open(self, sealed: object, table: str, row: Row, column: str) -> str:
        """The text; RefusedError (store-damaged) if it was not sealed for this place."""
        if not isinstance(sealed, bytes):
            raise RefusedError("store-damaged", _TAMPERED)
        try:
            packed = self._cipher.decrypt(sealed, self._place(table, row, column))
        except (self._invalid, ValueError) as error:
            raise RefusedError("store-damaged", _TAMPERED) from error
        return unpack(packed)

    def _place(self, table: str, row: Row, column: str) -> list[bytes]:
        key = row.to_bytes(8, "big", signed=True) if isinstance(row, int) else row
        return [b"dho-gateway", self.epoch.encode(), table.encode(), column.encode(), key]


def wrapped(key: bytes, outer: bytes, label: str) -> bytes:
    """A key, sealed by another; `label` says which it is."""
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # noqa: PLC0415

    return AESSIV(outer).encrypt(key, [b"dho-gateway key", label.encode()])


def unwrapped(stored: bytes, outer: bytes, label: str) -> bytes:
    """The key; RefusedError (store-key-wrong) if the other key is not the one that sealed it."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # noqa: PLC0415

    try:
        return AESSIV(outer).decrypt(stored, [b"dho-gateway key", label.encode()])
    except InvalidTag as error:
        raise RefusedError("store-key-wrong", label) from error
