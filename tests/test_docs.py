"""The documentation says what is there: every command, setting, driver and script; every example works."""

import importlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from gateway import catalogue, cli
from gateway.checking import load
from gateway.registry import known_drivers, shapes
from gateway.settings import BleDevice, SerialDevice, Settings
from gateway.wire import Record

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONFIG_README = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / folder / "README.md" for folder in ("config", "drivers", "systemd"))])
EXAMPLES = sorted((ROOT / "config" / "examples").glob("*.toml"))
SCRIPTS = sorted(path for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix)


def _settings() -> Iterator[str]:
    for table in fields(Settings):
        if isinstance(table.type, type) and issubclass(table.type, Record):
            yield from (f"{table.name}.{key.name}" for key in fields(table.type))
    for device in (SerialDevice, BleDevice):
        yield from (f"device.{key.name}" for key in fields(device))


@pytest.mark.parametrize("command", sorted(cli.COMMANDS))
def test_every_command_is_in_the_readme_and_has_examples_in_its_help(command: str) -> None:
    assert f"`dho-gateway {command}" in README
    assert "examples:" in importlib.import_module(f"gateway.cli.{command}").EXAMPLES


@pytest.mark.parametrize("setting", sorted(set(_settings())))
def test_every_setting_is_explained_to_coordinators(setting: str) -> None:
    assert re.search(rf"`{re.escape(setting)}\b", CONFIG_README)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_a_configuration_that_is_accepted(path: Path) -> None:
    settings = load(tomllib.loads(path.read_text(encoding="utf-8")), shapes(known_drivers()))
    assert settings.device


def test_rendered_files_are_what_the_code_says() -> None:
    check = subprocess.run(
        [sys.executable, ROOT / "scripts" / "render-config", "--check"],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (check.returncode, check.stdout, check.stderr) == (0, "", "")


@pytest.mark.parametrize("key", sorted(catalogue.all_texts()))
def test_every_sentence_is_in_both_languages_and_takes_the_same_parameters(key: str) -> None:
    text = catalogue.all_texts()[key]
    assert text.en.strip()
    assert text.nb.strip()
    assert text.en != text.nb
    assert set(re.findall(r"\{(\w+)\}", text.en)) == set(re.findall(r"\{(\w+)\}", text.nb))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_can_be_run_and_explains_itself(script: Path) -> None:
    assert os.access(script, os.X_OK)
    text = script.read_text(encoding="utf-8")
    python = text.startswith("#!/usr/bin/env python3\n")
    assert python or re.search(r"^set -eu", text, re.MULTILINE)
    help_text = subprocess.run(
        [sys.executable if python else "sh", script, "--help"], capture_output=True, text=True, timeout=50, check=True
    ).stdout
    assert "usage: " in help_text
    assert "exit: " in help_text


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_scripts_and_files_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"\bscripts/[a-z-]+", text):
        assert (ROOT / name).is_file(), name
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / link).exists(), link


def test_what_ci_runs_is_what_the_readme_tells_people_to_run() -> None:
    steps = [line for line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines() if "scripts/" in line]
    assert steps == ["scripts/demo --json", "scripts/test", "scripts/test-vm --quick"]
    for step in steps:
        assert re.search(rf"^(sudo )?{step.removesuffix(' --json')}$", README, re.MULTILINE)


@pytest.mark.parametrize("page", [*PAGES, *EXAMPLES, *SCRIPTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_unfinished_and_no_path_of_somebody_s_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"\b(TODO|FIXME|XXX|TBD)\b", text)
    assert not re.search(r"/(home|Users|root|work)/\w", text)
