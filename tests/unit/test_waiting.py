"""Waiting ends with what is waited for, or with time, and leaves nothing behind."""

import asyncio

import pytest

from gateway.waiting import woken
from tests.aio import run
from tests.world import World, settle


def test_it_ends_when_the_event_comes_and_clears_it() -> None:
    async def scene() -> None:
        world, event = World(), asyncio.Event()
        waiting = asyncio.ensure_future(woken(event, world.env, 60))
        await world.advance(59)
        assert not waiting.done()
        event.set()
        await settle()
        assert waiting.done()
        assert not event.is_set()

    run(scene())


def test_what_came_before_is_not_waited_for_but_others_have_their_turn() -> None:
    async def scene() -> None:
        turns: list[str] = []
        event = asyncio.Event()
        event.set()
        asyncio.get_running_loop().call_soon(turns.append, "other")
        await woken(event, World().env, 60)
        assert turns == ["other"]
        assert not event.is_set()

    run(scene())


def test_it_ends_when_time_is_up() -> None:
    async def scene() -> None:
        world = World()
        waiting = asyncio.ensure_future(woken(asyncio.Event(), world.env, 60))
        await world.advance(60)
        await settle()
        assert waiting.done()

    run(scene())


def test_who_is_cancelled_leaves_no_task_behind_and_loses_no_event() -> None:
    async def scene() -> None:
        world, event = World(), asyncio.Event()
        waiting = asyncio.ensure_future(woken(event, world.env, 60))
        await settle()
        event.set()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await settle()
        assert event.is_set()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(scene())
