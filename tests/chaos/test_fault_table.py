"""The faults under which gateways lose readings, each as a row: nothing lost, nothing doubled by id, in order.

The rows are played a few at a time; what is measured in seconds is measured after them.
"""

import random
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.home import World, home, recovered, score, within
from tests.chaos.rows import ROWS, all_stored, online, outage, weigh
from tests.chaos.together import Together, together
from tests.daemon.hub import until

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(600)]


def _play(row: str) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="dho-row-") as directory, home(Path(directory)) as world:
        return ROWS[row](world)


@pytest.fixture(scope="module")
def faults(request: pytest.FixtureRequest) -> Iterator[Together]:
    with together(request, "row", _play) as playing:
        yield playing


@pytest.mark.parametrize("row", ROWS)
def test_nothing_is_lost_under(row: str, faults: Together) -> None:
    assert faults(row) == []


@pytest.fixture
def world(tmp_path: Path, faults: Together) -> Iterator[World]:
    """A world for itself."""
    faults.wait_until_done()
    with home(tmp_path) as made:
        yield made


@pytest.mark.parametrize("rate", [10, 100])
def test_kill_9_while_online(world: World, rate: float) -> None:
    """Only the line in hand is not yet stored: what was on the port a tenth of a second before the kill is there, on a
    busy machine at the best of three kills. No line is lost before one that is there."""
    online(world)
    assert min([_lost_s(world, rate) for _life in range(3)]) <= 0.1
    assert score(world, all_fed=True) == []


def _lost_s(world: World, rate: float) -> float:
    """How many seconds before a kill the oldest line came that is lost by it; what is lost is excused."""
    world.scale.begin(rate)
    time.sleep(1 + random.random())  # noqa: S311  # dice, not secrets
    killed_at = time.time()
    world.hub.kill()
    world.scale.end()
    fed = world.scale.fed.copy()
    online(world)
    assert recovered(world)
    assert within(40, lambda: not world.witness.gaps())
    here = world.witness.values()
    lost = fed.keys() - here - world.excused
    since = min((fed[value] for value in lost), default=killed_at)
    assert [value for value in fed.keys() & here if fed[value] > since] == []
    world.excused |= lost
    return killed_at - since


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_at_100_a_second(world: World, number: int) -> None:
    """A stop is orderly: with 0, what was read is stored and comes, and it takes two seconds, on a busy machine the
    quickest of three."""
    took = [_stopped(world, number)]
    while took[-1] > 2 and len(took) < 3:
        took.append(_stopped(world, number))
    assert took[-1] <= 2, took
    online(world)
    assert score(world, all_fed=False) == []


def _stopped(world: World, number: int) -> float:
    online(world)
    world.scale.begin(100)
    time.sleep(1 + random.random())  # noqa: S311  # dice, not secrets
    began = time.monotonic()
    assert world.hub.end(number, 60) == 0
    took = time.monotonic() - began
    world.scale.end()
    return took


def test_serial_port_unplugged_and_plugged_in(world: World) -> None:
    """Noticed within three seconds of its return, and what is weighed from then on is stored."""
    online(world)
    weigh(world, 2, 2)
    all_stored(world)
    world.scale.pull()
    outage(2)
    opened = len(world.hub.named("device.opened"))
    world.scale.plug_in()
    until(lambda: len(world.hub.named("device.opened")) > opened, 3, "the port found again")
    weigh(world, 2, 2)
    assert score(world, all_fed=True) == []


def test_nothing_is_scored_before_proof_of_recovery(world: World) -> None:
    """A hub that stays cut off is not judged by what has come so far: it is said that it did not recover."""
    online(world)
    weigh(world, 10, 1)
    world.way.cut()
    assert score(world, all_fed=True, recovery_s=3)[0] == "it did not recover: no new reading came out"
