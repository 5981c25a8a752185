"""The hub's keys: born with the store, in files that only the daemon reads.

`id.key` names readings and devices and never changes. `store.key` seals what is measured, and is replaced by a wipe.
`sign.key` signs the proof of a wipe.
Where the configuration names an outer key (a systemd credential, say), each file holds its key sealed by that one.
"""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from gateway.errors import RefusedError
from gateway.store.database import sync_directory
from gateway.store.sealing import KEY_BYTES, TAG_BYTES, unwrapped, wrapped

_LEAST_OUTER = 16
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class _Kind(NamedTuple):
    file: str
    size: int
    label: str


_ID = _Kind("id.key", 32, "id")
_DATA = _Kind("store.key", KEY_BYTES, "data")
_SIGN = _Kind("sign.key", 32, "sign")
# The key that a wipe is about to put in the place of the other.
_NEXT = _Kind("store.key.next", KEY_BYTES, "data")


def has_key(directory: Path) -> bool:
    """Whether there has been a store here."""
    return (directory / _ID.file).exists()


def outer_key(path: str | None) -> bytes | None:
    """The key that the file at `path` stands for (None: none); RefusedError if it cannot be read, is too short, or if
    anybody may read it."""
    if path is None:
        return None
    try:
        if Path(path).stat().st_mode & stat.S_IROTH:
            raise RefusedError("store-key-open", path)
        secret = Path(path).read_bytes().strip()
    except OSError as error:
        raise RefusedError("store-key-unreadable", f"{path}: {error.strerror}") from error
    if len(secret) < _LEAST_OUTER:
        raise RefusedError("store-key-short", f"{path}: {len(secret)} bytes")
    return hashlib.sha512(b"dho-gateway outer key\0" + secret).digest()


def id_key(directory: Path, *, born: bool, outer: bytes | None = None) -> bytes:
    """The key that names readings and devices; made when the store is `born`.

    RefusedError if it is missing later, cannot be read or is not whole: a new one would give known readings new names.
    """
    return _key(directory, _ID, born=born, outer=outer)


def data_key(directory: Path, *, born: bool, outer: bytes | None = None) -> bytes:
    """The key that seals what is measured; made when the store is `born`. RefusedError as for `id_key`."""
    return _key(directory, _DATA, born=born, outer=outer)


def signing_key(directory: Path, outer: bytes | None = None) -> bytes:
    """The private key by which the hub signs; made when it is first needed. RefusedError as for `id_key`."""
    return _key(directory, _SIGN, born=True, outer=outer)


def next_key(directory: Path, outer: bytes | None = None) -> bytes:
    """The key that will follow the data key of now, made and written down; the same one if that was cut short."""
    return _key(directory, _NEXT, born=True, outer=outer)


def has_next(directory: Path) -> bool:
    """Whether a wipe was cut short that had made a new key."""
    return (directory / _NEXT.file).exists()


def drop_next(directory: Path) -> None:
    """The data key of now stays."""
    path = directory / _NEXT.file
    with _usable(path):
        path.unlink(missing_ok=True)
        sync_directory(directory)


def destroy(directory: Path) -> None:
    """The next key takes the place of the data key of now, whose bytes are written over."""
    with _usable(directory / _DATA.file):
        _replace(directory / _NEXT.file, directory / _DATA.file)


def fingerprint(key: bytes) -> str:
    """16 hex digits by which a key is known; they tell nothing of it."""
    return hashlib.sha256(b"dho-gateway fingerprint\0" + key).hexdigest()[:16]


def _key(directory: Path, kind: _Kind, *, born: bool, outer: bytes | None) -> bytes:
    path = directory / kind.file
    try:
        stored = path.read_bytes()
        if path.stat().st_mode & _OTHERS:
            # The store was copied, and its rights were lost on the way.
            path.chmod(0o600)
    except FileNotFoundError as error:
        if not born:
            raise RefusedError("store-key-missing", str(path)) from error
        return _write(path, secrets.token_bytes(kind.size), kind, outer)
    except OSError as error:
        raise RefusedError("store-key-unreadable", f"{path}: {error.strerror}") from error
    if len(stored) == kind.size:
        # Bare. If an outer key was named since, nothing shall be left of it.
        return stored if outer is None else _write(path, stored, kind, outer)
    if len(stored) != kind.size + TAG_BYTES:
        raise RefusedError("store-key-damaged", f"{path}: {len(stored)} bytes")
    if outer is None:
        raise RefusedError("store-key-sealed", str(path))
    return unwrapped(stored, outer, kind.label)


def _write(path: Path, key: bytes, kind: _Kind, outer: bytes | None) -> bytes:
    draft = path.with_name(f"{kind.file}.new")
    with _usable(path):
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(key if outer is None else wrapped(key, outer, kind.label))
            file.flush()
            os.fsync(file.fileno())
        _replace(draft, path)
    return key


def _replace(new: Path, path: Path) -> None:
    """Puts a file in the place of another, if there is one, and writes over the bytes of that."""
    old = os.open(path, os.O_WRONLY | os.O_CLOEXEC) if path.exists() else None
    try:
        new.replace(path)
        sync_directory(path.parent)
        if old is not None:
            os.pwrite(old, secrets.token_bytes(os.fstat(old).st_size), 0)
            os.fsync(old)
    finally:
        if old is not None:
            os.close(old)


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RefusedError("store-unusable", f"{path}: {error.strerror}") from error
