"""The one way out: what the guard refuses is not sent, is told, and fails only itself."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from gateway.egress import Egress
from gateway.errors import TransientError, UnsendableError
from tests.aio import run

_Sent = tuple[str, bytes, bool, Mapping[str, str] | None]


def _outlet(
    answers: Mapping[str, Exception] | None = None, now: Callable[[], float] = lambda: 0.0
) -> tuple[Egress, list[_Sent], list[tuple[str, str]]]:
    sent: list[_Sent] = []
    refused: list[tuple[str, str]] = []

    def publish(
        topic: str, payload: bytes, *, retain: bool = False, properties: Mapping[str, str] | None = None
    ) -> asyncio.Future[None]:
        sent.append((topic, payload, retain, properties))
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if answers and topic in answers:
            answer.set_exception(answers[topic])
        else:
            answer.set_result(None)
        return answer

    return Egress(publish, lambda topic, place: refused.append((topic, place)), now), sent, refused


def test_what_points_to_nobody_goes_out_as_it_is() -> None:
    async def body() -> None:
        egress, sent, refused = _outlet()
        await egress.publish("a/b", b'{"x":1}', retain=True, properties={"schema": "s"})
        assert (sent, refused) == ([("a/b", b'{"x":1}', True, {"schema": "s"})], [])

    run(body())


def test_what_points_to_a_person_is_refused_for_good_and_told_without_the_text() -> None:
    async def body() -> None:
        egress, sent, refused = _outlet()
        with pytest.raises(UnsendableError, match="personal-data: reason: national-number"):
            await egress.publish("a/b", b'{"reason":"13717404089"}')
        assert (sent, refused) == ([], [("a/b", "reason: national-number")])

    run(body())


def test_a_retained_document_that_the_broker_refuses_rests_a_quarter_of_an_hour() -> None:
    """Some brokers hang up after each refusal; told at each connection, it would keep everything else from going."""

    async def body() -> None:
        clock = [0.0]
        answers: dict[str, Exception] = {"a/health": UnsendableError("mqtt-not-authorised")}
        egress, sent, _refused = _outlet(answers, lambda: clock[0])
        for _ in range(3):
            with pytest.raises(UnsendableError, match="mqtt-not-authorised"):
                await egress.publish("a/health", b"{}", retain=True)
            await egress.publish("a/state", b"{}", retain=True)
            await asyncio.sleep(0)
        assert [topic for topic, *_ in sent] == ["a/health", "a/state", "a/state", "a/state"]
        assert egress.refused == ["a/health"]
        clock[0] = 900.0
        answers.clear()
        await egress.publish("a/health", b"{}", retain=True)
        await asyncio.sleep(0)
        assert egress.refused == []

    run(body())


def test_what_is_refused_without_being_retained_or_failed_with_the_connection_does_not_rest() -> None:
    async def body() -> None:
        answers: dict[str, Exception] = {"r": UnsendableError("mqtt-not-authorised"), "h": TransientError("lost")}
        egress, sent, _refused = _outlet(answers)
        for _ in range(2):
            with pytest.raises(UnsendableError):
                await egress.publish("r", b"{}")
            with pytest.raises(TransientError):
                await egress.publish("h", b"{}", retain=True)
        assert len(sent) == 4
        assert egress.refused == []

    run(body())
