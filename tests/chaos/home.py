"""One hub with everything around it, and the proof that it has recovered, before which nothing is judged."""

import contextlib
import os
import random
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.chaos.broker import SlowBroker
from tests.chaos.hub import ChaosHub, Clock, Scale
from tests.chaos.oracle import REFUSED, Evidence, agrees, judge
from tests.chaos.way import Way
from tests.chaos.witness import Manner, Witness
from tests.daemon.hub import ROOT

OPEN = "topic readwrite #\n"
SHUT = f"topic read #\ntopic write {ROOT}/ack\ntopic write {ROOT}/state\n"

_RECOVERY_S = 120.0
_QUIET_S = 60.0
_ports = count()


@dataclass
class World:
    """A hub, its scale, the way to its broker, the broker, a receiver, a clock, and dice for whoever disturbs them."""

    directory: Path
    broker: SlowBroker
    way: Way
    hub: ChaosHub
    scale: Scale
    witness: Witness
    clock: Clock
    dice: random.Random
    # What keeps the daemon down on purpose.
    down: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    # Values that were in hand when the power went.
    excused: set[str] = field(default_factory=set)

    @property
    def full(self) -> Path:
        return self.directory / "full"

    @property
    def read_only(self) -> Path:
        return self.directory / "read-only"

    def start_daemon(self) -> None:
        """Starts it unless it runs, or is down on purpose."""
        if not self.down and not self.hub.running:
            self.hub.kill()
            self.hub.start()

    def rights(self, rules: str) -> None:
        """The broker's access list, where it has one; `broker.reload` makes it hold."""
        _write_rights(self.broker, rules)

    def evidence(self, *, all_fed: bool) -> Evidence:
        return Evidence(
            log=self.hub.events,
            fed=self.scale.fed,
            arrivals=list(self.witness.arrivals),
            voids=self.witness.voids,
            ledgers=self.witness.ledgers,
            passed=self.way.passed,
            asked=self.witness.asked,
            all_fed=all_fed,
            excused=self.excused,
        )


@contextlib.contextmanager
def home(
    directory: Path,
    *,
    confirm: str = "receiver",
    manner: Manner = "honest",
    seed: int = 0,
    refusing: bool = False,
    orders: Mapping[str, Any] | None = None,
) -> Iterator[World]:
    """A world in which the broker runs and the daemon does not yet; without `orders` the daemon is as it is shipped.

    `refusing`: the broker has an access list. With one, mosquitto 2.0 queues nothing for clients that have not come
    back since its restart, so it has none otherwise.
    """
    with contextlib.ExitStack() as undo:
        broker = SlowBroker(
            directory / "broker", extra=(f"acl_file {directory}/broker/acl",) if refusing else (), port=_port()
        )
        way = Way(broker.port, seed)
        undo.callback(way.close)
        scale = Scale(directory / "scale")
        scale.plug_in()
        undo.callback(scale.unplug)
        clock = Clock(directory / "clock")
        clock.set(0.0, "synchronised")
        hub = ChaosHub(directory, way.port, confirm=confirm)
        hub.with_scale(scale.path)
        undo.callback(broker.close)
        _write_rights(broker, OPEN)
        broker.start()
        witness = Witness(broker.port, manner, seed)
        undo.callback(witness.close)
        dice = random.Random(seed)  # noqa: S311  # dice, not secrets
        world = World(directory, broker, way, hub, scale, witness, clock, dice)
        if orders is not None:
            marks = {"clock": clock.path, "full": world.full, "read_only": world.read_only}
            hub.orders = {**{name: str(path) for name, path in marks.items()}, **orders}
        witness.wait_until_heard()
        undo.callback(hub.close)
        undo.callback(scale.end)
        yield world


def _port() -> int:
    """A free port that nobody else picks meanwhile: below those that the kernel gives out, each process its own."""
    while True:
        port = 10_000 + (os.getpid() * 101 + next(_ports)) % 20_000
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def _write_rights(broker: SlowBroker, rules: str) -> None:
    path = broker.directory / "acl"
    path.write_text(rules, encoding="ascii")
    path.chmod(0o600)


def score(world: World, *, all_fed: bool, quiet_s: float = _QUIET_S, recovery_s: float = _RECOVERY_S) -> list[str]:
    """Waits for proof of recovery (at most `recovery_s`), then for the rest (`quiet_s`); ends the daemon, and judges.

    Empty when every promise was kept.
    """
    problem = _recover(world, recovery_s, _expected(world, all_fed=all_fed), quiet_s)
    noise = [f"it wrote: {line}" for line in world.hub.noise]
    return [*problem, *world.wrong, *noise, *judge(world.evidence(all_fed=all_fed))]


def _recover(world: World, recovery_s: float, all_here: Callable[[], bool], quiet_s: float) -> list[str]:
    """A new line must come out at the far end. Then everything that is expected, or quiet for long enough."""
    if world.witness.manner != "mute":
        world.witness.become("honest")
    if not recovered(world, recovery_s):
        return ["it did not recover: no new reading came out"]
    within(quiet_s, all_here)  # if anything is missing the judge says what
    if world.hub.orders:  # as shipped, it does nobody's bidding before its clock is known
        within(quiet_s, _ledger_of(world), 1.0)
    problem = world.hub.stop()
    silent = bool(world.hub.orders) and not world.witness.ledgers
    return [*(["it was asked for a ledger, and told none"] if silent else []), *([problem] if problem else [])]


def recovered(world: World, recovery_s: float = _RECOVERY_S) -> bool:
    """Whether a new line comes out at the far end in time."""
    probes: set[str] = set()

    def probe_came() -> bool:
        if world.hub.dead:
            world.start_daemon()
        probes.update(filter(None, [world.scale.weigh_next()]))
        world.excused |= probes  # a port that is being opened forgets what it had
        return bool(probes & world.witness.values())

    return within(recovery_s, probe_came, 0.2)


def _ledger_of(world: World) -> Callable[[], bool]:
    """Asks for a ledger of everything until one comes that agrees; what the judge hears is the last one.

    A daemon that was killed has forgotten what it was asked for again, so that is asked for once more.
    """
    witness = world.witness

    def told() -> bool:
        last = max((a.seq for a in list(witness.arrivals)), default=0)
        newest = witness.ledgers[-1] if witness.ledgers else None
        if newest and newest["to"] >= last and agrees(newest, list(witness.arrivals), list(witness.voids)):
            return True
        witness.ask_again()
        witness.ask_for_ledger()
        return False

    return told


def _expected(world: World, *, all_fed: bool) -> Callable[[], bool]:
    def all_here() -> bool:
        refused = {s for v in world.witness.voids if v["reason"] in REFUSED for s in range(v["from"], v["to"] + 1)}
        stored = {e["id"] for e in world.hub.stored if e["seq"] not in refused}
        fed = set(world.scale.fed) - world.excused if all_fed and not refused else set()
        # What was stored when the power went, before it could be said, shows as a gap.
        return stored <= world.witness.ids() and fed <= world.witness.values() and not world.witness.gaps()

    return all_here


def within(seconds: float, condition: Callable[[], object], step: float = 0.05) -> bool:
    """Waits for a condition; whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True


def doubled(arrivals: Sequence[Any]) -> int:
    """How many messages came more than once."""
    return len(arrivals) - len({a.id for a in arrivals})
