"""The epochs of a store, in a file beside the database: what was sealed in one that is damaged can still be opened."""

import os
from pathlib import Path

from gateway.errors import TransientError
from gateway.store.database import sync_directory

_FILE = "epochs"


def remember(directory: Path, epoch: str) -> None:
    """Writes it down, durable on return."""
    try:
        handle = os.open(directory / _FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{epoch}\n")
            file.flush()
            os.fsync(file.fileno())
        sync_directory(directory)
    except OSError as error:
        raise TransientError("store-io", f"{_FILE}: {error.strerror}") from error


def remembered(directory: Path) -> list[str]:
    """All of them, the newest first; none if the file is not there or holds no text."""
    try:
        lines = (directory / _FILE).read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return []
    return lines[::-1]
