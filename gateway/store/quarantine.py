"""A damaged database: found at the start, and put aside whole, never deleted by the daemon.

What is put aside lies in `quarantine/1`, `quarantine/2` ... beside the database, under the names it had.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import RefusedError, TransientError
from gateway.store.database import FILE, LOG, Medium, epoch_of, mapped, open_read_only, sync_directory

FOLDER = "quarantine"
_FILES = (FILE, LOG, f"{FILE}-shm")
# Set by a daemon that met damage while it ran.
_MARK = "damaged"
# In a folder of the quarantine: all that could be read has been taken over.
_DONE = "taken-over"
# A larger database is not gone through at the start, which would take a slow card more than a few seconds: damage shows
# when it is read, which ends the daemon, and the next start puts it aside.
_CHECKED_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in a store's directory. `used`: the hub has had a store here, so it must have a key."""

    used: bool
    present: bool
    damaged: bool


def examine(directory: Path) -> Found:
    """Looks at the database without changing it; TransientError if the medium does not let it be read."""
    path = directory / FILE
    if (directory / _MARK).exists():
        return Found(used=True, present=True, damaged=True)
    if not path.is_file() or path.stat().st_size == 0:
        return Found(used=bool(all_of(directory)), present=False, damaged=False)
    try:
        with closing(open_read_only(directory)) as connection, mapped():
            return Found(used=_sound(connection, path), present=True, damaged=False)
    except RefusedError:
        return Found(used=True, present=True, damaged=True)


def _sound(connection: Medium, path: Path) -> bool:
    """Whether the database was ever put to use; RefusedError (store-damaged) if it is not sound."""
    connection.execute("PRAGMA schema_version").fetchone()
    if path.stat().st_size <= _CHECKED_BYTES:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise RefusedError("store-damaged", str(verdict))
    tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'fact'").fetchone()[0]
    return bool(tables) and epoch_of(connection) is not None


def move_aside(directory: Path) -> None:
    """Puts the database aside, whole; goes on where an earlier start was cut short."""
    with _io(directory):
        folder = directory / FOLDER / _number(directory)
        # From here until the mark is gone, no start trusts what is left of the database.
        _write(directory / _MARK, folder.name)
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        for name in _FILES:
            if (directory / name).exists():
                (directory / name).rename(folder / name)
        for place in (folder, folder.parent, directory):
            sync_directory(place)
        (directory / _MARK).unlink()
        sync_directory(directory)


def mark(directory: Path) -> None:
    """The database must not be trusted at the next start. TransientError if that cannot be written down."""
    with _io(directory):
        _write(directory / _MARK, "")
        sync_directory(directory)


def all_of(directory: Path) -> list[Path]:
    """What was put aside and is still here, the oldest first."""
    with _io(directory):
        entries = list((directory / FOLDER).iterdir()) if (directory / FOLDER).is_dir() else []
    return sorted((p for p in entries if p.name.isdecimal()), key=lambda p: int(p.name))


def pending(directory: Path) -> list[Path]:
    """What was put aside and not taken over yet."""
    return [path for path in all_of(directory) if not (path / _DONE).exists()]


def finish(folder: Path) -> None:
    """All that could be read here has been taken over."""
    with _io(folder):
        _write(folder / _DONE, "")
        sync_directory(folder)


def _number(directory: Path) -> str:
    begun = (directory / _MARK).read_text(encoding="ascii") if (directory / _MARK).exists() else ""
    return begun or str(max((int(path.name) for path in all_of(directory)), default=0) + 1)


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _io(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TransientError("store-io", f"{place}: {error.strerror}") from error
