"""The hub's id key: born with the store, never leaves it."""

import os
import secrets
from pathlib import Path

from gateway.errors import RefusedError
from gateway.store.database import sync_directory

FILE = "id.key"
_BYTES = 32


def has_key(directory: Path) -> bool:
    """Whether there has been a store here."""
    return (directory / FILE).exists()


def id_key(directory: Path, *, born: bool) -> bytes:
    """The key that names readings and devices, in a file only the daemon reads; made when the store is `born`.

    RefusedError if it is missing later, cannot be read or is not whole: a new one would give known readings new names.
    """
    path = directory / FILE
    try:
        key = path.read_bytes()
    except FileNotFoundError as error:
        if born:
            return _create(directory, path)
        raise RefusedError("store-key-missing", str(path)) from error
    except OSError as error:
        raise RefusedError("store-key-unreadable", f"{path}: {error.strerror}") from error
    if len(key) != _BYTES:
        raise RefusedError("store-key-damaged", f"{path}: {len(key)} bytes")
    return key


def _create(directory: Path, path: Path) -> bytes:
    key = secrets.token_bytes(_BYTES)
    draft = directory / f"{FILE}.new"
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        sync_directory(directory)
    except OSError as error:
        raise RefusedError("store-unusable", f"{path}: {error.strerror}") from error
    return key
