"""Every decision can be made at a hub without a network or a daemon, in words and in JSON, and leaves its record."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from gateway import cli
from gateway.acts.table import ACTS
from gateway.store import Store
from gateway.voids import render_void
from tests.configs import CUFF, HUB, SCALE
from tests.readings import draft

CUFF_2 = CUFF.replace("mansjett", "mansjett-2").replace(":FF", ":F0")
CONFIG = HUB + CUFF + CUFF_2 + SCALE
# A kit's life: what is asked for, and the record that it leaves.
LIFE = (
    ("assignment create asg-9f2c7b1 --purpose assessment-14-days --days 14", "assignment.create"),
    ("assignment show", None),
    ("assignment pause --until 2099-01-01", "assignment.pause"),
    ("assignment resume", "assignment.resume"),
    ("assignment extend --days 7", "assignment.extend"),
    ("assignment convert --purpose follow-up", "assignment.convert"),
    ("visit --role nurse", "visit"),
    ("equipment list", None),
    ("equipment check vekt", "equipment.check"),
    ("equipment take vekt --reason lent", "equipment.take"),
    ("equipment give vekt:1", "equipment.give"),
    ("device replace mansjett mansjett-2 --reason leaks", "equipment.replace"),
    ("held list", None),
    ("held release {first} --reason checked", "held.release"),
    ("held delete {second} --reason guest", "held.delete"),
    ("outbox list", None),
    ("outbox retry", "outbox.retry"),
    ("deviation close 1 --action talked", "deviation.close"),
    ("deviation list --open", None),
    ("privacy export --assignment asg-9f2c7b1", "privacy.export"),
    ("assignment transfer --to hub-0043", "assignment.transfer"),
    ("assignment history", None),
    ("wipe --force --reason moved", "wipe"),
    ("wipe show", None),
    ("assignment create asg-1d88e02 --purpose follow-up", "assignment.create"),
    ("assignment end", "assignment.end"),
    ("audit list", None),
    ("audit verify", None),
    ("privacy show", None),
)
PERSONS = ("Kari Nordmann", "KARI NORDMANN", "137174 04089", "fnr13717404080", "912 34 567", "Storgata 5")
# Every place where a person may write something.
PLACES = (
    ("assignment", "create", "{}", "--purpose", "follow-up"),
    ("assignment", "create", "asg-9f2c7b1", "--purpose", "follow-up", "--device", "{}"),
    ("assignment", "create", "asg-9f2c7b1", "--purpose", "follow-up", "--start", "{}"),
    ("assignment", "transfer", "--to", "{}"),
    ("assignment", "pause", "--until", "{}"),
    ("assignment", "extend", "--until", "{}"),
    ("assignment", "history", "{}"),
    ("assignment", "end", "--at", "{}"),
    ("equipment", "check", "{}"),
    ("equipment", "give", "{}"),
    ("equipment", "take", "vekt", "--reason", "{}"),
    ("equipment", "replace", "{}", "vekt", "--reason", "x"),
    ("device", "replace", "mansjett", "{}", "--reason", "x"),
    ("held", "list", "--device", "{}"),
    ("held", "release", "--because", "{}", "--reason", "x"),
    ("held", "delete", "{}", "--reason", "x"),
    ("outbox", "list", "--kind", "{}"),
    ("outbox", "retry", "--because", "{}"),
    ("deviation", "close", "1", "--action", "{}"),
    ("wipe", "--force", "--reason", "{}"),
    ("visit", "--act-id", "{}"),
    ("privacy", "export", "--assignment", "{}"),
)


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG.format(store=tmp_path / "store"), encoding="utf-8")
    return str(path)


def held(config: str) -> dict[str, str]:
    """Two readings that are held back, and one that a broker refused; gives the ids of those held back."""
    store = Store(Path(config).parent / "store")
    store.keep([draft("first", "uncertain"), draft("second", "foreign"), draft("third")])
    seq, reason = store.outbox.last_seq, "mqtt-not-authorised"
    store.outbox.set_aside(seq, reason, render_void("hub-0042", store.epoch, seq, seq, reason))
    ids = sorted((row.status, row.id) for row in store.holding.rows())
    store.close()
    return {"second": ids[0][1], "first": ids[1][1]}


def test_the_whole_life_of_a_kit_in_json_and_each_decision_is_in_the_audit(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ids, expected = held(config), []
    for line, record in LIFE:
        code = cli.main([*line.format(**ids).split(), "--config", config, "--json"])
        found = json.loads(capsys.readouterr().out)
        assert (code, isinstance(found, dict)) == (cli.OK, True), (line, found)
        expected += [record] if record else []
    cli.main(["audit", "list", "--config", config, "--json"])
    records = json.loads(capsys.readouterr().out)["records"]
    decided = [one for one in records if one["what"] in ACTS]
    assert [one["what"] for one in decided] == expected
    assert {one["role"] for one in decided} == {"coordinator", "installer", "nurse", "auditor"}


@pytest.mark.parametrize("lang", ["en", "nb"])
def test_the_whole_life_of_a_kit_in_words(config: str, capsys: pytest.CaptureFixture[str], lang: str) -> None:
    """No sentence is missing, and every one is filled in."""
    ids = held(config)
    for line, _record in LIFE:
        code = cli.main([*line.format(**ids).split(), "--config", config, "--lang", lang])
        out, err = capsys.readouterr()
        assert (code, err) == (cli.OK, ""), line
        assert out.strip(), line
        assert "{" not in out or line.startswith(("wipe show", "privacy export")), line


def test_every_act_that_changes_something_is_part_of_that_life() -> None:
    assert {name for name, act in ACTS.items() if act.writes} <= {record for _line, record in LIFE}


@pytest.mark.parametrize(
    "name", ["assignment", "equipment", "held", "visit", "audit", "deviation", "outbox", "privacy", "wipe"]
)
def test_each_command_shows_how_it_is_used(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([name, "--help"])
    said = capsys.readouterr().out
    assert caught.value.code == 0
    assert f"dho-gateway {name}" in import_module(f"gateway.cli.{name}").EXAMPLES
    assert "examples:" in said


@pytest.mark.parametrize("person", PERSONS)
def test_what_points_to_a_person_is_refused_wherever_somebody_writes_it_and_said_to_nobody(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], person: str
) -> None:
    """It is neither written down nor said again, in no language."""
    cli.main(["assignment", "create", "asg-1d88e02", "--purpose", "follow-up", "--config", config])
    for place in PLACES:
        for how in (["--json"], ["--lang", "nb"], ["--lang", "en"]):
            words = [word.format(person) for word in place]
            assert cli.main([*words, "--config", config, *how]) not in (cli.OK, cli.NO), place
            assert person not in "".join(capsys.readouterr()), place
    written: Any = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    assert person.encode() not in written
