"""The one way out: what the guard refuses is not sent, is told, and fails only itself."""

import asyncio
from collections.abc import Mapping

import pytest

from gateway.egress import Egress
from gateway.errors import UnsendableError
from tests.aio import run

_Sent = tuple[str, bytes, bool, Mapping[str, str] | None]


def _outlet() -> tuple[Egress, list[_Sent], list[tuple[str, str]]]:
    sent: list[_Sent] = []
    refused: list[tuple[str, str]] = []

    def publish(
        topic: str, payload: bytes, *, retain: bool = False, properties: Mapping[str, str] | None = None
    ) -> asyncio.Future[None]:
        sent.append((topic, payload, retain, properties))
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answer.set_result(None)
        return answer

    return Egress(publish, lambda topic, place: refused.append((topic, place))), sent, refused


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
