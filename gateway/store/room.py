"""How much of the card the store may fill, and how much of that is left.

The cap counts the database and its write-ahead log together. When it is reached, new readings and frames are refused
politely (store-full): no unconfirmed reading is ever deleted to make room. A sixteenth stays free for what makes room
again: releases, voids, what is known of devices.
"""

from pathlib import Path

from gateway.errors import TransientError
from gateway.store.database import CHECKPOINT_PAGES, PAGE_BYTES, Medium, mapped

# The log may be this share of the whole; it is written back when it has grown half as long.
_LOG_SHARE = 8
_RESERVE_SHARE = 16
# What one reading takes, from what readings are known to take: message and frames packed, their place, the page's rest.
BYTES_EACH = 400


class Room:
    """The room of one open database."""

    def __init__(self, connection: Medium, log: Path, max_bytes: int) -> None:
        """`log` is the write-ahead log's path."""
        self._connection, self._log, self.max_bytes = connection, log, max_bytes
        most = min(max_bytes // _LOG_SHARE, 2 * CHECKPOINT_PAGES * PAGE_BYTES)
        self._log_most = most
        self._soft = (max_bytes - most) * (_RESERVE_SHARE - 1) // _RESERVE_SHARE
        with mapped():
            connection.execute(f"PRAGMA wal_autocheckpoint = {most // 2 // PAGE_BYTES}")
            connection.execute(f"PRAGMA journal_size_limit = {most}")
            connection.execute(f"PRAGMA max_page_count = {(max_bytes - most) // PAGE_BYTES}")

    def check(self) -> None:
        """TransientError if nothing more may be kept; part of its caller's transaction."""
        if self.left() <= 0:
            raise TransientError("store-full", "the cap is reached")

    def left(self) -> int:
        """Bytes that may still be filled; 0 or less when it is full."""
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        # A log that somebody keeps from being written back grows at the database's cost.
        overgrown = max(0, self._log.stat().st_size - self._log_most) if self._log.exists() else 0
        return self._soft - int(pages - free) * PAGE_BYTES - overgrown
