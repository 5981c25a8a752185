"""A fault in one task never touches another; each is started again, ever more seldom, and stopped in order."""

import asyncio
from collections.abc import Mapping

from gateway.supervisor import Supervisor
from tests.aio import run
from tests.world import World, settle


class Notes:
    def __init__(self) -> None:
        self.told: list[tuple[str, Mapping[str, object]]] = []

    def __call__(self, event: str, fields: Mapping[str, object]) -> None:
        self.told.append((event, fields))


def test_a_task_that_fails_is_started_again_and_the_others_go_on() -> None:
    async def scene() -> None:
        world, notes = World(), Notes()
        supervisor = Supervisor(world.env, notes)
        starts, beats = [], []

        async def bad() -> None:
            starts.append(world.monotonic)
            raise ValueError("odd")

        async def good() -> None:
            while True:
                beats.append(world.monotonic)
                await world.env.sleep(1)

        supervisor.start("bad", bad)
        supervisor.start("good", good)
        await world.advance(600)
        assert [at - 1000 for at in starts[:6]] == [0, 0.5, 1.5, 3.5, 7.5, 15.5]
        assert len(starts) == 16
        assert len(beats) == 601
        assert supervisor.failures == {"bad": 16}
        assert notes.told[0] == ("task.failed", {"task": "bad", "error": "ValueError", "detail": "odd"})
        assert await supervisor.stop(5) == []

    run(scene())


def test_a_task_that_ran_long_begins_again_with_short_waits() -> None:
    async def scene() -> None:
        world = World()
        supervisor = Supervisor(world.env, Notes())
        starts = []

        async def tiring() -> None:
            starts.append(world.monotonic)
            await world.env.sleep(1 if len(starts) < 6 else 301)
            raise OSError

        supervisor.start("tiring", tiring)
        await world.advance(20 + 2 * 301)
        assert starts[5] - starts[4] == 1 + 8
        assert starts[6] - starts[5] == 301 + 0.5
        await supervisor.stop(5)

    run(scene())


def test_an_end_nobody_asked_for_is_a_fault_too() -> None:
    async def scene() -> None:
        world, notes = World(), Notes()
        supervisor = Supervisor(world.env, notes)

        async def short() -> None:
            await world.env.sleep(1)

        async def called_off() -> None:
            raise asyncio.CancelledError

        supervisor.start("short", short)
        supervisor.start("called-off", called_off)
        await world.advance(1.2)
        assert ("task.ended", {"task": "short"}) in notes.told
        assert ("task.ended", {"task": "called-off"}) in notes.told
        assert supervisor.failures["short"] == 1
        await supervisor.stop(5)

    run(scene())


def test_tasks_are_stopped_the_last_started_first_each_with_time_to_end() -> None:
    async def scene() -> None:
        world, notes = World(), Notes()
        supervisor = Supervisor(world.env, notes)
        ended = []

        def work(name: str) -> None:
            async def careful() -> None:
                try:
                    await world.env.sleep(1e9)
                finally:
                    await asyncio.sleep(0)
                    ended.append(name)

            supervisor.start(name, careful)

        for name in ("store", "uplink", "device"):
            work(name)
        await settle()
        assert await supervisor.stop(5) == []
        assert ended == ["device", "uplink", "store"]
        assert notes.told == []

    run(scene())


def test_a_task_that_waits_to_be_started_again_is_stopped_at_once() -> None:
    async def scene() -> None:
        world = World()
        supervisor = Supervisor(world.env, Notes())

        async def bad() -> None:
            raise ValueError

        supervisor.start("bad", bad)
        await settle()
        assert await supervisor.stop(5) == []

    run(scene())


def test_a_fault_while_stopping_is_told_and_stops_nothing() -> None:
    async def scene() -> None:
        world, notes = World(), Notes()
        supervisor = Supervisor(world.env, notes)

        async def bad_end() -> None:
            try:
                await world.env.sleep(1e9)
            finally:
                raise OSError("late")

        supervisor.start("bad-end", bad_end)
        await settle()
        assert await supervisor.stop(5) == []
        assert notes.told == [("task.failed", {"task": "bad-end", "error": "OSError", "detail": "late"})]

    run(scene())


def test_a_task_that_does_not_end_in_time_is_named_and_holds_up_nobody() -> None:
    async def scene() -> None:
        world = World()
        supervisor = Supervisor(world.env, Notes())
        release = asyncio.Event()
        ended = []

        async def stubborn() -> None:
            try:
                await world.env.sleep(1e9)
            finally:
                await release.wait()

        async def other() -> None:
            try:
                await world.env.sleep(1e9)
            finally:
                ended.append("other")

        supervisor.start("other", other)
        supervisor.start("stubborn", stubborn)
        await settle()
        assert await supervisor.stop(0) == ["stubborn"]
        assert ended == ["other"]
        release.set()
        await settle()

    run(scene())
