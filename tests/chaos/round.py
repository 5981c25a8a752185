"""One round of chaos: a plan that follows from a seed, a hub that lives through it, and a verdict."""

import contextlib
import random
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tests.chaos.faults import FAULTS, choose
from tests.chaos.home import World, home, score, within
from tests.chaos.oracle import place
from tests.chaos.planted import DEFECTS
from tests.chaos.wire import Publish
from tests.chaos.witness import MANNERS, Manner

_STEP_S = 0.02
# Nothing is a matter of speed here: a machine that is busy with other things may take its time.
_START_S = 120.0
# How long the rest may take to come after the hub has recovered; a defect need not be waited for so long.
_QUIET_S = 60.0
_DEFECT_S = 4.0


@dataclass(frozen=True)
class Stroke:
    """A fault, when it begins (s after the first line) and how long it lasts."""

    fault: str
    at: float
    lasts: float


@dataclass(frozen=True)
class Plan:
    """What happens in a round."""

    seed: int
    confirm: str
    manner: Manner
    rate: float
    seconds: float
    strokes: tuple[Stroke, ...]
    defect: str | None = None

    def __str__(self) -> str:
        strokes = ", ".join(f"{s.fault} at {s.at:.2f} s for {s.lasts:.2f} s" for s in self.strokes)
        return f"seed {self.seed}: confirm={self.confirm}, {self.manner} receiver, {self.rate:.0f}/s; {strokes}"


@dataclass
class Verdict:
    """How a round ended; `faults` empty: every promise was kept."""

    plan: Plan
    faults: list[str]
    stored: int = 0
    came: int = 0
    killed: Sequence[str] = ()
    # Everything that happened, by wall time: what the daemon logged, what passed on the wire, what came.
    story: list[tuple[float, str, object]] = field(default_factory=list)


def plan(seed: int, *, only: Sequence[str] = ()) -> Plan:
    """The round of this seed; `only`: with exactly these faults."""
    dice = random.Random(seed)  # noqa: S311  # dice, not secrets
    confirm = "receiver" if only or dice.random() < 0.8 else "broker"
    how_many = dice.choice((1, 2, 2))
    names = list(only) or choose(dice, confirm, how_many)
    seconds = dice.uniform(1.2, 2.5)
    # Faults that were asked for meet each other; others may also follow one another.
    at, lasts = ((0.2, 0.8), (0.8, 1.5)) if only else ((0.1, seconds * 0.6), (0.1, 1.5))
    strokes = tuple(Stroke(n, dice.uniform(*at), FAULTS[n].takes_s + dice.uniform(*lasts)) for n in names)
    manner: Manner = dice.choice(MANNERS) if confirm == "receiver" else "mute"
    if confirm == "receiver":
        manner = next((m for n in names if (m := FAULTS[n].manner)), manner)
    return Plan(seed, confirm, manner, dice.choice((5, 20, 60, 150)), seconds, strokes)


def trap(name: str, *, planted: bool = True) -> Plan:
    """The round in which a planted defect must show; not `planted`: the same one without it, which must be clean."""
    defect = DEFECTS[name]
    strokes = tuple(Stroke(fault, *when) for fault, when in defect.by.items())
    return Plan(0, "receiver", defect.manner, 60, 1.5, strokes, name if planted else None)


def play(plan: Plan, directory: Path | None = None) -> Verdict:
    """Lives through a plan and judges what came of it."""
    with contextlib.ExitStack() as undo:
        if directory is None:
            directory = Path(tempfile.mkdtemp(prefix="dho-chaos-"))
            undo.callback(shutil.rmtree, directory, ignore_errors=True)
        refusing = any(s.fault == "broker-refusing" for s in plan.strokes)
        orders = {"hasty": True, **({"defect": plan.defect} if plan.defect else {})}
        world = undo.enter_context(
            home(directory, confirm=plan.confirm, manner=plan.manner, seed=plan.seed, refusing=refusing, orders=orders)
        )
        faults = _live(world, plan)
        hub = world.hub
        return Verdict(plan, faults, len(hub.stored), len(world.witness.ids()), hub.killed, _story(world))


def _story(world: World) -> list[tuple[float, str, object]]:
    told: list[tuple[float, str, object]] = [
        (datetime.fromisoformat(e["at"]).timestamp(), "log", {k: v for k, v in e.items() if k not in ("at", "level")})
        for e in world.hub.events
    ]
    for passed in world.way.passed:
        packet = passed.packet
        what = f"{packet.topic} {place(packet)}" if isinstance(packet, Publish) else "answer"
        told.append((passed.at, f"link {passed.link}", f"{packet.number} {what}"))
    told += [(at, "receiver", word) for at, word in world.witness.story]
    return sorted(told, key=lambda one: one[0])


def _live(world: World, plan: Plan) -> list[str]:
    for stroke in plan.strokes:
        if FAULTS[stroke.fault].from_start:
            FAULTS[stroke.fault].begin(world)
    world.hub.start()
    if not within(_START_S, lambda: _opened(world)):
        return ["the daemon did not start", *world.hub.noise]
    world.scale.begin(plan.rate)
    _strike(world, plan)
    world.scale.end()
    all_fed = not any(FAULTS[s.fault].loses_lines for s in plan.strokes)
    return score(world, all_fed=all_fed, quiet_s=_QUIET_S if plan.defect is None else _DEFECT_S)


def _opened(world: World) -> bool:
    if world.hub.dead:
        _again(world)
    return bool(world.hub.named("device.opened"))


def _again(world: World) -> None:
    """Dead at its point: it is started again, now and then to die there once more."""
    armed = world.hub.orders.get("kill")
    if armed is not None:
        world.hub.killed.append(armed[0])
        world.hub.orders["kill"] = [armed[0], world.dice.randint(1, 10)]
        if world.dice.random() < 0.6:
            del world.hub.orders["kill"]
    world.start_daemon()


def _strike(world: World, plan: Plan) -> None:
    """Begins and ends each stroke at its time; a daemon that died is started again, as systemd would."""
    began = time.monotonic()
    todo = sorted(
        [(s.at, FAULTS[s.fault].begin) for s in plan.strokes if not FAULTS[s.fault].from_start]
        + [(s.at + s.lasts, FAULTS[s.fault].end) for s in plan.strokes],
        key=lambda entry: entry[0],
    )
    while todo or time.monotonic() - began < plan.seconds:
        while todo and time.monotonic() - began >= todo[0][0]:
            todo.pop(0)[1](world)
        if world.hub.dead:
            _again(world)
        time.sleep(_STEP_S)
