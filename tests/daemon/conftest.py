"""A hub, a pty for its scale, and a real mosquitto, all ended with the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broker.conftest import broker, make_broker
from tests.broker.mosquitto import Broker
from tests.daemon.hub import Hub, Listener, Pty

__all__ = ["broker", "make_broker"]


@pytest.fixture
def scale(tmp_path: Path) -> Iterator[Pty]:
    """A plugged-in serial port."""
    port = Pty(tmp_path / "scale").plug_in()
    yield port
    port.unplug()


@pytest.fixture
def hub(tmp_path: Path, broker: Broker, scale: Pty) -> Iterator[Hub]:
    """A hub with the contract's minimum configuration and one scale; not started."""
    made = Hub(tmp_path, broker.port).with_scale(scale.path)
    yield made
    made.close()


@pytest.fixture
def listener(broker: Broker) -> Iterator[Listener]:
    """A stranger who hears everything."""
    made = Listener(broker.port)
    yield made
    made.close()
