"""The database file: opened durable, migrated, owned by one process."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from gateway.errors import GatewayError, RefusedError, TransientError

FILE = "outbox.sqlite"
LOG = f"{FILE}-wal"
_LOCK = "lock"
# Not by importlib.resources, which costs the daemon half a megabyte.
_SCHEMA = Path(__file__).parent / "schema"
# Small pages: a reading changes a few rows on as many pages, and each changed page is written whole, twice. Smaller
# ones would save nothing: the card is written in blocks of 4 kB.
PAGE_BYTES = 1024
# Pages of the log that are written back into the database together: what changed more than once is written there once.
CHECKPOINT_PAGES = 1000


class Medium(sqlite3.Connection):
    """A connection that knows how the last write went.

    `trouble`: the reason why it was refused, None when it was not.
    """

    trouble: str | None = None


def own(directory: Path) -> int:
    """Takes the directory until the lock it gives (a file descriptor) is closed, or the process ends.

    RefusedError if another has it: two daemons on one store would number readings twice.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise RefusedError("store-unusable", f"{directory}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise RefusedError("store-in-use", str(directory)) from error
    return lock


def sync_directory(directory: Path) -> None:
    """What was made, moved or deleted in it is on the medium when this returns; OSError if it cannot be."""
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_database(directory: Path) -> Medium:
    """The store's database, created and migrated as needed; the directory is the caller's own (`own`).

    Write-ahead log with synchronous=FULL: a commit that returned is on the medium.
    """
    path = directory / FILE
    _make_private(path)
    with mapped():
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Medium)
        try:
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: Medium) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute("PRAGMA busy_timeout = 2000")
    migrate(connection)


def _make_private(path: Path) -> None:
    # SQLite gives the log the rights of the database: these must be right before the first byte is written.
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise RefusedError("store-unusable", f"{path}: {error.strerror}") from error


def open_read_only(directory: Path) -> Medium:
    """The database for looking at, beside a running daemon; RefusedError if there is none."""
    path = directory / FILE
    if not path.exists():
        raise RefusedError("store-missing", str(directory))
    with mapped():
        return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None, factory=Medium)


def epoch_of(connection: Medium) -> str | None:
    """The database's epoch; None in one that was never put to use."""
    row = connection.execute("SELECT value FROM fact WHERE name = 'epoch'").fetchone()
    return None if row is None else row[0]


def scripts() -> list[str]:
    """The names of the scripts that make the schema, in order; their number is the schema's version."""
    return sorted(path.name for path in _SCHEMA.glob("*.sql"))


def migrate(connection: Medium) -> None:
    """Brings the schema to this version, one numbered script at a time; RefusedError for a newer database."""
    known = scripts()
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(known):
        raise RefusedError("store-newer", f"version {version}, this program knows {len(known)}")
    for number, name in enumerate(known[version:], start=version + 1):
        _apply(connection, number, (_SCHEMA / name).read_text(encoding="utf-8"))


def _apply(connection: Medium, number: int, script: str) -> None:
    with transaction(connection):
        for statement in _statements(script):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")


def _statements(script: str) -> Iterator[str]:
    # executescript() would commit before it starts; each statement alone stays in the transaction.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


class Transaction:
    """See `transaction`. A class, and not a generator: it is entered at every reading."""

    __slots__ = ("_connection", "_outermost")

    def __init__(self, connection: Medium) -> None:
        self._connection, self._outermost = connection, False

    def __enter__(self) -> Medium:
        connection = self._connection
        try:
            if not connection.in_transaction:
                connection.execute("BEGIN IMMEDIATE")
                self._outermost = True
        except sqlite3.Error as error:
            raise self._refused(error) from error
        return connection

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        try:
            if self._outermost:
                self._end(error)
        except sqlite3.Error as refusal:
            raise self._refused(refusal) from refusal
        if isinstance(error, sqlite3.Error):
            raise self._refused(error) from error
        if isinstance(error, GatewayError):
            self._connection.trouble = error.reason
        elif error is None:
            self._connection.trouble = None

    def _end(self, error: BaseException | None) -> None:
        connection = self._connection
        try:
            if error is None:
                connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _refused(self, error: sqlite3.Error) -> GatewayError:
        refusal = _error(error)
        self._connection.trouble = refusal.reason
        return refusal


def transaction(connection: Medium) -> Transaction:
    """All or nothing; durable when it ends without an error. TransientError when the medium says no.

    Inside another it is a part of that one.
    """
    return Transaction(connection)


@contextmanager
def mapped() -> Iterator[None]:
    """Turns SQLite's faults into the project's."""
    try:
        yield
    except sqlite3.Error as error:
        raise _error(error) from error


_FULL = {"SQLITE_FULL"}
_READ_ONLY = {"SQLITE_READONLY", "SQLITE_PERM", "SQLITE_CANTOPEN"}
_DAMAGED = {"SQLITE_CORRUPT", "SQLITE_NOTADB"}


def _error(error: sqlite3.Error) -> GatewayError:
    name = "_".join(getattr(error, "sqlite_errorname", "SQLITE_UNKNOWN").split("_")[:2])
    if name in _FULL:
        return TransientError("store-full", str(error))
    if name in _READ_ONLY:
        return TransientError("store-read-only", str(error))
    if name in _DAMAGED:
        return RefusedError("store-damaged", str(error))
    return TransientError("store-io", str(error))
