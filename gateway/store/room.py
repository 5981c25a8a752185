"""How much of the card the store may fill, and how much of that is left.

The cap counts the database and its write-ahead log together. When it is reached, new readings and frames are refused
politely (store-full): no unconfirmed reading is ever deleted to make room. A sixteenth stays free for what makes room
again and for what must be known meanwhile: releases, voids, twins.
"""

from pathlib import Path

from gateway.errors import TransientError
from gateway.store.database import CHECKPOINT_PAGES, PAGE_BYTES, Medium, mapped

# The log may be this share of the whole; it is written back when it has grown half as long.
_LOG_SHARE = 8
_RESERVE_SHARE = 16
# Once full, it takes again when so much is free, so that it does not change its mind at each reading: some hundred
# readings' bytes, or less in a small store.
_RELIEF_BYTES = 128_000
_TENDED_EVERY = 16
_CHECKED_EVERY = 50
# No transaction that is checked writes more: some hundred readings.
_MOST_AT_ONCE_BYTES = 1_000_000


class Room:
    """The room of one open database."""

    def __init__(self, connection: Medium, log: Path, max_bytes: int) -> None:
        """`log` is the write-ahead log's path."""
        self._connection, self._log, self.max_bytes = connection, log, max_bytes
        self._log_most = min(max_bytes // _LOG_SHARE, 2 * CHECKPOINT_PAGES * PAGE_BYTES)
        self._soft = (max_bytes - self._log_most) * (_RESERVE_SHARE - 1) // _RESERVE_SHARE
        self._relief = min(self._soft // _RESERVE_SHARE, _RELIEF_BYTES)
        self._overgrown = 0
        self._full = False
        self._idle_tends = self._idle_checks = 0
        with mapped():
            connection.execute(f"PRAGMA wal_autocheckpoint = {self._log_most // 2 // PAGE_BYTES}")
            connection.execute(f"PRAGMA journal_size_limit = {self._log_most}")
            connection.execute(f"PRAGMA max_page_count = {(max_bytes - self._log_most) // PAGE_BYTES}")

    def tend(self) -> None:
        """Looks after a log that has grown too long; before a transaction, not inside it."""
        self._idle_tends = (self._idle_tends + 1) % _TENDED_EVERY
        if self._idle_tends and not self._overgrown:
            return
        self._overgrown = 0
        size = self._log.stat().st_size if self._log.exists() else 0
        if size > self._log_most:
            with mapped():
                _busy, pages, done = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            # Written back, it is begun anew and cut to its length by the next write. If somebody who reads stands in
            # the way, it grows at the database's cost.
            self._overgrown = 0 if done == pages else size - self._log_most

    def check(self) -> None:
        """TransientError if nothing more may be kept; part of its caller's transaction."""
        if self._idle_checks > 0:
            self._idle_checks -= 1
            return
        left = self.left()
        self._full = left <= (self._relief if self._full else 0)
        if self._full:
            raise TransientError("store-full", "the cap is reached")
        # While there is plenty of room, so many transactions cannot fill it.
        self._idle_checks = min(_CHECKED_EVERY, left // _MOST_AT_ONCE_BYTES)

    def left(self) -> int:
        """Bytes that may still be filled; 0 or less when it is full."""
        with mapped():
            (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
            (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        return self._soft - int(pages - free) * PAGE_BYTES - self._overgrown
