"""The command line: every command answers people and programs, and its exit code says what became of it."""

import importlib.metadata
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import cli
from gateway.cli import status
from gateway.cli.configuration import read_configuration
from gateway.registry import known_drivers
from gateway.rendering import example, settings_schema
from gateway.settings import Settings
from gateway.store import Store
from tests.readings import draft

GOOD = """
[hub]
id = "hub-0042"
tenant = "skien"
[store]
path = "{store}"
[mqtt]
host = "127.0.0.1"
port = 8883
[[device]]
name = "mansjett"
driver = "blood-pressure"
transport = "ble"
address = "AA:BB:CC:DD:EE:FF"
"""
BAD = """
[hub]
id = "hub-0042"
tenant = "skien"
colour = "red"
[store]
path = "/x"
[mqtt]
host = "broker.example"
port = 8883
insecure_plaintext = true
[drivers]
allow = ["not-installed"]
[[device]]
name = "vekt"
driver = "and-scale"
transport = "serial"
[[device]]
name = "vekt"
driver = "weight-scale"
transport = "ble"
address = "AA:BB:CC:DD:EE:FF"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text(GOOD.replace("{store}", str(tmp_path / "store")), encoding="utf-8")
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.toml"
    path.write_text(BAD, encoding="utf-8")
    return path


class Told:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def by(self, *words: str | Path) -> tuple[int, str]:
        code = cli.main([str(word) for word in words])
        told = self._capsys.readouterr()
        assert told.err == ""
        return code, told.out

    def json_by(self, *words: str | Path) -> tuple[int, Any]:
        code, out = self.by(*words)
        return code, json.loads(out)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


# The frame


@pytest.mark.parametrize("words", [["no-such-command"], ["check"], ["check", "--no-such-option"]])
def test_wrong_use_ends_with_64(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == cli.USAGE
    assert "usage: " in capsys.readouterr().err


def test_without_a_command_the_commands_are_listed(told: Told) -> None:
    code, out = told.by()
    assert code == cli.USAGE
    assert all(command in out for command in cli.COMMANDS)


def test_a_reader_that_leaves_early_is_no_fault() -> None:
    """As `dho-gateway drivers | head -n 1` does."""
    command = f"{sys.executable} -m gateway drivers | head -n 1"
    done = subprocess.run(["/bin/bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("pulse-oximeter ")
    assert done.stderr == ""


def test_words_of_the_process_are_taken_by_default(monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    monkeypatch.setattr("sys.argv", ["dho-gateway", "config", "--schema"])
    assert cli.main() == cli.OK


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"dho-gateway {importlib.metadata.version('dho-gateway')}\n"


# check


def test_a_good_file_is_said_to_be_good(told: Told, config: Path) -> None:
    assert told.by("check", "--config", config) == (0, "The configuration is in order: 1 device(s).\n")
    code, report = told.json_by("check", "--config", config, "--json")
    assert (code, report["ok"], report["faults"], report["devices"]) == (0, True, [], ["mansjett"])
    assert Settings.from_table(report["settings"]) == read_configuration(str(config)).settings


def test_every_mistake_of_a_bad_file_is_named_at_once_also_beside_a_missing_driver(told: Told, bad: Path) -> None:
    code, report = told.json_by("check", "--config", bad, "--json")
    assert (code, report["ok"]) == (cli.CONFIG, False)
    assert {fault["path"] for fault in report["faults"]} == {
        "drivers.allow[0]",
        "hub.colour",
        "mqtt.insecure_plaintext",
        "device[0].port",
        "device[1].name",
    }
    assert all(set(fault) == {"path", "reason", "text"} for fault in report["faults"])


def test_mistakes_are_said_in_the_language_asked_for(told: Told, bad: Path) -> None:
    code, out = told.by("check", "--config", bad, "--lang", "nb")
    assert code == cli.CONFIG
    assert "hub.colour: Ukjent nøkkel." in out
    assert len(out.splitlines()) == 5


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "config-unreadable"), (b"# \xe6\n", "config-not-utf8"), (b"[hub\n", "config-not-toml")],
)
@pytest.mark.parametrize("words", ["check", "status", "held list", "deviation list", "device list"])
def test_a_file_that_cannot_be_read_is_a_mistake_with_a_sentence_in_the_same_form_from_every_command(
    told: Told, tmp_path: Path, content: bytes | None, reason: str, words: str
) -> None:
    path = tmp_path / "odd.toml"
    if content is not None:
        path.write_bytes(content)
    code, report = told.json_by(*words.split(), "--config", path, "--json")
    assert (code, report["ok"]) == (cli.CONFIG, False)
    (fault,) = report["faults"]
    assert fault["reason"] == reason
    assert fault["text"].endswith(".")


def test_a_directory_for_a_file_is_a_mistake_with_a_sentence(told: Told, tmp_path: Path) -> None:
    code, out = told.by("check", "--config", tmp_path, "--lang", "nb")
    assert code == cli.CONFIG
    assert "Sjekk sti og rettigheter." in out


# status


def test_before_the_first_start_there_is_no_status(told: Told, config: Path) -> None:
    code, report = told.json_by("status", "--config", config, "--json")
    assert (code, report["error"]) == (cli.STORE, "store-missing")
    code, out = told.by("status", "--config", config, "--lang", "nb")
    assert code == cli.STORE
    assert out.startswith("Det finnes ikke noe lager")


def test_status_beside_the_daemon_counts_and_shows_no_value(told: Told, config: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    code, report = told.json_by("status", "--config", config, "--json")
    assert (code, report["stored"], report["waiting"], report["oldest_age_s"]) == (0, 0, 0, None)
    assert told.by("status", "--config", config)[1].count("Oldest: -") == 1
    store.keep([draft("one"), draft("two"), draft("three", "foreign")])
    store.outbox.mark_at_broker([1])
    code, out = told.by("status", "--config", config, "--json")
    report = json.loads(out)
    assert code == cli.OK
    assert report | {"oldest_age_s": 0} == {
        "epoch": store.epoch,
        "stored": 2,
        "waiting": 2,
        "at_broker": 1,
        "oldest_age_s": 0,
        "held": {"foreign": 1},
        "aside": 0,
    }
    assert "82.40" not in out
    code, out = told.by("status", "--config", config, "--lang", "nb")
    assert "Venter på bekreftelse: 2" in out
    assert "Holdt tilbake: 1" in out
    store.close()


def test_status_with_a_bad_file_names_its_mistakes_as_check_does(told: Told, bad: Path) -> None:
    assert told.json_by("status", "--config", bad, "--json") == told.json_by("check", "--config", bad, "--json")
    assert told.by("status", "--config", bad) == told.by("check", "--config", bad)


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=59), "0 min 59 s"),
        (timedelta(minutes=59, seconds=59), "59 min 59 s"),
        (timedelta(hours=1, minutes=5), "1 h 5 min"),
        (timedelta(hours=47, minutes=59), "47 h 59 min"),
        (timedelta(days=2), "2 days"),
    ],
)
def test_an_age_is_said_as_people_say_it(
    told: Told, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: timedelta, text: str
) -> None:
    received = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
    store = Store(tmp_path / "store")
    store.keep([draft("one")])
    store.close()

    class _Later:
        @staticmethod
        def now() -> datetime:
            return received + age

    monkeypatch.setattr(status, "real_env", _Later)
    assert f"Oldest: {text}." in told.by("status", "--config", config)[1]
    nb = told.by("status", "--config", config, "--lang", "nb")[1]
    assert f"Eldste: {text.replace('days', 'dager')}." in nb


# drivers, config


def test_all_drivers_are_listed_for_people_and_for_programs(told: Told) -> None:
    code, rows = told.json_by("drivers", "--json")
    assert code == cli.OK
    assert [row["name"] for row in rows] == list(known_drivers())
    assert all(row["channels"] and row["modes"] and row["verdict"] for row in rows)
    code, out = told.by("drivers")
    assert code == cli.OK
    assert [line.split()[0] for line in out.splitlines()] == list(known_drivers())


def test_devices_that_are_not_read_are_listed_with_the_reason(told: Told) -> None:
    code, rows = told.json_by("drivers", "--not-supported", "--json")
    assert code == cli.OK
    assert all(row["device"] and row["why"] for row in rows)
    assert len(told.by("drivers", "--not-supported")[1].splitlines()) == len(rows) > 0


def test_the_example_and_the_schema_are_printed_as_rendered(told: Told) -> None:
    assert told.by("config") == (0, example())
    assert told.by("config", "--schema") == told.by("config", "--json") == (0, settings_schema())
