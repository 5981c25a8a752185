"""The reference receiver behind a real mosquitto: stores, acknowledges, asks, survives."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import TransientError
from gateway.receiver.database import Database
from gateway.receiver.service import Options, Service
from tests.aio import run, until
from tests.broker.harness import Witness, quick_env, settings
from tests.broker.mosquitto import Broker
from tests.unit.receiver.samples import EPOCH, HUB, ledger, reading, void, wire

pytestmark = pytest.mark.broker

ROOT = f"dho/1/skien/{HUB}"
# The environment's waits are a tenth as long.
QUICK: dict[str, Any] = {"gather_s": 1.0, "patience_s": 0.3, "look_s": 0.2}


@dataclass
class Running:
    """A receiver at work, with its events."""

    service: Service
    task: "asyncio.Task[None]"
    events: list[Mapping[str, object]] = field(default_factory=list)

    def told(self, event: str) -> list[Mapping[str, object]]:
        """Events of one name."""
        return [one for one in self.events if one["event"] == event]


@contextlib.asynccontextmanager
async def receiver(port: int, path: Path, **options: Any) -> AsyncIterator[Running]:
    """Runs a receiver of tenant skien until the end."""
    events: list[Mapping[str, object]] = []
    database = Database(path)
    chosen = Options(tenant="skien", **{**QUICK, **options})
    service = Service(chosen, settings(port, client_id="dho-receiver-skien"), database, quick_env(), events.append)
    running = Running(service, asyncio.create_task(service.run()), events)
    try:
        await until(lambda: running.told("connected"))
        yield running
    finally:
        running.task.cancel()
        with contextlib.suppress(asyncio.CancelledError, TransientError):
            await running.task
        database.close()


class Hub(Witness):
    """A hub's end: publishes readings, hears acks."""

    def __init__(self, port: int) -> None:
        super().__init__(port, f"{ROOT}/ack")

    def give(self, *places: int) -> None:
        """Publishes the readings of these places."""
        for place in places:
            self.say(f"{ROOT}/reading/weight", wire(reading(place)))

    def acks(self) -> list[dict[str, Any]]:
        """What the receiver has said."""
        return [json.loads(payload) for _, payload in self.seen]

    async def hears(self, **wanted: Any) -> dict[str, Any]:
        """Waits for an ack with these entries."""
        await until(lambda: any(wanted.items() <= ack.items() for ack in self.acks()))
        return next(ack for ack in self.acks() if wanted.items() <= ack.items())


def test_a_burst_is_stored_and_acknowledged_with_few_acks(broker: Broker, tmp_path: Path) -> None:
    async def main() -> None:
        with Hub(broker.port) as hub:
            async with receiver(broker.port, tmp_path / "r.sqlite") as running:
                await asyncio.to_thread(hub.give, *range(1, 301))
                await hub.hears(through=300, epoch=EPOCH)
                assert len(hub.acks()) < 30
                assert running.service.intake.database.totals()["readings"] == 300

    run(main())


def test_an_ack_is_said_again_for_doubles_and_after_a_restart(broker: Broker, tmp_path: Path) -> None:
    """A hub that missed the ack must not wait for ever."""

    async def main() -> None:
        with Hub(broker.port) as hub:
            async with receiver(broker.port, tmp_path / "r.sqlite") as running:
                hub.give(1, 2)
                await hub.hears(through=2)
                count = len(hub.acks())
                hub.give(1)
                await until(lambda: len(hub.acks()) > count)
                assert running.told("reading.doubled")
            count = len(hub.acks())
            async with receiver(broker.port, tmp_path / "r.sqlite"):
                await until(lambda: len(hub.acks()) > count)
                assert hub.acks()[-1] == {"schema": "dho.ack/1", "epoch": EPOCH, "through": 2}

    run(main())


def test_readings_sent_while_the_receiver_was_away_arrive_and_are_acknowledged(broker: Broker, tmp_path: Path) -> None:
    async def main() -> None:
        with Hub(broker.port) as hub:
            async with receiver(broker.port, tmp_path / "r.sqlite"):
                hub.give(1)
                await hub.hears(through=1)
            hub.give(2, 3, 4)
            async with receiver(broker.port, tmp_path / "r.sqlite"):
                await hub.hears(through=4)

    run(main())


def test_a_gap_that_stands_is_asked_for_and_closed_by_reading_or_void(broker: Broker, tmp_path: Path) -> None:
    async def main() -> None:
        with Hub(broker.port) as hub:
            async with receiver(broker.port, tmp_path / "r.sqlite") as running:
                hub.give(1, 4)
                ack = await hub.hears(through=1, resend=[[2, 3]])
                assert ack["also"] == [[4, 4]]
                hub.give(2)
                hub.say(f"{ROOT}/reading/void", void(3, 3))
                await hub.hears(through=4)
                assert running.service.summary()["missing"] == 0
                assert running.told("gap.asked")[0]["from"] == 2

    run(main())


def test_a_hub_that_is_away_is_not_asked_until_it_returns(broker: Broker, tmp_path: Path) -> None:
    """Acks to a hub without power would only pile up at the broker."""

    async def main() -> None:
        with Hub(broker.port) as hub:
            async with receiver(broker.port, tmp_path / "r.sqlite") as running:
                hub.say(f"{ROOT}/state", wire({"schema": "dho.state/1", "state": "lost", "boot": "b"}))
                hub.give(3)
                await hub.hears(also=[[3, 3]])
                await asyncio.sleep(5 * QUICK["patience_s"])
                assert not running.told("gap.asked")
                hub.say(f"{ROOT}/state", wire({"schema": "dho.state/1", "state": "ready", "boot": "b"}))
                await hub.hears(resend=[[1, 2]])

    run(main())


def test_a_ledger_shows_what_was_lost_at_the_end_and_it_is_asked_for(broker: Broker, tmp_path: Path) -> None:
    async def main() -> None:
        with Hub(broker.port) as hub:
            async with receiver(broker.port, tmp_path / "r.sqlite") as running:
                hub.give(1, 2)
                hub.say(f"{ROOT}/ledger", ledger(1, 4))
                await hub.hears(resend=[[3, 4]])
                hub.give(3, 4)
                await until(lambda: running.told("ledger.checked")[-1:] != running.told("ledger.checked")[:1])
                assert [event["result"] for event in running.told("ledger.checked")] == ["incomplete", "match"]

    run(main())


def test_without_ack_the_receiver_says_nothing(broker: Broker, tmp_path: Path) -> None:
    async def main() -> None:
        with Hub(broker.port) as hub:
            async with receiver(broker.port, tmp_path / "r.sqlite", acknowledge=False) as running:
                hub.give(1, 3)
                await until(lambda: running.told("gap.asked"))
                assert running.service.intake.database.totals()["readings"] == 2
            assert hub.acks() == []

    run(main())


def test_what_is_no_message_of_a_hub_is_counted_and_harms_nothing(broker: Broker, tmp_path: Path) -> None:
    async def main() -> None:
        with Hub(broker.port) as hub:
            async with receiver(broker.port, tmp_path / "r.sqlite") as running:
                for word in ("reading/step-count", "reading/weight", "reading/void", "ledger", "state", "about"):
                    hub.say(f"{ROOT}/{word}", b"\x00\xff{")
                hub.say("dho/1/skien/X/state", b"{}")
                hub.give(1)
                await hub.hears(through=1)
                assert running.service.intake.counts["refused"] == 7

    run(main())


def test_a_new_epoch_is_told_by_about_and_the_old_one_is_left_in_peace(broker: Broker, tmp_path: Path) -> None:
    async def main() -> None:
        with Hub(broker.port) as hub:
            async with receiver(broker.port, tmp_path / "r.sqlite") as running:
                hub.give(5)
                await hub.hears(also=[[5, 5]])
                hub.say(f"{ROOT}/about", wire({"schema": "dho.about/1", "hub": HUB, "epoch": "e-new", "boot": "b"}))
                await until(lambda: running.service.intake.current[HUB] == "e-new")
                assert running.service.summary()["missing"] == 0

    run(main())


def test_a_broker_that_lets_nobody_acknowledge_is_named(make_broker: Callable[..., Broker], tmp_path: Path) -> None:
    acl = tmp_path / "acl"
    acl.write_text("topic read #\ntopic write dho/1/skien/+/reading/+\n")
    broker = make_broker(extra=(f"acl_file {acl}",))

    async def main() -> None:
        with Hub(broker.port) as hub:
            async with receiver(broker.port, tmp_path / "r.sqlite") as running:
                hub.give(1)
                await until(lambda: running.told("ack.refused"))
                assert running.told("ack.refused")[0]["reason"] == "mqtt-not-authorised"

    run(main())


def test_when_the_disk_refuses_nothing_is_acknowledged_and_the_receiver_ends(broker: Broker, tmp_path: Path) -> None:
    """The broker keeps what was not stored, and brings it to the next run."""

    async def main() -> None:
        with Hub(broker.port) as hub:
            async with receiver(broker.port, tmp_path / "r.sqlite") as running:
                hub.give(1)
                await hub.hears(through=1)
                running.service.intake.database._link.execute("PRAGMA query_only = ON")
                hub.give(2)
                await until(running.task.done)
                assert isinstance(running.task.exception(), TransientError)
            assert max(ack["through"] for ack in hub.acks()) == 1
            async with receiver(broker.port, tmp_path / "r.sqlite"):
                await hub.hears(through=2)

    run(main())
