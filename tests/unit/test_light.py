"""The daemon stays small: what only commands and first starts need is not loaded."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway import cli
from gateway.cli.checked import Check

ROOT = Path(__file__).parent.parent.parent
# Each costs the daemon a megabyte or more.
HEAVY = (
    "pydantic",
    "sqlite_utils",
    "importlib.metadata",
    "importlib.resources",
    "serial.tools",
    "gateway.store.salvage",
    "gateway.checking",
    "gateway.simulator",
    "drivers.ble.omron_hem",
)


def test_the_daemon_does_without_what_is_heavy() -> None:
    code = f"import sys, gateway.cli.run, gateway.cli.serving; print([m for m in {HEAVY!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_a_check_that_fails_is_no_refusal_so_that_the_service_manager_tries_again(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert Check("gateway.toml").found() is None
    assert cli.main(["run", "--config", "gateway.toml"]) == cli.UNAVAILABLE
    assert "configuration.unchecked" in capfd.readouterr().err
