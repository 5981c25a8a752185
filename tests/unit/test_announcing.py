"""Events are told once each, in order, when there is a broker; what nobody takes does not hold up the rest."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.announcing import Announcer
from gateway.errors import GatewayError, TransientError, UnsendableError
from tests.aio import run
from tests.world import World, settle


@dataclass
class Row:
    number: int
    type: str = "deviation"
    document: Mapping[str, object] = field(default_factory=dict)


class Shelf:
    """Events in the store."""

    def __init__(self, count: int) -> None:
        self.rows = [Row(n) for n in range(1, count + 1)]
        self.stirred: Callable[[], None] = lambda: None

    def waiting(self) -> list[Row]:
        return self.rows[:2]

    def done(self, number: int) -> None:
        self.rows = [row for row in self.rows if row.number != number]

    def add(self, number: int) -> None:
        self.rows.append(Row(number))
        self.stirred()


class Scene:
    """An announcer with a broker in the test's hand: `answers` says what becomes of each message, in order."""

    def __init__(self, count: int, answers: list[GatewayError | None] | None = None) -> None:
        self.world, self.shelf = World(), Shelf(count)
        self.answers = answers or []
        self.sent = 0
        self.looks = 0
        self.announcer = Announcer(self.shelf, self._publish, self._look, self.world.env)

    def _publish(self, _type: str, _document: Mapping[str, object]) -> asyncio.Future[None]:
        self.sent += 1
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        error = self.answers.pop(0) if self.answers else None
        if error is None:
            answer.set_result(None)
        else:
            answer.set_exception(error)
        return answer

    def _look(self) -> None:
        self.looks += 1

    async def __aenter__(self) -> "Scene":
        self.task = asyncio.create_task(self.announcer.run())
        await settle()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})


def test_events_are_told_when_there_is_a_broker_and_new_ones_at_once() -> None:
    async def body() -> None:
        async with Scene(5) as scene:
            assert scene.sent == 0
            scene.announcer.connected()
            await settle()
            assert (scene.sent, scene.shelf.rows) == (5, [])
            scene.shelf.add(6)
            await settle()
            assert (scene.sent, scene.shelf.rows) == (6, [])
            scene.announcer.disconnected()
            scene.shelf.add(7)
            await settle()
            assert scene.sent == 6

    run(body())


def test_what_is_lost_on_the_way_is_told_again_at_the_next_connection_or_look() -> None:
    async def body() -> None:
        async with Scene(3, [None, TransientError("connection-lost"), TransientError("uplink-line-full")]) as scene:
            scene.announcer.connected()
            await settle()
            assert [row.number for row in scene.shelf.rows] == [2, 3]
            scene.announcer.connected()
            await settle()
            assert [row.number for row in scene.shelf.rows] == [2, 3]
            await scene.world.advance(61)
            assert (scene.sent, scene.shelf.rows) == (5, [])

    run(body())


def test_what_nobody_will_ever_take_does_not_hold_up_the_rest() -> None:
    async def body() -> None:
        async with Scene(3, [None, UnsendableError("mqtt-too-large")]) as scene:
            scene.announcer.connected()
            await settle()
            assert (scene.sent, scene.shelf.rows) == (3, [])

    run(body())


def test_once_a_minute_it_looks_around() -> None:
    async def body() -> None:
        async with Scene(0) as scene:
            await scene.world.advance(600)
            assert 9 <= scene.looks <= 11

    run(body())
