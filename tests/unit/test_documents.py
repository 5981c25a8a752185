"""What the hub tells of itself is told when it changes, again at every connection, and not more."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.documents import Documents
from gateway.errors import TransientError
from gateway.making import Place
from gateway.topics import HubTopics
from gateway.watchdog import Watchdog
from tests.aio import run
from tests.readings import KEY, REF
from tests.world import World, settle

PLACE = Place(hub="hub-0042", epoch="e-51c0a2", id_key=KEY, zone=ZoneInfo("Europe/Oslo"))
TOPICS = HubTopics("skien", "hub-0042")


@dataclass
class Instrument:
    """What a collector shows."""

    ref: str = REF
    connected: bool = False
    error: TransientError | None = None
    twin: dict[str, object] = field(default_factory=lambda: {"model": "UA-651BLE", "serial": "5160"})

    class _Counts:
        def as_dict(self) -> dict[str, int]:
            return {"stored": 3}

    counters = _Counts()


class Scene:
    """Documents with everything around them in hand."""

    def __init__(self, interval_s: float | None = None) -> None:
        self.world = World()
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        self.codes: list[str] = []
        self.watchdog = Watchdog(None, interval_s)
        self.instrument = Instrument()
        self.looks = 0
        self.documents = Documents(
            TOPICS, self.publish, self.world.env, PLACE, facts={"version": "0.1.0"}, watchdog=self.watchdog
        )
        self.documents.add_device(self.instrument, {"kind": "blood-pressure"})  # type: ignore[arg-type]
        self.documents.set_health(self.look, lambda: self.codes)

    def publish(self, topic: str, document: Mapping[str, object], *, retain: bool) -> "asyncio.Future[None]":
        assert retain
        self.told.append((topic.removeprefix(f"{TOPICS.root}/"), document))
        return asyncio.get_running_loop().create_future()

    def look(self) -> dict[str, object]:
        self.looks += 1
        return {"outbox": {"waiting": 7}}

    def topics(self) -> list[str]:
        topics = [topic for topic, _document in self.told]
        self.told.clear()
        return topics

    async def start(self) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(self.documents.run())
        await settle()
        return task


def test_everything_is_told_at_every_connection() -> None:
    async def scene() -> None:
        hub = Scene()
        task = await hub.start()
        for _ in range(2):
            hub.documents.connected()
            await hub.world.advance(1)
            told = dict(hub.told)
            assert hub.topics() == ["state", "about", f"device/{REF}", "health"]
            hub.documents.disconnected("connection-lost")
        assert told["state"]["state"] == "ready"
        assert (told["about"]["version"], told["about"]["epoch"]) == ("0.1.0", "e-51c0a2")
        assert told["health"]["outbox"] == {"waiting": 7}
        assert told[f"device/{REF}"] == {
            "schema": "dho.device/1",
            "ref": REF,
            "kind": "blood-pressure",
            "model": "UA-651BLE",
            "connected": False,
            "code": None,
            "counters": {"stored": 3},
        }
        task.cancel()

    run(scene())


def test_nothing_is_told_without_a_connection_and_what_changed_meanwhile_is_told_after() -> None:
    async def scene() -> None:
        hub = Scene()
        task = await hub.start()
        hub.documents.mark_device(REF)
        hub.documents.mark_health()
        await hub.world.advance(300)
        assert hub.topics() == []
        hub.instrument.error = TransientError("ble-dropped")
        hub.documents.connected()
        await hub.world.advance(1)
        assert dict(hub.told)[f"device/{REF}"]["code"] == "ble-dropped"
        task.cancel()

    run(scene())


def test_changes_that_come_together_are_told_as_one() -> None:
    async def scene() -> None:
        hub = Scene()
        task = await hub.start()
        hub.documents.connected()
        await hub.world.advance(1)
        hub.topics()
        for _ in range(50):
            hub.documents.mark_device(REF)
        await hub.world.advance(1)
        assert hub.topics() == [f"device/{REF}"]
        for _ in range(10):
            hub.documents.mark_device(REF)
            await hub.world.advance(0.05)
        await hub.world.advance(1)
        assert len(hub.topics()) <= 4
        task.cancel()

    run(scene())


def test_health_is_told_each_minute_and_at_once_when_a_code_changes() -> None:
    async def scene() -> None:
        hub = Scene()
        task = await hub.start()
        hub.documents.connected()
        await hub.world.advance(1)
        hub.topics()
        await hub.world.advance(600)
        told = hub.topics()
        assert set(told) == {"health"}
        assert 9 <= len(told) <= 11
        hub.codes = ["store-full"]
        hub.documents.mark_device(REF)
        await hub.world.advance(1)
        latest = dict(hub.told)
        assert latest["health"]["codes"] == ["store-full"]
        assert hub.topics() == [f"device/{REF}", "health"]
        hub.documents.mark_device(REF)
        await hub.world.advance(1)
        assert hub.topics() == [f"device/{REF}"]
        hub.documents.mark_health()
        await hub.world.advance(1)
        assert hub.topics() == ["health"]
        task.cancel()

    run(scene())


@pytest.mark.parametrize(("interval", "looks"), [(None, 10), (10.0, 58), (300.0, 10)])
def test_systemd_is_told_from_the_data_path_as_often_as_it_wants(interval: float | None, looks: int) -> None:
    async def scene() -> None:
        hub = Scene(interval)
        task = await hub.start()
        await hub.world.advance(610)
        assert hub.looks >= looks
        task.cancel()

    run(scene())


def test_a_hub_that_cannot_look_at_its_store_does_not_say_it_is_alive() -> None:
    async def scene() -> None:
        hub = Scene(10.0)

        def broken() -> dict[str, object]:
            raise TransientError("store-io")

        hub.documents.set_health(broken, list)
        task = await hub.start()
        await hub.world.advance(11)
        assert task.done()
        assert isinstance(task.exception(), TransientError)

    run(scene())


def test_a_loss_is_news_once_and_so_is_a_new_reason() -> None:
    async def scene() -> None:
        documents = Scene().documents
        documents.connected()
        told = [documents.disconnected(why) for why in ("lost", "lost", "refused", "refused", "lost")]
        assert told == [True, False, True, False, True]
        documents.connected()
        assert documents.disconnected("lost")

    run(scene())


def test_the_state_of_the_hub_s_clock_is_told() -> None:
    async def scene() -> None:
        hub = Scene()
        hub.world.clock = "rtc"
        hub.documents.connected()
        assert dict(hub.told)["about"]["clock"] == "rtc"

    run(scene())
