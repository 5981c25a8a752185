"""The small parts of the Bluetooth transport keep their promises without a radio."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import pytest

from gateway.errors import GatewayError, TransientError
from gateway.simulator.bluez.monitors import MOST_PATTERNS
from gateway.transport.ble.deadline import StoppedError, end, within
from gateway.transport.ble.passive import PATTERNS
from gateway.transport.ble.telling import Telling
from tests.aio import run


class Recorder:
    def __init__(self, error: Exception | None = None) -> None:
        self.told: list[object] = []
        self.error = error

    def opened(self) -> None:
        self.told.append("opened")

    def frame(self, channel: str, data: bytes) -> None:
        self.told.append(data)
        if self.error is not None:
            raise self.error

    def facts(self, facts: Mapping[str, object]) -> None:
        self.told.append(facts)

    def clock(self, device_time: datetime | None) -> None:
        self.told.append(("clock", device_time))

    def closed(self, error: GatewayError | None) -> None:
        self.told.append(("closed", error.reason if error else None))

    def cursor(self) -> int | None:
        return 7


# --- what is told -----------------------------------------------------------------------------------------------------


def test_a_value_that_comes_before_the_subscription_is_answered_opens_the_contact() -> None:
    recorder = Recorder()
    telling = Telling(recorder, lambda: 1.0)
    telling.frame("uuid", b"early")
    telling.opened()
    assert recorder.told == ["opened", b"early"]


def test_each_contact_is_closed_once_and_its_clock_told_once() -> None:
    recorder = Recorder()
    telling = Telling(recorder, lambda: 1.0)
    telling.opened()
    telling.clock(datetime(2026, 1, 2))  # noqa: DTZ001 - a device's time has no zone
    telling.clock(None)
    telling.closed(None)
    assert recorder.told == ["opened", ("clock", datetime(2026, 1, 2)), ("closed", None)]  # noqa: DTZ001


def test_a_contact_whose_clock_was_not_reached_is_told_so_before_it_closes() -> None:
    recorder = Recorder()
    telling = Telling(recorder, lambda: 1.0)
    telling.opened()
    telling.closed(TransientError("bluetooth-lost"))
    assert recorder.told == ["opened", ("clock", None), ("closed", "bluetooth-lost")]


def test_an_attempt_that_never_opened_is_told_if_it_is_news() -> None:
    recorder = Recorder()
    Telling(recorder, lambda: 1.0).closed(TransientError("ble-gone"))
    Telling(recorder, lambda: 1.0, already="ble-gone").closed(TransientError("ble-gone"))
    Telling(recorder, lambda: 1.0).closed(None)
    assert recorder.told == [("closed", "ble-gone")]


@pytest.mark.parametrize(
    ("error", "reason"), [(ValueError("bug"), "ble-fault"), (TransientError("store-full"), "store-full")]
)
def test_a_contact_that_fails_on_a_value_is_given_the_next_and_told_at_the_end(error: Exception, reason: str) -> None:
    recorder = Recorder(error)
    telling = Telling(recorder, lambda: 1.0)
    telling.frame("uuid", b"1")
    telling.frame("uuid", b"2")
    telling.closed(None)
    assert recorder.told == ["opened", b"1", b"2", ("clock", None), ("closed", reason)]


def test_no_facts_are_not_told() -> None:
    recorder = Recorder()
    telling = Telling(recorder, lambda: 1.0)
    telling.facts({})
    assert recorder.told == []
    assert telling.cursor() == 7


# --- deadlines --------------------------------------------------------------------------------------------------------


async def _stubborn(cancelled: list[int]) -> None:
    """Goes on when it is cancelled, once."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        cancelled.append(1)
        await asyncio.sleep(60)


def test_a_deadline_holds_against_work_that_lingers_when_cancelled() -> None:
    async def main() -> None:
        cancelled: list[int] = []
        start = asyncio.get_running_loop().time()
        with pytest.raises(TimeoutError):
            await within(0.05, _stubborn(cancelled))
        assert cancelled
        assert asyncio.get_running_loop().time() - start < 1.5

    run(main())


def test_a_result_in_time_is_the_result() -> None:
    async def answer() -> int:
        return 42

    assert run(within(1.0, answer())) == 42


def test_a_stop_ends_the_wait_at_once() -> None:
    async def main() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, stop.set)
        with pytest.raises(StoppedError):
            await within(60.0, asyncio.sleep(60), stop)

    run(main())


def test_the_end_of_a_failed_task_is_quiet() -> None:
    async def fail() -> None:
        raise LookupError

    async def main() -> None:
        task = asyncio.ensure_future(fail())
        await asyncio.wait({task})
        await end(task)

    run(main())


# --- passive scanning -------------------------------------------------------------------------------------------------


def test_passive_scanning_asks_for_no_more_patterns_than_bluez_can_hold() -> None:
    assert len(PATTERNS) <= MOST_PATTERNS
