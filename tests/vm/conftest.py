"""One guest for all tests: built, booted, and the daemon installed in it as the page for operators says.

These tests are asked for by `scripts/test-vm`, which names a Debian release and a wheel; without, none is collected.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.devices import Devices
from tests.vm.guest import Guest, acceleration
from tests.vm.home import Home
from tests.vm.hub import Hub, payload
from tests.vm.image import SUITES, image
from tests.vm.report import Report

ASKED = os.environ.get("DHO_VM_SUITE")
collect_ignore_glob = [] if ASKED else ["test_*"]


_OUTCOMES: Counter[str] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Counts, for the page of what was measured."""
    if report.when == "call" or report.outcome != "passed":
        _OUTCOMES[report.outcome] += 1


@pytest.fixture(scope="session")
def report() -> Iterator[Report]:
    """What was measured."""
    made = Report({"debian": ASKED or ""})
    yield made
    _write(made)


@pytest.fixture(autouse=True)
def _written(report: Report) -> Iterator[None]:
    """Also a run that is cut off leaves what it has measured."""
    yield
    _write(report)


def _write(report: Report) -> None:
    """Where `scripts/test-vm` wants it."""
    report.facts["tests"] = ", ".join(f"{count} {outcome}" for outcome, count in _OUTCOMES.items())
    if "DHO_VM_REPORT" in os.environ:
        report.write(Path(os.environ["DHO_VM_REPORT"]))


@pytest.fixture(scope="session")
def devices() -> Devices:
    """The virtual devices of the home."""
    return Devices()


@pytest.fixture(scope="session")
def home(devices: Devices) -> Iterator[Home]:
    """Everybody's radio."""
    made = Home(devices.all).open()
    yield made
    made.close()


@pytest.fixture(scope="session")
def hub(home: Home, devices: Devices, report: Report) -> Iterator[Hub]:
    """The guest with the daemon installed and configured, not yet started."""
    assert ASKED is not None
    # Sockets have short names only.
    directory = Path(tempfile.mkdtemp(prefix="dho-vm-"))
    try:
        found = image(SUITES[ASKED])
        disk = payload(Path(os.environ["DHO_GATEWAY_WHEEL"]), directory)
        guest = Guest(found, directory, disk, acceleration(found, directory))
        made = Hub(guest, home)
        try:
            report.facts["boot_s"] = round(made.power_on())
            made.ensure_adapter()
            made.install()
            made.configure(devices.listed)
            report.facts |= made.versions()
            yield made
        finally:
            guest.cut()
            report.facts["hci_commands_missing"] = ", ".join(sorted(home.unsupported)) or "none"
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def bonded(hub: Hub, home: Home, devices: Devices) -> Hub:
    """The cuff is paired, once; the daemon runs and its radio is ready."""
    hub.pair("mansjett", lambda: home.do(devices.cuff_measures))
    return hub


@pytest.fixture
def running(bonded: Hub) -> Hub:
    """The daemon runs, its radio is ready, and every device has slept."""
    bonded.ensure_running()
    return bonded
