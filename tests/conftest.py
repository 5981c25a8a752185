"""What holds for every test: no network but loopback, no time of its own for hypothesis, no skip that goes unseen."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import loopback

# Debian keeps mosquitto where only root's PATH looks.
os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])

_TOOLS = {"broker": "mosquitto", "bus": "dbus-daemon"}

settings.register_profile("fast", max_examples=10, deadline=None)
settings.register_profile("default", max_examples=100, deadline=None)
settings.register_profile(
    "ci", max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

loopback.install()


@pytest.fixture(autouse=True)
def _only_loopback() -> Iterator[None]:
    """Fails the test that reached out, even where the code under test swallowed the refusal."""
    loopback.refused.clear()
    yield
    assert not loopback.refused, f"reached beyond loopback: {loopback.refused}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that needs a tool of the system is skipped where the tool is missing."""
    for marker, tool in _TOOLS.items():
        if shutil.which(tool) is None:
            for item in items:
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=f"{tool} is not installed"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says loudly what did not run, and why."""
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in skipped)
    terminalreporter.section(f"{len(skipped)} TESTS DID NOT RUN", sep="!", red=True, bold=True)
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count:5d}  {reason}")
