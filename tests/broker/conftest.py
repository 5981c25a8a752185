"""Brokers for tests: `broker` is one plain mosquitto, `make_broker` starts others; all are ended with the test."""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.broker.authority import Authority
from tests.broker.mosquitto import Broker


@pytest.fixture
def make_broker(tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    """Starts brokers with the arguments of `Broker` (without the directory)."""
    made: list[Broker] = []

    def make(**options: Any) -> Broker:
        broker = Broker(tmp_path / f"broker{len(made)}", **options)
        made.append(broker)
        return broker.start()

    yield make
    for broker in made:
        broker.close()


@pytest.fixture
def broker(make_broker: Callable[..., Broker]) -> Broker:
    """A plain mosquitto on loopback."""
    return make_broker()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that the tests trust."""
    return Authority(tmp_path_factory.mktemp("ca"), "own")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """Every connection's threads and sockets end with it; what is not closed is found here, in the test it is of."""
    yield
    deadline = time.monotonic() + 5
    while left := [t.name for t in threading.enumerate() if t.name.startswith(("uplink", "paho"))]:
        assert time.monotonic() < deadline, left
        time.sleep(0.01)
    gc.collect()
