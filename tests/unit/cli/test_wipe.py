"""`wipe`: what it does without a daemon, what it says, and that a certificate is checked without a hub."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway import cli
from gateway.store import Store
from tests.configs import CUFF, HUB, SCALE
from tests.readings import draft

CONFIG = HUB + CUFF + SCALE


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG.format(store=tmp_path / "store"), encoding="utf-8")
    store = Store(tmp_path / "store")
    store.keep([draft("one"), draft("two")])
    store.close()
    return str(path)


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = cli.main([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_it_refuses_until_it_may_and_then_proves_what_it_did(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = asked(capsys, "wipe", "--config", config)
    assert (code, found["error"], found["detail"]) == (cli.DATA, "wipe-unconfirmed", "2")
    code, found = asked(capsys, "wipe", "--config", config, "--force")
    assert (code, found["error"]) == (cli.DATA, "wipe-reason")
    forced = ("wipe", "--config", config, "--force", "--reason", "backend is gone", "--bonds", "remove")
    code, found = asked(capsys, *forced)
    assert (code, found["number"], found["unpair"]) == (cli.OK, 1, ["mansjett"])
    certificate = tmp_path / "certificate.json"
    assert cli.main(["wipe", "show", "--config", config]) == cli.OK
    certificate.write_text(capsys.readouterr().out, encoding="utf-8")
    assert json.loads(certificate.read_text(encoding="utf-8")) == found["certificate"]
    code, verdict = asked(capsys, "wipe", "verify", str(certificate))
    assert (code, verdict["verdict"], verdict["hub"]) == (cli.OK, "wipe-genuine", "hub-0042")
    assert asked(capsys, "wipe", "verify", str(certificate), "--key", verdict["key"])[0] == cli.OK
    code, other = asked(capsys, "wipe", "verify", str(certificate), "--key", "0" * 32)
    assert (code, other["verdict"]) == (cli.NO, "wipe-other-key")
    certificate.write_text(certificate.read_text(encoding="utf-8").replace("hub-0042", "hub-0043"), encoding="utf-8")
    code, other = asked(capsys, "wipe", "verify", str(certificate))
    assert (code, other["verdict"]) == (cli.NO, "wipe-not-signed")
    whats = [r["what"] for r in asked(capsys, "audit", "list", "--config", config)[1]["records"]]
    assert whats == ["deviation.open", "wipe"]


def test_in_words_it_says_what_is_gone_and_what_is_left_to_do(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["wipe", "--config", config, "--force", "--reason", "moved", "--bonds", "remove", "--lang", "nb"]
    assert cli.main(words) == cli.OK
    said = capsys.readouterr().out.splitlines()
    assert "2 måling(er)" in said[0]
    assert "2 ubekreftet(e)" in said[0]
    assert said[1].startswith("Fortsatt tilkoblet: mansjett.")
    assert cli.main(["wipe", "--config", config]) == cli.OK
    said = capsys.readouterr().out.splitlines()
    assert (len(said), "given up" in said[0]) == (1, False)


@pytest.mark.parametrize(
    ("words", "code"),
    [(["wipe"], cli.USAGE), (["wipe", "verify"], cli.USAGE), (["wipe", "show"], cli.USAGE)],
)
def test_what_is_missing_is_said(words: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == code
    assert "--config" in capsys.readouterr().out


def test_a_file_that_is_no_certificate_and_a_hub_without_one_are_said(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (config, f"{config}.gone"):
        code, found = asked(capsys, "wipe", "verify", path)
        assert (code, found["verdict"]) == (cli.NO, "wipe-no-certificate")
    assert asked(capsys, "wipe", "show", "--config", config) == (cli.NO, {"ok": False, "error": "wipe-none"})
    assert cli.main(["wipe", "show", "--config", config]) == cli.NO
    assert "never wiped" in capsys.readouterr().out


def test_a_reason_that_names_a_person_is_refused(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = asked(capsys, "wipe", "--config", config, "--force", "--reason", "Kari Nordmann er flyttet")
    assert (code, found["error"]) == (cli.DATA, "personal-person-name")
