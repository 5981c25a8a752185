"""The database: durable by its settings, migrated step by step, its faults in the project's words."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import GatewayError, RefusedError, TransientError
from gateway.store import database


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[database.Medium]:
    opened = database.open_database(tmp_path)
    yield opened
    opened.close()


def test_a_commit_that_returned_is_on_the_medium(connection: database.Medium) -> None:
    def pragma(name: str) -> object:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]

    assert (pragma("journal_mode"), pragma("synchronous"), pragma("page_size")) == ("wal", 2, 1024)


def _do_and_fail(connection: database.Medium, statement: str) -> None:
    connection.execute(statement)
    raise KeyError


def test_a_transaction_is_all_or_nothing(connection: database.Medium) -> None:
    with pytest.raises(KeyError), database.transaction(connection):
        _do_and_fail(connection, "INSERT INTO fact VALUES ('a', 'b')")
    assert connection.execute("SELECT count(*) FROM fact").fetchone()[0] == 0
    assert not connection.in_transaction


def test_a_transaction_that_sqlite_ended_itself_is_over_too(connection: database.Medium) -> None:
    with pytest.raises(KeyError), database.transaction(connection):
        _do_and_fail(connection, "ROLLBACK")
    with database.transaction(connection):
        connection.execute("INSERT INTO fact VALUES ('a', 'b')")


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    connection: database.Medium, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts, version = tmp_path / "scripts", len(database.scripts())
    scripts.mkdir()
    for name in database.scripts():
        (scripts / name).write_text("", encoding="ascii")
    (scripts / "9999_more.sql").write_text("CREATE TABLE more (a);\nCREATE TABLE fact (twice);\n", encoding="ascii")
    monkeypatch.setattr(database, "_SCHEMA", scripts)
    with pytest.raises(TransientError, match="store-io"), database.mapped():
        database.migrate(connection)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == version
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'more'").fetchone()[0] == 0
    (scripts / "9999_more.sql").write_text(
        "CREATE TABLE more (a);\n-- a\nCREATE INDEX m ON more (a);", encoding="ascii"
    )
    database.migrate(connection)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == version + 1
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('more', 'm')").fetchone()[0] == 2


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("SQLITE_FULL", TransientError, "store-full"),
        ("SQLITE_READONLY_DBMOVED", TransientError, "store-read-only"),
        ("SQLITE_CANTOPEN_ISDIR", TransientError, "store-read-only"),
        ("SQLITE_CORRUPT_VTAB", RefusedError, "store-damaged"),
        ("SQLITE_NOTADB", RefusedError, "store-damaged"),
        ("SQLITE_IOERR_WRITE", TransientError, "store-io"),
        (None, TransientError, "store-io"),
    ],
)
def test_faults_of_the_medium_have_the_project_s_words(name: str | None, kind: type[GatewayError], reason: str) -> None:
    fault = sqlite3.OperationalError("detail")
    if name is not None:
        fault.sqlite_errorname = name
    with pytest.raises(kind) as caught, database.mapped():
        raise fault
    assert (caught.value.reason, caught.value.detail) == (reason, "detail")
    assert caught.value.__cause__ is fault


def test_other_faults_pass_as_they_are() -> None:
    with pytest.raises(KeyError), database.mapped():
        raise KeyError
