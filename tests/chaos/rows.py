"""Hubs that live through the faults under which gateways lose readings.

The daemon runs as it is shipped. Lengths of outages are jittered, since retries lock onto round numbers. What counts is
what the daemon had logged as stored; where it was never killed, everything that was written to the serial line. Every
row ends with `score`: nothing is judged before a new line has come out at the far end.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.chaos.home import World, doubled, score, within
from tests.chaos.way import Narrow
from tests.daemon.hub import until

_dice = random.Random()  # noqa: S311  # dice, not secrets
# A machine that is busy with other rows may take its time.
_SOON_S = 120.0


def outage(seconds: float = 4.0) -> None:
    """As long, and a little more."""
    time.sleep(seconds + 2 * _dice.random())


def online(world: World) -> None:
    """The daemon is started, hears the scale and has a broker."""
    before = {event: len(world.hub.named(event)) for event in ("device.opened", "uplink.connected")}
    world.hub.start()
    until(lambda: all(len(world.hub.named(event)) > count for event, count in before.items()), _SOON_S, "online")


def offline_start(world: World) -> None:
    """The daemon is started and hears the scale."""
    world.hub.start()
    world.hub.wait_for("device.opened", within=_SOON_S)


def weigh(world: World, rate: float, seconds: float) -> None:
    """So many lines a second, for so long."""
    world.scale.begin(rate)
    time.sleep(seconds)
    world.scale.end()


@contextmanager
def weighing(world: World, rate: float, before_s: float = 1.0) -> Iterator[None]:
    """Online, and so many lines a second from some time before until a second after what happens meanwhile."""
    online(world)
    world.scale.begin(rate)
    time.sleep(before_s)
    yield
    time.sleep(1)
    world.scale.end()


def all_stored(world: World) -> None:
    """Returns when every line that was fed is on the disk."""
    until(lambda: len(world.hub.stored) >= len(world.scale.fed), _SOON_S, "everything on the disk")


def broker_stopped_and_started(world: World, rate: float) -> list[str]:
    """Readings go on while the broker is away."""
    with weighing(world, rate):
        world.broker.stop()
        outage(15)
        world.broker.start()
    faults = score(world, all_fed=True)
    twice = doubled(world.witness.arrivals)
    return [*faults, *([f"{twice} doubled"] if twice > 20 else [])]


def offline_then_kill_9_then_online(world: World, pause: float) -> list[str]:
    """A hundred readings without a broker, then the power goes."""
    online(world)
    world.broker.stop()
    world.hub.wait_for("uplink.lost", within=_SOON_S)
    weigh(world, 10, 10)
    if pause:
        time.sleep(pause)
        all_stored(world)
    world.hub.kill()
    time.sleep(_dice.random())
    world.hub.start()
    world.broker.start()
    return score(world, all_fed=pause > 0)


def started_while_the_broker_is_away(world: World) -> list[str]:
    """Storing needs no broker, not even a first one: a hundred readings, the power goes, the broker comes."""
    world.broker.stop()
    offline_start(world)
    weigh(world, 10, 10)
    all_stored(world)
    world.hub.kill()
    world.hub.start()
    outage(1)
    world.broker.start()
    return score(world, all_fed=True)


def silent_path_then_kill_9(world: World) -> list[str]:
    """Nobody answers and nobody hangs up; readings go on; the power goes."""
    online(world)
    world.scale.begin(10)
    time.sleep(1)
    world.way.silence()
    outage(15)
    world.scale.end()
    all_stored(world)
    world.hub.kill()
    world.way.cut()
    world.way.mend()
    world.hub.start()
    return score(world, all_fed=True)


def silent_path_then_cut(world: World, seconds: float) -> list[str]:
    """Shorter than the hub's own deadline, and longer; the daemon lives through it."""
    online(world)
    world.scale.begin(10)
    time.sleep(1)
    world.way.silence()
    outage(seconds)
    world.way.cut()
    world.way.mend()
    world.scale.end()
    return score(world, all_fed=True)


def silent_path_that_comes_back(world: World) -> list[str]:
    """What was held arrives late, and nothing is sent in the wrong order."""
    with weighing(world, 20, before_s=0):
        world.way.silence()
        outage(3)
        world.way.mend()
    return score(world, all_fed=True)


def answers_are_lost(world: World) -> list[str]:
    """The broker takes everything. At least once must double here; by id there is one of each."""
    online(world)
    world.way.deafen()
    weigh(world, 10, 8 + _dice.random())
    world.way.cut()
    world.way.mend()
    return score(world, all_fed=True)


def broker_comes_back_empty(world: World, how: str) -> list[str]:
    """A new machine, without its sessions: what it had and lost is asked for by the receiver, and is still here."""
    world.witness.become("withholding")
    with weighing(world, 50, before_s=1 + _dice.random()):
        getattr(world.broker, how)()
        (world.broker.directory / "mosquitto.db").unlink(missing_ok=True)
        outage(1)
        world.broker.start()
    return score(world, all_fed=True)


def broker_frozen_in_mid_answer(world: World) -> list[str]:
    """It stops in the middle of answering, and goes on later."""
    with weighing(world, 100, before_s=0.5 + _dice.random()):
        world.broker.freeze()
        outage(3)
        world.broker.thaw()
    return score(world, all_fed=True)


def medium_that_fails(world: World) -> list[str]:
    """Every write fails for a while: readings are held in memory and written when it works again."""
    with weighing(world, 50, before_s=0.5):
        _soft, hard = resource.prlimit(world.hub.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(world.hub.pid, resource.RLIMIT_FSIZE, (0, hard))
        world.hub.wait_for("store.refused", within=_SOON_S)
        outage(2)
        resource.prlimit(world.hub.pid, resource.RLIMIT_FSIZE, (hard, hard))
    return score(world, all_fed=True)


@contextmanager
def _mounted(store: Path, *words: str) -> Iterator[None]:
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    store.mkdir(mode=0o700, exist_ok=True)
    subprocess.run(["mount", *words, str(store)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(store)], check=True)


def disk_full_while_the_broker_is_away(world: World) -> list[str]:
    """Nothing that was read is lost: what does not fit waits in memory until there is room."""
    store = world.directory / "store"
    with _mounted(store, "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs"):
        online(world)
        world.broker.stop()
        world.scale.begin(200)
        world.hub.wait_for("store.refused", within=2 * _SOON_S)
        outage(2)
        world.scale.end()
        assert world.hub.running
        subprocess.run(["mount", "-o", "remount,size=64m", str(store)], check=True)
        world.hub.wait_for("store.accepted", within=_SOON_S)
        world.broker.start()
        return score(world, all_fed=True)


def card_turns_read_only(world: World) -> list[str]:
    """The kernel gives the card up; the hub says so and stays up; after a restart with a mended card all is there.

    The store's directory is an ext4 of its own, which turns read-only at the first error, as on the hub's card.
    """
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("mkfs.ext4 is not installed")
    store, image = world.directory / "store", world.directory / "card.img"
    image.write_bytes(b"")
    os.truncate(image, 16 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    loop = ("-o", "loop,errors=remount-ro", str(image))
    with _mounted(store, *loop):
        store.chmod(0o700)
        online(world)
        weigh(world, 20, 1)
        all_stored(world)
        device = next(line.split()[0] for line in Path("/proc/mounts").read_text().splitlines() if f" {store} " in line)
        Path("/sys/fs/ext4", Path(device).name, "trigger_fs_error").write_text("1")
        world.scale.begin(20)
        world.hub.wait_for("store.refused", within=_SOON_S)
        outage(1)
        world.scale.end()
        assert world.hub.running
        # They were in memory when the power went, and nobody had called them stored.
        world.excused |= set(world.scale.fed) - world.witness.values()
        world.hub.kill()
        subprocess.run(["umount", "-l", str(store)], check=True)
        subprocess.run(["mount", *loop, str(store)], check=True)
        online(world)
        return score(world, all_fed=True)


def daemon_stopped_for_a_while(world: World, seconds: float) -> list[str]:
    """The whole daemon stands still, the broker lets it go, and no time is told that is not true."""
    with weighing(world, 5):
        world.hub.signal(signal.SIGSTOP)
        outage(seconds)
        world.hub.signal(signal.SIGCONT)
    return score(world, all_fed=True)


def narrow_and_lossy_path(world: World) -> list[str]:
    """300 ms, a tenth lost, 20 kbit/s: a backlog of sixty gets through."""
    world.broker.stop()
    offline_start(world)
    weigh(world, 30, 2)
    all_stored(world)
    world.way.narrow(Narrow())
    world.broker.start()
    through = within(120, lambda: len(world.witness.ids()) >= len(world.scale.fed))
    world.way.mend()
    return [*([] if through else ["it did not get through"]), *score(world, all_fed=True)]


def a_thousand_a_second(world: World) -> list[str]:
    """No fault, but a burst: none lost, none merged, none twice."""
    online(world)
    weigh(world, 1000, 3)
    faults = score(world, all_fed=True)
    twice = doubled(world.witness.arrivals)
    return [*faults, *([f"{twice} doubled"] if twice else [])]


Row = Callable[[World], list[str]]

# The longest first: the others are played meanwhile.
ROWS: Mapping[str, Row] = {
    "daemon stopped for a minute": partial(daemon_stopped_for_a_while, seconds=60),
    "silent path for 25 s, then cut": partial(silent_path_then_cut, seconds=25),
    "disk full while the broker is away, 200/s": disk_full_while_the_broker_is_away,
    "broker stopped for 15 s, 100/s": partial(broker_stopped_and_started, rate=100),
    "broker stopped for 15 s, 10/s": partial(broker_stopped_and_started, rate=10),
    "silent path for 15 s, then kill -9": silent_path_then_kill_9,
    "silent path for 15 s, then cut": partial(silent_path_then_cut, seconds=15),
    "silent path for 6 s, then cut": partial(silent_path_then_cut, seconds=6),
    "silent path that comes back": silent_path_that_comes_back,
    "offline, 2 s pause, kill -9, online": partial(offline_then_kill_9_then_online, pause=2.0),
    "offline, no pause, kill -9, online": partial(offline_then_kill_9_then_online, pause=0.0),
    "started while the broker is away, kill -9": started_while_the_broker_is_away,
    "all is taken, the answers are lost, then cut": answers_are_lost,
    "narrow and lossy path": narrow_and_lossy_path,
    "broker stopped, comes back empty": partial(broker_comes_back_empty, how="stop"),
    "broker killed, comes back empty": partial(broker_comes_back_empty, how="kill"),
    "broker frozen in mid-answer": broker_frozen_in_mid_answer,
    "medium that fails": medium_that_fails,
    "card turns read-only": card_turns_read_only,
    "daemon stopped for 5 s": partial(daemon_stopped_for_a_while, seconds=5),
    "no fault, 1000/s": a_thousand_a_second,
}
