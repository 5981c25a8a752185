"""Three hundred hubs lose their broker together, and come back one after the other: real uplinks and forwarders, each
with dice of its own, in one virtual time; the broker is a model that counts."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest

from gateway.ack import Range
from gateway.backoff import CatchUp
from gateway.env import Env
from gateway.errors import GatewayError, TransientError
from gateway.forwarder import Forwarder, Waiting
from gateway.uplink import Uplink, UplinkSettings, connection
from gateway.uplink.link import LinkEvents
from gateway.uplink.window import Sending
from tests.aio import run
from tests.world import World, settle

HUBS, WAITING, PER_S = 300, 40, 10
AWAY_S = 1200.0
# As gateway/backoff.py and reconnect_wait say for such an absence.
LONGEST_WAIT_S, LONGEST_DELAY_S = 30.0, 120.0


@dataclass
class Crowd:
    """What the broker sees: whether it is there, and at which second what came."""

    world: World
    up: bool = True
    links: set["FakeLink"] = field(default_factory=set)
    connects: Counter[int] = field(default_factory=Counter)
    messages: Counter[int] = field(default_factory=Counter)
    by_hub: Counter[str] = field(default_factory=Counter)

    def vanish(self) -> None:
        self.up = False
        self.connects.clear()
        self.messages.clear()
        self.by_hub.clear()
        for link in self.links:
            link.ended.set_result(TransientError("connection-lost"))
        self.links = set()


class FakeLink:
    """One connection, as the uplink sees it."""

    crowd: Crowd

    def __init__(self, settings: UplinkSettings, _will: Any, _subscriptions: Any, events: LinkEvents) -> None:
        self._name, self._events, self.connected = settings.client_id, events, False
        self.ended: asyncio.Future[GatewayError] = asyncio.get_running_loop().create_future()

    def start(self) -> None:
        if not self.crowd.up:
            self.ended.set_result(TransientError("broker-refused"))
            return
        self.connected = True
        self.crowd.links.add(self)
        self.crowd.connects[int(self.crowd.world.monotonic)] += 1
        self._events.accepted()

    def publish(self, sending: Sending) -> None:
        self.crowd.messages[int(self.crowd.world.monotonic)] += 1
        self.crowd.by_hub[self._name] += 1
        sending.resolve()

    async def goodbye(self) -> None:
        """Nothing to say."""

    def close(self, _error: GatewayError) -> None:
        self.connected = False


@dataclass(frozen=True)
class Row:
    seq: int
    kind: str = "weight"
    payload: str = "{}"


class Memory:
    """An outbox in memory, of which the broker has nothing yet."""

    def __init__(self) -> None:
        self.last_seq = 0
        self._rows: list[int] = []

    def keep(self, count: int) -> None:
        self._rows += range(self.last_seq + 1, self.last_seq + count + 1)
        self.last_seq += count

    def waiting(self, after: int, upto: int, limit: int) -> Sequence[Waiting]:
        return [Row(seq) for seq in self._rows if after < seq <= upto][:limit]

    def oldest(self) -> int | None:
        return self._rows[0] if self._rows else None

    def release(self, ranges: Sequence[Range]) -> int:
        before = len(self._rows)
        self._rows = [seq for seq in self._rows if not any(low <= seq <= high for low, high in ranges)]
        return before - len(self._rows)

    def refused(self) -> Sequence[tuple[str, str, int]]:
        return []

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is not needed where the broker's word releases")


class HubOf:
    """The way out of one hub."""

    def __init__(self, name: str, env: Env) -> None:
        self.outbox = Memory()
        settings = UplinkSettings(host="x", port=1, client_id=name, tls=None)
        self.uplink = Uplink(settings, env, None, (), self._up, lambda _error: self._down(), lambda _t, _p: None)
        self.forwarder = Forwarder(
            self.outbox,
            lambda kind, payload: self.uplink.publish(f"reading/{kind}", payload),
            env,
            void=lambda _first, _last, _reason: "{}",
            confirm="broker",
            window=20,
            told=lambda _what, _count: None,
            catch_up=CatchUp(PER_S),
        )

    def _up(self) -> None:
        self.forwarder.connected()

    def _down(self) -> None:
        self.forwarder.disconnected()


@pytest.mark.timeout(180)
def test_three_hundred_hubs_come_back_spread_out_and_catch_up_at_their_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "Link", FakeLink)

    async def play() -> None:
        world = World()
        crowd = FakeLink.crowd = Crowd(world)
        envs = [replace(world.env, jitter=Random(number).random) for number in range(HUBS)]  # noqa: S311 - dice
        hubs = [HubOf(f"hub-{number:04}", env) for number, env in enumerate(envs)]
        tasks = [asyncio.create_task(part.run()) for hub in hubs for part in (hub.uplink, hub.forwarder)]
        await world.advance(60)
        assert sum(crowd.connects.values()) == HUBS
        crowd.vanish()
        for hub in hubs:
            hub.outbox.keep(WAITING)
            hub.forwarder.stored()
        await world.advance(AWAY_S)
        crowd.up, back = True, int(world.monotonic)
        await world.advance(LONGEST_WAIT_S + LONGEST_DELAY_S + WAITING / PER_S + 10)
        _judge(crowd, back)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await settle()

    run(play(), timeout=150)


def _judge(crowd: Crowd, back: int) -> None:
    # All are back within the longest wait, and no two seconds see more than a tenth of them.
    assert sum(crowd.connects.values()) == HUBS
    assert max(crowd.connects) - back <= LONGEST_WAIT_S
    assert max(crowd.connects.values()) <= HUBS / 10
    # Each sends all it has, at its pace; together they need the time that they were told to take.
    assert set(crowd.by_hub.values()) == {WAITING}
    assert max(crowd.messages.values()) <= HUBS * WAITING / LONGEST_DELAY_S * 3
    assert max(crowd.messages) - min(crowd.messages) >= LONGEST_DELAY_S * 0.7
    assert max(crowd.messages) - back <= LONGEST_WAIT_S + LONGEST_DELAY_S + WAITING / PER_S + 2
