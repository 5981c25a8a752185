"""A driver's conversation is played step by step, and ends cleanly whatever happens."""

import asyncio
from collections.abc import Generator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from drivers.api import (
    Await,
    ClockRead,
    DecodeError,
    Done,
    Read,
    Refused,
    Reply,
    Step,
    TalkContext,
    TimedOut,
    Value,
    Write,
)
from gateway.env import real_env
from gateway.errors import GatewayError, TransientError
from gateway.transport.dialogue import play, talk_context


class ScriptedLink:
    def __init__(self) -> None:
        self.asked: list[object] = []

    async def write(self, channel: str, data: bytes, response: bool) -> Done | Refused:
        self.asked.append((channel, data, response))
        return Refused(3) if data == b"no" else Done()

    async def read(self, channel: str) -> Value | Refused:
        self.asked.append(channel)
        return Value(channel, b"read")

    async def next_value(self, seconds: float) -> Value | TimedOut:
        self.asked.append(seconds)
        return TimedOut() if seconds < 1 else Value("port", b"next")


class Told:
    """A contact that notes the clock it is told."""

    def __init__(self) -> None:
        self.clocks: list[datetime | None] = []

    def opened(self) -> None: ...
    def frame(self, channel: str, data: bytes) -> None: ...
    def facts(self, facts: Mapping[str, object]) -> None: ...
    def closed(self, error: GatewayError | None) -> None: ...

    def clock(self, device_time: datetime | None) -> None:
        self.clocks.append(device_time)

    def cursor(self) -> int | None:
        return None


CONTEXT = TalkContext(local_time=None)


def test_each_step_is_done_and_its_answer_handed_back() -> None:
    answers: list[Reply] = []

    def talk(context: TalkContext) -> Generator[Step, Reply, None]:
        assert context is CONTEXT
        for step in (Write("a", b"yes"), Write("a", b"no", response=False), Read("b"), Await(2.0), Await(0.5)):
            answers.append((yield step))

    link = ScriptedLink()
    asyncio.run(play(talk, CONTEXT, link, Told()))
    assert link.asked == [("a", b"yes", True), ("a", b"no", False), "b", 2.0, 0.5]
    assert answers == [Done(), Refused(3), Value("b", b"read"), Value("port", b"next"), TimedOut()]


def test_a_conversation_without_steps_is_over_at_once() -> None:
    def talk(context: TalkContext) -> Generator[Step, Reply, None]:
        yield from ()

    link = ScriptedLink()
    asyncio.run(play(talk, CONTEXT, link, Told()))
    assert link.asked == []


def test_an_answer_the_driver_cannot_read_is_a_transient_fault() -> None:
    def talk(context: TalkContext) -> Generator[Step, Reply, None]:
        yield Read("b")
        raise DecodeError("checksum", 4, "checksum is wrong")

    with pytest.raises(TransientError) as caught:
        asyncio.run(play(talk, CONTEXT, ScriptedLink(), Told()))
    assert caught.value.reason == "conversation-failed"


def test_the_generator_is_closed_when_the_link_is_lost() -> None:
    closed: list[bool] = []

    class LostLink(ScriptedLink):
        async def read(self, channel: str) -> Value | Refused:
            raise TransientError("serial-unplugged")

    def talk(context: TalkContext) -> Generator[Step, Reply, None]:
        try:
            yield Read("b")
        finally:
            closed.append(True)

    with pytest.raises(TransientError, match="serial-unplugged"):
        asyncio.run(play(talk, CONTEXT, LostLink(), Told()))
    assert closed == [True]


def test_local_time_is_told_only_while_the_hub_clock_is_to_be_trusted() -> None:
    noon = datetime(2026, 3, 14, 11, 0, tzinfo=UTC)
    env = replace(real_env(), now=lambda: noon, hub_clock=lambda: "synchronised")
    zone = timezone(timedelta(hours=1))
    told = talk_context(env, zone, 7, {"format": 8})
    assert told.local_time == datetime(2026, 3, 14, 12, 0)  # noqa: DTZ001 - naive on purpose
    assert (told.cursor, told.options) == (7, {"format": 8})
    lost = replace(env, hub_clock=lambda: "unsynchronised")
    assert talk_context(lost, zone, None, {}).local_time is None


def test_a_clock_the_conversation_reads_is_told() -> None:
    noon = datetime(2026, 3, 14, 12, 0)  # noqa: DTZ001 - a device's clock
    answers: list[Reply] = []

    def talk(context: TalkContext) -> Generator[Step, Reply, None]:
        answers.append((yield ClockRead(noon)))

    told = Told()
    asyncio.run(play(talk, CONTEXT, ScriptedLink(), told))
    assert (told.clocks, answers) == ([noon], [Done()])
