"""What is shipped: a wheel with exactly our two packages, their data and one command, and no rival for our names."""

import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import gateway

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DIST = f"dho_gateway-{gateway.__version__}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel under test: the one DHO_GATEWAY_WHEEL names, or one built from the checkout (needs no network)."""
    given = os.environ.get("DHO_GATEWAY_WHEEL")
    with zipfile.ZipFile(given if given else _build(tmp_path_factory.mktemp("wheel"))) as archive:
        yield archive


def _build(target: Path) -> Path:
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check", "--wheel-dir"]
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", *options, str(target), str(ROOT)]
    subprocess.run(command, check=True, timeout=50)
    return next(target.glob("*.whl"))


def test_the_wheel_holds_our_two_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    assert {name.partition("/")[0] for name in wheel.namelist()} == {
        "gateway",
        "drivers",
        f"{DIST}.dist-info",
        f"{DIST}.data",
    }


def test_every_module_of_the_checkout_and_every_migration_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    import gateway

    here = Path(str(gateway.__file__)).parent.parent
    expected = {
        str(path.relative_to(here))
        for package in ("gateway", "drivers")
        for suffix in ("*.py", "*.sql")
        for path in (here / package).rglob(suffix)
    }
    assert any(name.endswith(".sql") for name in expected)
    assert {n for n in wheel.namelist() if n.startswith(("gateway/", "drivers/")) and n.endswith((".py", ".sql"))} == (
        expected
    )


def test_configuration_and_unit_files_travel_as_data(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    share = f"{DIST}.data/data/share/dho-gateway"
    for folder in ("config", "systemd"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file():
                assert f"{share}/{folder}/{path.relative_to(ROOT / folder)}" in names
    assert not [name for name in names if name.startswith(share) and name.endswith(".py")]


def test_one_command_and_the_licence_are_installed(wheel: zipfile.ZipFile) -> None:
    entry_points = wheel.read(f"{DIST}.dist-info/entry_points.txt").decode()
    assert entry_points.split() == ["[console_scripts]", "dho-gateway", "=", "gateway.cli:main"]
    assert f"{DIST}.dist-info/licenses/LICENSE" in wheel.namelist()
    assert "License-Expression: Apache-2.0" in wheel.read(f"{DIST}.dist-info/METADATA").decode()


@pytest.mark.parametrize("name", ["gateway", "drivers"])
def test_no_other_installed_distribution_ships_a_package_of_our_name(name: str) -> None:
    assert set(packages_distributions().get(name, ["dho-gateway"])) == {"dho-gateway"}


def test_every_runtime_dependency_has_a_range(wheel: zipfile.ZipFile) -> None:
    metadata = wheel.read(f"{DIST}.dist-info/METADATA").decode().splitlines()
    needed = [line for line in metadata if line.startswith("Requires-Dist: ")]
    assert needed
    assert [line for line in needed if ">=" not in line] == []
