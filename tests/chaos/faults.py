"""Everything that can happen to a hub, as strokes with a beginning and an end."""

import random
import resource
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.chaos.driven import POINTS
from tests.chaos.home import OPEN, SHUT, World
from tests.chaos.hub import other_daemon
from tests.chaos.way import Narrow
from tests.chaos.witness import Manner

_IN_USE = 73
_BROUGHT_BY: Mapping[str, Manner] = {"mark": "withholding", "resend": "asking"}

Step = Callable[[World], None]


@dataclass(frozen=True)
class Fault:
    """`from_start`: it begins before the daemon does. `loses_lines`: what is on the serial line meanwhile is nobody's.
    `loses_broker`: what the broker took may be gone, so that its word alone is worth nothing. `manner`: only with this
    receiver does it come to pass, and `takes_s` until it does."""

    begin: Step
    end: Step
    from_start: bool = False
    loses_lines: bool = False
    loses_broker: bool = False
    manner: Manner | None = None
    takes_s: float = 0.0


def nothing(_world: World) -> None:
    """No second half."""


def _kill(world: World) -> None:
    world.down.add("kill")
    world.hub.kill()


def _revive(world: World) -> None:
    world.down.discard("kill")
    world.start_daemon()


def _stop(world: World) -> None:
    world.down.add("kill")
    if world.hub.running:
        problem = world.hub.stop(world.dice.choice((signal.SIGTERM, signal.SIGINT)))
        world.wrong += [problem] if problem else []


def _kill_at(point: str) -> Fault:
    # The broker's word is written down when the receiver's keeps away; what it asks for again is a matter of luck.
    manner = _BROUGHT_BY.get(point.partition(".")[0])

    def begin(world: World) -> None:
        world.hub.orders["kill"] = [point, world.dice.randint(1, 10 if manner is None else 2)]

    takes_s = 0.0 if manner is None else 2.5
    return Fault(begin, _disarm, from_start=True, loses_lines=True, manner=manner, takes_s=takes_s)


def _disarm(world: World) -> None:
    # The point was not passed often enough: this daemon must not die of it later.
    if world.hub.orders.pop("kill", None):
        world.hub.kill()
        world.start_daemon()


def _full(world: World) -> None:
    world.full.touch()


def _room(world: World) -> None:
    world.full.unlink(missing_ok=True)


def _read_only(world: World) -> None:
    world.read_only.touch()


def _writable(world: World) -> None:
    world.read_only.unlink(missing_ok=True)


def _no_writes(world: World) -> None:
    if world.hub.running:
        _limit(world.hub.pid, 0)


def _writes(world: World) -> None:
    if world.hub.running:
        _limit(world.hub.pid, resource.RLIM_INFINITY)


def _limit(pid: int, size: int) -> None:
    # Every write to a file beyond `size` fails, as on a medium that is going: SQLite sees an I/O error.
    _soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


def _stop_broker(world: World) -> None:
    world.broker.stop()


def _start_broker(world: World) -> None:
    world.broker.start()


def _empty_broker(world: World) -> None:
    (world.broker.directory / "mosquitto.db").unlink(missing_ok=True)
    world.broker.start()


def _shut(world: World) -> None:
    world.rights(SHUT)
    world.broker.reload()


def _open(world: World) -> None:
    world.rights(OPEN)
    world.broker.reload()


def _clock(low: float, high: float, state: str) -> Step:
    def begin(world: World) -> None:
        world.clock.set(world.dice.uniform(low, high), state)

    return begin


def _clock_right(world: World) -> None:
    world.clock.set(0.0, "synchronised")


def _cut_and_mend(world: World) -> None:
    world.way.cut()
    world.way.mend()


def _plug_in(world: World) -> None:
    world.scale.plug_in()


def _second_daemon(world: World) -> None:
    if world.hub.running and world.hub.named("daemon.started"):
        code = other_daemon(world.hub, "gateway", {})
        if code != _IN_USE:
            world.wrong.append(f"a second daemon on the store ended with {code}")


_DAY_S = 86_400.0

FAULTS: Mapping[str, Fault] = {
    "kill": Fault(_kill, _revive, loses_lines=True),
    "stop": Fault(_stop, _revive, loses_lines=True),
    "freeze": Fault(lambda w: w.hub.signal(signal.SIGSTOP), lambda w: w.hub.signal(signal.SIGCONT), loses_lines=True),
    "broker-stopped": Fault(_stop_broker, _start_broker),
    "broker-killed": Fault(lambda w: w.broker.kill(), _start_broker, loses_broker=True),
    "broker-emptied": Fault(_stop_broker, _empty_broker, loses_broker=True),
    "broker-frozen": Fault(lambda w: w.broker.freeze(), lambda w: w.broker.thaw()),
    "broker-slow": Fault(lambda w: w.broker.drag(), lambda w: w.broker.thaw()),
    "broker-refusing": Fault(_shut, _open),
    "cut": Fault(lambda w: w.way.cut(), lambda w: w.way.mend()),
    "blink": Fault(lambda w: w.way.blink(), nothing),
    "silent": Fault(lambda w: w.way.silence(), lambda w: w.way.mend()),
    "silent-then-cut": Fault(lambda w: w.way.silence(), _cut_and_mend),
    "deaf": Fault(lambda w: w.way.deafen(), _cut_and_mend),
    "narrow": Fault(lambda w: w.way.narrow(Narrow()), lambda w: w.way.mend()),
    "disk-full": Fault(_full, _room),
    "read-only": Fault(_read_only, _writable),
    "io-error": Fault(_no_writes, _writes),
    "clock-behind": Fault(_clock(-20_000 * _DAY_S, -60, "unsynchronised"), _clock_right),
    "clock-ahead": Fault(_clock(60, 5000 * _DAY_S, "unsynchronised"), _clock_right),
    "clock-unchecked": Fault(_clock(-90, 90, "rtc"), _clock_right),
    "unplugged": Fault(lambda w: w.scale.pull(), _plug_in, loses_lines=True),
    "second-daemon": Fault(_second_daemon, nothing),
    **{f"kill@{point}": _kill_at(point) for point in POINTS},
}


def choose(dice: random.Random, confirm: str, how_many: int) -> list[str]:
    """Different faults for one round; a kill at a point is as likely as all others together."""
    allowed = [n for n, f in FAULTS.items() if confirm == "receiver" or not (f.loses_broker or f.manner)]
    kills = [n for n in allowed if n.startswith("kill@")]
    others = [n for n in allowed if n not in kills]
    chosen: list[str] = []
    while len(chosen) < how_many:
        name = dice.choice(kills if dice.random() < 0.5 else others)
        if not any(_meet(name, other) for other in chosen):
            chosen.append(name)
    return chosen


def _meet(one: str, other: str) -> bool:
    """Whether two faults handle the same thing, so that the end of one would undo the other."""
    return _subject(one) == _subject(other)


def _subject(name: str) -> str:
    subjects = {
        "way": ("cut", "blink", "silent", "silent-then-cut", "deaf", "narrow"),
        "broker": (
            "broker-stopped",
            "broker-killed",
            "broker-emptied",
            "broker-frozen",
            "broker-slow",
            "broker-refusing",
        ),
        "medium": ("disk-full", "read-only"),
        "clock": ("clock-behind", "clock-ahead", "clock-unchecked"),
        "daemon": ("kill", "stop", "freeze", "second-daemon"),
    }
    found = next((subject for subject, names in subjects.items() if name in names), name)
    return "daemon" if name.startswith("kill@") else found
