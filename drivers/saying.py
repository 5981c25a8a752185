"""Pieces of conversations that many devices share."""

from collections.abc import Generator

from drivers.api import Done, Reply, Step, Write


def say(channel: str, data: bytes) -> Generator[Step, Reply, bool]:
    """Writes with a response, or without where the device takes no other; False where it takes none."""
    if isinstance((yield Write(channel, data)), Done):
        return True
    return isinstance((yield Write(channel, data, response=False)), Done)
