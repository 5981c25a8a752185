"""The data inventory: everything that is stored is described, and what it says of seals and wipes is so."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import cli
from gateway.inventory import FILES, TABLES, missing, render
from gateway.rendering import reading_fields
from gateway.store import Store
from gateway.store.contents import contents, schema
from gateway.store.wiping import ERASED
from tests.readings import NOON, draft, kept_frame

CONFIG = """
[hub]
id = "hub-0042"
tenant = "skien"
[store]
path = "{store}"
[mqtt]
host = "127.0.0.1"
port = 8883
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store")
    opened.keep([draft("one"), draft("two"), draft("three", "foreign")])
    opened.outbox.set_aside(2, "mqtt-too-large", "{}")
    opened.add_frames([kept_frame(b"82.40")])
    yield opened
    opened.close()


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG.format(store=tmp_path / "store"), encoding="utf-8")
    return str(path)


def test_everything_that_is_stored_is_described() -> None:
    assert missing(schema(), reading_fields()) == []
    text = render(schema(), reading_fields())
    for table, columns in schema().items():
        assert text.count(f"- `{table}`: ") >= 2
        assert all(f"`{column}`" in text for column in columns)
    assert all(text.count(f"- `{name}`: ") >= 2 for name in (*reading_fields(), *FILES))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"letter": ("number",)}, "table letter"),
        ({"reading": ("seq", "colour")}, "text column-colour"),
        ({"frame": ("number",)}, "column frame.data"),
    ],
)
def test_what_nobody_has_described_stops_the_rendering(change: dict[str, tuple[str, ...]], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        render({**schema(), **change}, reading_fields())


def test_a_new_part_of_a_reading_must_be_described() -> None:
    assert missing(schema(), [*reading_fields(), "mood"]) == ["field mood", "text field-mood"]


def test_what_is_said_to_be_wiped_is_what_a_wipe_erases() -> None:
    assert {name for name, table in TABLES.items() if table.wiped} == set(ERASED)


def test_what_is_said_to_be_sealed_is_sealed_and_nothing_else_is(store: Store) -> None:
    """A sealed column holds bytes, the others what the daemon works by; only ids are bytes too."""
    for name, table in TABLES.items():
        columns = schema()[name]
        for row in store._connection.execute(f"SELECT {', '.join(columns)} FROM {name}"):  # noqa: S608 - our own names
            blobs = {column for column, value in zip(columns, row, strict=True) if isinstance(value, bytes)}
            assert blobs - {"id"} == set(table.sealed), name


def test_health_data_is_sealed_wherever_it_lies() -> None:
    assert all(table.sealed for table in TABLES.values() if table.category == "health")
    assert not any(table.sealed for table in TABLES.values() if table.category != "health")


def test_show_tells_what_is_here_how_much_since_when_and_for_how_long(
    store: Store, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["privacy", "show", "--config", config, "--json"]) == cli.OK
    found = json.loads(capsys.readouterr().out)
    assert found["tables"]["outbox"] == {
        "rows": 2, "category": "health", "sealed": ["payload", "frames"], "oldest": None,
        "kept": "Until they are confirmed.", "wiped": True,
    }  # fmt: skip
    assert found["tables"]["reading"]["oldest"] == NOON.isoformat()
    assert {"store.key", "id.key", "outbox.sqlite"} <= found["files"].keys()
    assert found["keys"] == {"outer": None}
    assert cli.main(["privacy", "show", "--config", config, "--lang", "nb"]) == cli.OK
    said = capsys.readouterr().out
    assert "held: 1 rad(er), helseopplysning, forseglet." in said
    assert "Ingenting i: " in said
    assert "ikke forseglet" in said
    assert "82.4" not in said


def test_show_names_the_outer_key(store: Store, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(config)
    path.write_text(path.read_text(encoding="utf-8").replace("[mqtt]", 'key_file = "credential:k"\n[mqtt]'), "utf-8")
    assert cli.main(["privacy", "show", "--config", config]) == cli.OK
    assert "sealed by credential:k" in capsys.readouterr().out


def test_a_store_with_something_in_every_table_has_no_empty_list(
    store: Store, config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway.cli import privacy

    found = contents(store.directory)
    full = type(found)({name: 1 for name in found.rows}, found.oldest, found.files)
    monkeypatch.setattr(privacy, "contents", lambda _directory: full)
    assert cli.main(["privacy", "show", "--config", config]) == cli.OK
    assert "Nothing in" not in capsys.readouterr().out


def test_unknown_times_are_no_oldest(tmp_path: Path) -> None:
    Store(tmp_path / "empty").close()
    assert contents(tmp_path / "empty").oldest == {}
