"""What the hub does for itself: a full store is said, tried again and got over; proofs and events reach a broker."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from gateway.capacity import Capacity
from gateway.errors import TransientError
from gateway.housekeeping import Housekeeping
from gateway.ledgers import Ledgers
from gateway.store import Store
from gateway.topics import HubTopics
from tests.aio import run
from tests.readings import draft
from tests.world import World, settle

ROOT = "dho/1/skien/hub-0042"


def story(told: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that is a coroutine."""

    @wraps(told)
    def test(*arguments: Any, **named: Any) -> None:
        run(told(*arguments, **named))

    return test


class House:
    """A real store of 400 kB with its housekeeping, before a broker that may be deaf."""

    def __init__(self, directory: Path) -> None:
        self.world = World()
        self.deaf = self.silent = False
        self.others: list[str] = []
        self.sent: list[tuple[str, Mapping[str, object] | None, bool]] = []
        self.notes: list[tuple[str, Mapping[str, object]]] = []
        self.open(directory)

    def open(self, directory: Path) -> None:
        self.store = Store(directory, 400_000)
        env = self.world.env
        ledgers = Ledgers(self.store.places, self.store.outbox, "hub-0042", self.store.epoch, env)
        self.keeping = Housekeeping(
            self.store,
            400_000,
            ledgers,
            HubTopics("skien", "hub-0042"),
            self._publish,
            env,
            self._note,
            lambda: self.others,
        )

    def _note(self, event: str, fields: Mapping[str, object]) -> None:
        self.notes.append((event, fields))

    def _publish(self, topic: str, document: Mapping[str, object] | None, *, retain: bool) -> "asyncio.Future[None]":
        self.sent.append((topic.removeprefix(f"{ROOT}/"), document, retain))
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.deaf:
            answer.set_exception(TransientError("connection-lost"))
            answer.exception()
        elif not self.silent:
            answer.set_result(None)
        return answer

    async def live(self, seconds: float) -> None:
        """Runs for so long."""
        task = asyncio.ensure_future(self.keeping.run())
        await self.world.advance(seconds)
        task.cancel()
        await asyncio.wait({task})
        await settle()

    def to(self, topic: str) -> list[Mapping[str, object] | None]:
        return [document for name, document, _retain in self.sent if name == topic]

    def fill(self) -> None:
        with suppress(TransientError):
            for number in range(100_000):
                self.store.keep([draft(f"fill {number} {part}") for part in range(50)])
        assert self.store.trouble == "store-full"

    @property
    def events(self) -> list[str]:
        return [event for event, _fields in self.notes]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "store")
    yield made
    made.store.close()


@story
async def test_a_full_store_raises_an_alarm_stops_asking_devices_and_is_got_over_by_itself(house: House) -> None:
    house.keeping.connected()
    house.fill()
    assert not house.keeping.may_contact()
    assert house.keeping.codes() == ["store-full"]
    await house.live(12)
    (raised,) = house.to("alarm/store-full")
    assert raised is not None
    assert raised["type"] == "store-full"
    assert ("alarm/store-full", raised, True) in house.sent
    house.store.outbox.release([(1, house.store.outbox.last_seq)])
    # Nothing wants to be kept just now; it notices all the same.
    await house.live(12)
    assert house.keeping.may_contact()
    assert house.to("alarm/store-full")[-1] is None
    assert house.keeping.codes() == []
    assert house.events == ["store.refused", "alarms.changed", "store.accepted", "alarms.changed"]


@story
async def test_a_store_that_stays_full_is_told_once(house: House) -> None:
    house.keeping.connected()
    house.fill()
    await house.live(3600)
    assert house.events == ["store.refused", "alarms.changed"]
    assert len(house.to("alarm/store-full")) == 1


@story
async def test_nothing_is_said_without_a_connection_and_everything_after(house: House) -> None:
    house.store.keep([draft("one")])
    await house.live(700)
    assert house.sent == []
    house.keeping.connected()
    await house.live(10)
    assert [table["to"] for table in house.to("ledger") if table] == [1]
    house.keeping.disconnected()
    house.sent.clear()
    await house.live(2 * 86_400)
    assert house.sent == []


@story
async def test_what_a_deaf_broker_was_told_is_said_again_until_it_hears(house: House) -> None:
    house.store.keep([draft("one")])
    house.deaf = True
    house.keeping.connected()
    await house.live(700)
    count = len(house.to("ledger"))
    assert count > 1
    house.deaf = False
    await house.live(12)
    assert len(house.to("ledger")) == count + 1
    await house.live(100)
    assert len(house.to("ledger")) == count + 1


@story
async def test_a_message_is_not_sent_twice_while_it_is_on_its_way(house: House) -> None:
    house.silent = True
    house.store.keep([draft("one")])
    house.keeping.ledgers.ask(None, None)
    house.keeping.connected()
    await house.live(50)
    assert len(house.to("ledger")) == 1


@story
async def test_what_was_asked_for_is_sent_at_once(house: House) -> None:
    house.store.keep([draft("one")])
    house.keeping.connected()
    task = asyncio.ensure_future(house.keeping.run())
    await house.world.advance(1)
    house.keeping.ledgers.ask(1, 1)
    house.keeping.hurry()
    await settle()
    assert len(house.to("ledger")) == 1
    task.cancel()
    await asyncio.wait({task})


@story
async def test_an_alarm_of_the_radio_stands_from_the_remedy_until_something_is_heard(house: House) -> None:
    house.keeping.connected()
    house.others = ["bluetooth-recovery-power"]
    await house.live(0)
    assert house.to("alarm/bluetooth-recovery-power")[-1] is not None
    assert house.keeping.codes() == [], "devices may still be asked"
    house.others = []
    await house.live(0)
    assert house.to("alarm/bluetooth-recovery-power")[-1] is None


@story
async def test_a_quarantine_is_told_once_by_event_and_by_alarm_until_the_files_are_taken_away(house: House) -> None:
    house.store.keep([draft("one")])
    directory = house.store.directory
    epoch = house.store.epoch
    house.store.mark_damaged()
    house.store.close()
    house.open(directory)
    house.keeping.connected()
    await house.live(30)
    (event,) = house.to("event/store-quarantined")
    assert event is not None
    assert {"schema": "dho.event/1", "type": "store-quarantined", "earlier_epoch": epoch, "readings": 1}.items() <= (
        event.items()
    )
    assert ("store.quarantined", "1") in [(name, fields.get("quarantine")) for name, fields in house.notes]
    assert house.to("alarm/store-damaged")[-1] is not None
    assert house.keeping.codes() == ["store-damaged"]
    assert house.keeping.may_contact()
    (directory / "quarantine" / "1").rename(directory.with_name("taken away"))
    await house.live(30)
    assert house.to("alarm/store-damaged")[-1] is None
    assert len(house.to("event/store-quarantined")) == 1


@story
async def test_old_ids_are_forgotten_little_by_little(house: House) -> None:
    """A small store remembers fewer: an eighth of it."""
    for start in range(0, 2600, 100):
        house.store.keep([draft(f"n{i}") for i in range(start, start + 100)])
        house.store.outbox.release([(1, start + 100)])
    await house.live(3500)
    assert house.store.places.first() == 1
    await house.live(200)
    assert house.store.places.first() == 2600 - 400_000 // 8 // 32 + 1


@pytest.mark.parametrize(("free", "days"), [(None, 48), (4_000, 0), (400_000, 48)])
@story
async def test_days_left_are_by_the_last_weeks_pace_and_the_room(house: House, free: int | None, days: int) -> None:
    house.world.utc = house.world.utc.replace(year=2026, month=3, day=14, hour=13)
    capacity = Capacity(house.store.places, house.store.room, house.world.env)
    assert capacity.part(10, free)["days_left"] is None
    house.store.keep([draft(f"n{i}") for i in range(15)])
    part = capacity.part(10, free)
    assert part["days_left"] is None
    house.world.monotonic += 3601
    part = capacity.part(10, free)
    assert (part["bytes"], part["max_bytes"]) == (10, 400_000)
    found = part["days_left"]
    assert isinstance(found, int)
    assert abs(found - days) <= 3


@story
async def test_a_hub_that_does_not_know_the_time_does_not_guess_days(house: House) -> None:
    house.world.clock = "unsynchronised"
    house.store.keep([draft("one")])
    assert Capacity(house.store.places, house.store.room, house.world.env).part(1, None)["days_left"] is None
