"""Whoever is followed may ask what the hub holds of them: that, and nothing of another, is handed out on record."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway import cli
from gateway.keeping import Draft
from gateway.reading import Attribution
from gateway.store import Store
from gateway.store.keys import outer_key
from tests.configs import HUB, SCALE
from tests.readings import draft, reading

ID, EARLIER = "asg-9f2c7b1", "asg-1d88e02"
CONFIG = HUB + SCALE


@pytest.fixture
def config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Somebody was followed before, and somebody is now."""
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG.format(store=tmp_path / "store"), encoding="utf-8")
    for words in (
        ("create", EARLIER, "--purpose", "follow-up"),
        ("end",),
        ("create", ID, "--purpose", "follow-up"),
    ):
        assert cli.main(["assignment", *words, "--config", str(path)]) == cli.OK
    store = Store(tmp_path / "store")
    uncertain = Attribution(status="uncertain", method="none")
    store.keep(
        [
            draft("nobody's"),
            Draft(reading("own").changed(assignment=ID), []),
            Draft(reading("held").changed(assignment=ID, attribution=uncertain), [], reason="household"),
            Draft(reading("refused").changed(assignment=ID), []),
            Draft(reading("earlier").changed(assignment=EARLIER), []),
            draft("foreign", "foreign"),
        ]
    )
    store.outbox.set_aside(3, "mqtt-too-large", '{"schema":"dho.void/1"}')
    store.close()
    capsys.readouterr()
    return str(path)


def handed_out(config: str, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, Any]:
    code = cli.main(["privacy", "export", "--assignment", ID, "--config", config, "--json", *more])
    return code, json.loads(capsys.readouterr().out)


def test_all_that_is_here_of_one_assignment_is_handed_out_and_nothing_of_another(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = handed_out(config, capsys)
    assert (code, found["assignment"]) == (cli.OK, ID)
    assert [(one["id"], one["kept_in"]) for one in found["readings"]] == [
        (reading("own").id, "outbox"),
        (reading("held").id, "held"),
        (reading("refused").id, "aside"),
    ]
    assert {one["values"][0]["value"] for one in found["readings"]} == {"82.40"}
    assert [one["what"] for one in found["history"]] == ["create"]
    assert [(one["type"], one["readings"]) for one in found["deviations"]] == [("unattributed", 1)]


def test_that_it_was_handed_out_is_on_record_and_no_value_is(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    handed_out(config, capsys)
    cli.main(["audit", "list", "--config", config, "--json"])
    record = json.loads(capsys.readouterr().out)["records"][-1]
    assert (record["role"], record["what"], record["assignment"]) == ("auditor", "privacy.export", ID)
    written = b"".join(path.read_bytes() for path in (Path(config).parent / "store").rglob("*") if path.is_file())
    assert b"82.40" not in written


def test_what_is_not_known_or_not_allowed_is_refused(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["privacy", "export", "--assignment", "asg-0000000", "--config", config, "--json"]
    assert cli.main(words) == cli.DATA
    assert json.loads(capsys.readouterr().out)["error"] == "assignment-unknown"
    code, found = handed_out(config, capsys, "--role", "installer")
    assert (code, found["error"]) == (cli.DATA, "act-role")


def test_a_key_that_is_not_to_be_had_opens_nothing(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret of the system", encoding="utf-8")
    secret.chmod(0o600)
    Store(tmp_path / "store", outer=lambda: outer_key(str(secret))).close()
    code, found = handed_out(config, capsys)
    assert (code, found["error"]) == (cli.STORE, "store-key-sealed")
