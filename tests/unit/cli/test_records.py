"""`audit` and `deviation`: what happened is shown, exported, closed; tampering is named; all of it without a daemon."""

import csv
import io
import json
import sqlite3
from pathlib import Path

import pytest

from gateway import cli
from gateway.audit import Entry, When
from gateway.store import Store
from tests.configs import HUB
from tests.readings import NOON, REF, draft


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "gateway.toml"
    path.write_text(HUB.format(store=tmp_path / "store"), encoding="utf-8")
    return str(path)


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A store with two deviations and an act in its log."""
    store = Store(tmp_path / "store")
    when = When(NOON, "7c9e1f", 10.0)
    store.deviations.moment = lambda: when
    store.audit.add(Entry("coordinator", "assignment.end", when, "asg-9f2c7b", {"reason": "moved"}))
    store.keep([draft("one", "foreign"), draft("two", "foreign"), draft("three", "uncertain")])
    store.close()
    return tmp_path / "store"


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_the_log_is_listed_for_people_and_machines(
    config: str, filled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["audit", "list", "--config", config, "--json"]) == cli.OK
    records = json.loads(printed(capsys))["records"]
    assert [(r["number"], r["role"], r["what"]) for r in records] == [
        (1, "coordinator", "assignment.end"), (2, "hub", "deviation.open"), (3, "hub", "deviation.open"),
    ]  # fmt: skip
    assert cli.main(["audit", "list", "--config", config, "--lang", "nb", "--after", "0"]) == cli.OK
    first = printed(capsys).splitlines()[0]
    assert first == "1 2026-03-14T12:00:00.000+00:00 koordinator: assignment.end asg-9f2c7b reason=moved"
    assert cli.main(["audit", "list", "--config", config, "--after", "3"]) == cli.OK
    assert printed(capsys) == "No records.\n"


def test_a_whole_log_is_said_to_be_whole_and_holds_a_head_noted_earlier(
    config: str, filled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["audit", "verify", "--config", config, "--json"]) == cli.OK
    found = json.loads(printed(capsys))
    assert (found["ok"], found["records"], found["flaws"]) == (True, 3, [])
    assert cli.main(["audit", "verify", "--config", config, "--head", found["head"]]) == cli.OK
    assert "3 record(s)" in printed(capsys)
    other = f"2:{'0' * 64}"
    assert cli.main(["audit", "verify", "--config", config, "--head", other]) == cli.NO
    assert other in printed(capsys)
    assert cli.main(["audit", "verify", "--config", config, "--head", "57"]) == cli.USAGE


def test_one_record_that_was_altered_is_found_and_named(
    config: str, filled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = sqlite3.connect(filled / "outbox.sqlite")
    card.execute("DROP TRIGGER audit_stays")
    card.execute("UPDATE audit SET record = replace(record, 'moved', 'dead') WHERE number = 1")
    card.commit()
    card.close()
    assert cli.main(["audit", "verify", "--config", config, "--json"]) == cli.NO
    assert json.loads(printed(capsys))["flaws"] == [{"reason": "altered", "first": 1, "last": 1}]
    assert cli.main(["audit", "verify", "--config", config, "--lang", "nb"]) == cli.NO
    assert "Oppføring 1 er endret" in printed(capsys)


def test_deviations_are_listed_exported_and_closed_and_that_is_in_the_log(
    config: str, filled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["deviation", "list", "--config", config, "--lang", "nb"]) == cli.OK
    lines = printed(capsys).splitlines()
    assert lines[0].startswith(
        "Nr. 1: foreign (sole-user), 2 måling(er), 2026-03-14T12:00:00+00:00, ansvarlig koordinator"
    )
    close = ["deviation", "close", "1", "--config", config, "--action", "talked to the household", "--json"]
    assert cli.main(close) == cli.OK
    assert json.loads(printed(capsys))["deviation"]["state"] == "closed"
    assert cli.main(close) == cli.DATA
    assert json.loads(printed(capsys))["error"] == "deviation-not-open"
    assert cli.main(["deviation", "list", "--config", config, "--open", "--json"]) == cli.OK
    assert [one["number"] for one in json.loads(printed(capsys))["deviations"]] == [2]
    assert cli.main(["deviation", "export", "--csv", "--config", config]) == cli.OK
    rows = list(csv.DictReader(io.StringIO(printed(capsys), newline="")))
    assert [(r["number"], r["type"], r["readings"], r["device"], r["state"], r["action"]) for r in rows] == [
        ("1", "foreign", "2", REF, "closed", "talked to the household"), ("2", "unattributed", "1", REF, "open", ""),
    ]  # fmt: skip
    cli.main(["audit", "list", "--config", config, "--json"])
    whats = [record["what"] for record in json.loads(printed(capsys))["records"]]
    assert whats[-2:] == ["deviation.closed", "deviation.close"]


def test_closing_says_in_words_what_became_of_it(config: str, filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["deviation", "close", "2", "--config", config, "--action", "frigitt", "--lang", "nb"]) == cli.OK
    assert "lukket" in printed(capsys)


def test_an_action_that_names_a_person_is_refused(
    config: str, filled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    close = ["deviation", "close", "1", "--config", config, "--action", "Kari Nordmann brukte den", "--json"]
    assert cli.main(close) == cli.DATA
    assert json.loads(printed(capsys))["error"] == "personal-person-name"


@pytest.mark.parametrize("command", [["audit", "list"], ["audit", "verify"], ["deviation", "list"]])
def test_where_there_is_no_store_or_no_configuration_they_say_so(
    config: str, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, "--config", config, "--json"]) == cli.STORE
    assert json.loads(printed(capsys))["error"] == "store-missing"
    assert cli.main([*command, "--config", config]) == cli.STORE
    assert cli.main([*command, "--config", f"{config}.gone"]) == cli.CONFIG
    assert cli.main([*command, "--config", f"{config}.gone", "--json"]) == cli.CONFIG


def test_a_hub_where_nothing_went_wrong_says_so(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Store(tmp_path / "store").close()
    assert cli.main(["deviation", "list", "--config", config]) == cli.OK
    assert printed(capsys) == "No deviations.\n"
