"""A configuration that is refused: every fault at once, each with its path, and exit code 78."""

from pathlib import Path

import pytest

from tests.daemon.hub import Hub, until

BAD = """
[hub]
id = "hub-0042"
tenant = "skien"
colour = "blue"

[store]
path = "{directory}/store"

[mqtt]
host = "192.0.2.1"
port = 8883
insecure_plaintext = true

[[device]]
name = "vekt"
driver = "and-scale"
transport = "serial"

[[device]]
name = "vekt"
driver = "blood-pressure"
transport = "ble"
address = "AA:BB:CC:DD:EE:FF"
"""


@pytest.fixture
def faults(tmp_path: Path) -> dict[str, str]:
    """Path to reason, as the daemon logs them before it ends with 78."""
    config = tmp_path / "bad.toml"
    config.write_text(BAD.format(directory=tmp_path), encoding="utf-8")
    hub = _Refused(tmp_path, 1)
    hub.start()
    until(lambda: not hub.running)
    assert hub.end(0) == 78
    return {e["path"]: e["reason"] for e in hub.named("configuration.refused")}


class _Refused(Hub):
    @property
    def config(self) -> Path:
        return self.directory / "bad.toml"


def test_every_fault_is_named_with_its_path(faults: dict[str, str]) -> None:
    """Unknown key, missing port, two devices with one name, plain text to another machine: all in one go."""
    assert faults == {
        "hub.colour": "config-unknown-key",
        "device[0].port": "config-missing",
        "device[1].name": "config-repeated",
        "mqtt.insecure_plaintext": "config-plaintext-not-loopback",
    }
