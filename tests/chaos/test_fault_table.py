"""The faults under which gateways lose readings, each as a row: nothing lost, nothing doubled by id, in order.

The daemon runs as it is shipped. Every row is scored after proof of recovery: a new line has to come out at the far
end first. Lengths of outages are jittered, since retries lock onto round numbers. What counts is what the daemon had
logged as stored; where it was never killed, everything that was written to the serial line.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.home import World, doubled, home, score, within
from tests.daemon.hub import until

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(180)]

_dice = random.Random()  # noqa: S311  # dice, not secrets
_needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")


def _outage(seconds: float = 4.0) -> None:
    time.sleep(seconds + 2 * _dice.random())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with home(tmp_path) as made:
        yield made


def _online(world: World) -> None:
    before = {event: len(world.hub.named(event)) for event in ("device.opened", "uplink.connected")}
    world.hub.start()
    until(lambda: all(len(world.hub.named(event)) > count for event, count in before.items()))


def _offline_start(world: World) -> None:
    world.hub.start()
    world.hub.wait_for("device.opened")


def _weigh(world: World, rate: float, seconds: float) -> None:
    world.scale.begin(rate)
    time.sleep(seconds)
    world.scale.end()


def _all_stored(world: World) -> None:
    until(lambda: len(world.hub.stored) >= len(world.scale.fed), 30, "everything on the disk")


@pytest.mark.parametrize("rate", [10, 100])
def test_broker_stopped_and_started(world: World, rate: float) -> None:
    """Readings go on while the broker is away."""
    _online(world)
    world.scale.begin(rate)
    time.sleep(1)
    world.broker.stop()
    _outage()
    world.broker.start()
    time.sleep(1)
    world.scale.end()
    assert score(world, all_fed=True) == []
    assert doubled(world.witness.arrivals) <= 20


@pytest.mark.parametrize("rate", [10, 100])
def test_kill_9_while_online(world: World, rate: float) -> None:
    """Only the line in hand is not yet stored: what was on the port a tenth of a second before the kill is there."""
    for _life in range(3):
        _online(world)
        world.scale.begin(rate)
        time.sleep(1 + _dice.random())
        killed_at = time.time()
        world.hub.kill()
        world.scale.end()
        world.excused |= {value for value, fed in world.scale.fed.items() if fed >= killed_at - 0.1}
    _online(world)
    assert score(world, all_fed=True) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_at_100_a_second(world: World, number: int) -> None:
    """A stop is orderly: under two seconds, with 0, and what was read is stored and comes."""
    _online(world)
    world.scale.begin(100)
    time.sleep(1 + _dice.random())
    began = time.monotonic()
    assert world.hub.end(number) == 0
    assert time.monotonic() - began <= 2
    world.scale.end()
    _online(world)
    assert score(world, all_fed=False) == []


@pytest.mark.parametrize("pause", [0.0, 2.0])
def test_offline_then_kill_9_then_online(world: World, pause: float) -> None:
    """A hundred readings without a broker, then the power goes."""
    _online(world)
    world.broker.stop()
    world.hub.wait_for("uplink.lost")
    _weigh(world, 10, 10)
    time.sleep(pause)
    world.hub.kill()
    time.sleep(_dice.random())
    world.hub.start()
    world.broker.start()
    assert score(world, all_fed=pause > 0) == []


def test_started_while_the_broker_is_away(world: World) -> None:
    """Storing needs no broker, not even a first one: a hundred readings, the power goes, the broker comes."""
    world.broker.stop()
    _offline_start(world)
    _weigh(world, 20, 5)
    _all_stored(world)
    world.hub.kill()
    world.hub.start()
    _outage(1)
    world.broker.start()
    assert score(world, all_fed=True) == []


def test_silent_path_then_kill_9(world: World) -> None:
    """Nobody answers and nobody hangs up; readings go on; the power goes."""
    _online(world)
    world.scale.begin(10)
    time.sleep(1)
    world.way.silence()
    _outage(6)
    world.scale.end()
    _all_stored(world)
    world.hub.kill()
    world.way.cut()
    world.way.mend()
    world.hub.start()
    assert score(world, all_fed=True) == []


@pytest.mark.parametrize("seconds", [6.0, 25.0])
def test_silent_path_then_cut(world: World, seconds: float) -> None:
    """Shorter than the hub's own deadline, and longer; the daemon lives through it."""
    _online(world)
    world.scale.begin(10)
    time.sleep(1)
    world.way.silence()
    _outage(seconds)
    world.way.cut()
    world.way.mend()
    world.scale.end()
    assert score(world, all_fed=True) == []


def test_silent_path_that_comes_back(world: World) -> None:
    """What was held arrives late, and nothing is sent in the wrong order."""
    _online(world)
    world.scale.begin(20)
    world.way.silence()
    _outage(3)
    world.way.mend()
    time.sleep(1)
    world.scale.end()
    assert score(world, all_fed=True) == []


def test_broker_takes_everything_and_its_answers_are_lost(world: World) -> None:
    """At least once must double here; by id there is one of each."""
    _online(world)
    world.way.deafen()
    _weigh(world, 10, 4 + _dice.random())
    world.way.cut()
    world.way.mend()
    assert score(world, all_fed=True) == []


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_broker_comes_back_empty(world: World, how: str) -> None:
    """A new machine, without its sessions: what it had and lost is asked for by the receiver, and is still here."""
    _online(world)
    world.witness.become("withholding")
    world.scale.begin(50)
    time.sleep(1 + _dice.random())
    getattr(world.broker, how)()
    (world.broker.directory / "mosquitto.db").unlink(missing_ok=True)
    _outage(1)
    world.broker.start()
    time.sleep(1)
    world.scale.end()
    assert score(world, all_fed=True) == []


def test_broker_frozen_in_mid_answer(world: World) -> None:
    """It stops in the middle of answering, and goes on later."""
    _online(world)
    world.scale.begin(100)
    time.sleep(0.5 + _dice.random())
    world.broker.freeze()
    _outage(3)
    world.broker.thaw()
    time.sleep(1)
    world.scale.end()
    assert score(world, all_fed=True) == []


def test_serial_port_unplugged_and_plugged_in(world: World) -> None:
    """Noticed within three seconds of its return, and what is weighed from then on is stored."""
    _online(world)
    _weigh(world, 2, 2)
    _all_stored(world)
    world.scale.pull()
    _outage(2)
    opened = len(world.hub.named("device.opened"))
    world.scale.plug_in()
    until(lambda: len(world.hub.named("device.opened")) > opened, 3, "the port found again")
    _weigh(world, 2, 2)
    assert score(world, all_fed=True) == []


def test_medium_that_fails(world: World) -> None:
    """Every write fails for a while: readings are held in memory and written when it works again."""
    _online(world)
    world.scale.begin(50)
    time.sleep(0.5)
    _soft, hard = resource.prlimit(world.hub.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(world.hub.pid, resource.RLIMIT_FSIZE, (0, hard))
    world.hub.wait_for("store.refused")
    _outage(2)
    resource.prlimit(world.hub.pid, resource.RLIMIT_FSIZE, (hard, hard))
    time.sleep(1)
    world.scale.end()
    assert score(world, all_fed=True) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The store's directory is a disk of 1 MB."""
    store = tmp_path / "store"
    store.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(store)], check=True)
    yield store
    subprocess.run(["umount", "-l", str(store)], check=True)


@_needs_root
def test_disk_full_while_the_broker_is_away(small_disk: Path, world: World) -> None:
    """Nothing that was read is lost: what does not fit waits in memory until there is room."""
    _online(world)
    world.broker.stop()
    world.scale.begin(200)
    world.hub.wait_for("store.refused", within=60)
    _outage(2)
    world.scale.end()
    assert world.hub.running
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    world.hub.wait_for("store.accepted")
    world.broker.start()
    assert score(world, all_fed=True) == []


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Path]:
    """The store's directory is an ext4 of its own, which turns read-only at the first error, as on the hub's card."""
    store, image = tmp_path / "store", tmp_path / "card.img"
    store.mkdir()
    image.write_bytes(b"")
    os.truncate(image, 16 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    subprocess.run(["mount", "-o", "loop,errors=remount-ro", str(image), str(store)], check=True)
    store.chmod(0o700)
    yield store
    subprocess.run(["umount", "-l", str(store)], check=True)


@_needs_root
@pytest.mark.skipif(shutil.which("mkfs.ext4") is None, reason="mkfs.ext4 is not installed")
def test_card_turns_read_only(card: Path, world: World) -> None:
    """The kernel gives the card up; the hub says so and stays up; after a restart with a mended card all is there."""
    _online(world)
    _weigh(world, 20, 1)
    _all_stored(world)
    device = next(line.split()[0] for line in Path("/proc/mounts").read_text().splitlines() if f" {card} " in line)
    Path("/sys/fs/ext4", Path(device).name, "trigger_fs_error").write_text("1")
    world.scale.begin(20)
    world.hub.wait_for("store.refused", within=60)
    _outage(1)
    world.scale.end()
    assert world.hub.running
    # They were in memory when the power went, and nobody had called them stored.
    world.excused |= set(world.scale.fed) - world.witness.values()
    world.hub.kill()
    subprocess.run(["umount", "-l", str(card)], check=True)
    subprocess.run(["mount", "-o", "loop,errors=remount-ro", str(card.parent / "card.img"), str(card)], check=True)
    _online(world)
    assert score(world, all_fed=True) == []


def test_daemon_stopped_for_a_while(world: World) -> None:
    """The whole daemon stands still, the broker lets it go, and no time is told that is not true."""
    _online(world)
    world.scale.begin(5)
    time.sleep(1)
    world.hub.signal(signal.SIGSTOP)
    _outage(5)
    world.hub.signal(signal.SIGCONT)
    time.sleep(1)
    world.scale.end()
    assert score(world, all_fed=True) == []


def test_narrow_and_lossy_path(world: World) -> None:
    """300 ms, a tenth lost, 20 kbit/s: a backlog of sixty gets through."""
    from tests.chaos.way import Narrow

    world.broker.stop()
    _offline_start(world)
    _weigh(world, 30, 2)
    _all_stored(world)
    world.way.narrow(Narrow())
    world.broker.start()
    assert within(60, lambda: len(world.witness.ids()) >= 60)
    world.way.mend()
    assert score(world, all_fed=True) == []


def test_no_fault_at_all_at_1000_a_second(world: World) -> None:
    """A burst of readings: none lost, none merged."""
    _online(world)
    _weigh(world, 1000, 3)
    assert score(world, all_fed=True) == []
    assert doubled(world.witness.arrivals) == 0
