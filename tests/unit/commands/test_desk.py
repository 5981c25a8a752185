"""Remote commands: done once, answered as often as they come, refused with a reason a person can read."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from gateway.catalogue import all_texts
from gateway.commands import COMMANDS
from gateway.commands.api import Document, Tools
from gateway.commands.desk import Desk
from tests.aio import run
from tests.world import World


class Office:
    """A desk, and what it did."""

    def __init__(self) -> None:
        self.world = World()
        self.asked: list[tuple[int | None, int | None]] = []
        self.health = 0
        self.last_seq = 9
        self.answers: list[tuple[str, str, Document]] = []
        self.notes: list[tuple[str, Mapping[str, object]]] = []
        self.counts: Counter[str] = Counter()
        tools = Tools(ledger=self._ledger, health=self._health)
        self.desk = Desk(
            COMMANDS, tools, self._answer, self.world.env, lambda *note: self.notes.append(note), self._count
        )

    def _ledger(self, first: int | None, last: int | None) -> Document | None:
        self.asked.append((first, last))
        return {"from": first or 1, "to": last or self.last_seq} if self.last_seq else None

    def _health(self) -> Document:
        self.health += 1
        return {"schema": "dho.health/1", "told": self.health}

    def _answer(self, name: str, number: str, document: Document) -> "asyncio.Future[None]":
        self.answers.append((name, number, document))
        return asyncio.get_running_loop().create_future()

    def _count(self, name: str) -> None:
        self.counts[name] += 1

    def command(self, **more: Any) -> bytes:
        expires = (self.world.utc + timedelta(minutes=5)).isoformat()
        return json.dumps({"schema": "dho.command/1", "expires": expires, **more}).encode()

    def take(self, name: str, number: str, payload: bytes) -> Document:
        async def taken() -> None:
            assert not self.desk.take(name, number, payload).done()

        run(taken())
        return self.answers[-1][2]


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_ledger_is_sent_and_told(office: Office) -> None:
    answer = office.take("ledger", "c-1", office.command(**{"from": 3, "to": 7}))
    assert office.asked == [(3, 7)]
    assert answer == {
        "schema": "dho.result/1",
        "command": "ledger",
        "id": "c-1",
        "at": "2026-01-12T06:41:15.204+00:00",
        "status": "done",
        "result": {"from": 3, "to": 7},
    }
    assert office.answers[-1][:2] == ("ledger", "c-1")
    office.take("ledger", "c-2", office.command())
    assert office.asked[-1] == (None, None)
    assert office.counts == {"commands_done": 2}


def test_health_is_told(office: Office) -> None:
    assert office.take("health", "c-1", office.command())["result"] == {"schema": "dho.health/1", "told": 1}


def test_the_same_command_again_is_answered_again_and_not_done_again(office: Office) -> None:
    payload = office.command()
    first = office.take("health", "c-1", payload)
    office.world.utc += timedelta(days=1)
    assert office.take("health", "c-1", payload) == first
    assert office.health == 1
    assert office.counts == {"commands_done": 1, "commands_repeated": 1}


def test_another_command_under_a_number_that_was_used_is_refused(office: Office) -> None:
    office.take("health", "c-1", office.command())
    assert office.take("ledger", "c-1", office.command(to=5))["reason"] == "command-id-used"
    assert office.asked == []


def test_only_so_many_numbers_are_remembered(office: Office) -> None:
    payload = office.command()
    for number in range(201):
        office.take("health", f"c-{number}", payload)
    office.take("health", "c-0", payload)
    assert office.health == 202
    office.take("health", "c-200", payload)
    assert office.health == 202


SOON = "2026-01-12T08:00:00+01:00"


@pytest.mark.parametrize(
    ("name", "payload", "reason"),
    [
        ("reboot", None, "command-unknown"),
        ("health", b"no JSON", "command-malformed"),
        ("health", b"[" * 10_000, "command-malformed"),
        ("health", b"[]", "command-malformed"),
        ("health", b'{"schema":"dho.ack/1"}', "command-malformed"),
        ("health", b'{"schema":"dho.command/1"}', "command-malformed"),
        ("health", b'{"schema":"dho.command/1","expires":"2026-01-12T08:00:00"}', "command-malformed"),
        ("health", b'{"schema":"dho.command/1","expires":7}', "command-malformed"),
        ("health", b'{"schema":"dho.command/1","expires":"2026-01-12T07:41:15+01:00"}', "command-expired"),
        ("health", b'{"schema":"dho.command/1","expires":"2026-01-20T07:41:15+01:00"}', "command-expires-late"),
        ("health", b" " * 20_000, "command-malformed"),
        ("ledger", f'{{"schema":"dho.command/1","expires":"{SOON}","from":0}}'.encode(), "command-malformed"),
        ("ledger", f'{{"schema":"dho.command/1","expires":"{SOON}","to":"7"}}'.encode(), "command-malformed"),
        ("ledger", f'{{"schema":"dho.command/1","expires":"{SOON}","to":true}}'.encode(), "command-malformed"),
    ],
)
def test_what_may_not_be_done_is_refused_with_a_reason(
    office: Office, name: str, payload: bytes | None, reason: str
) -> None:
    answer = office.take(name, "c-1", office.command() if payload is None else payload)
    assert (answer["status"], answer["reason"]) == ("refused", reason)
    assert reason in all_texts()
    assert (office.health, office.asked) == (0, [])
    assert office.counts == {"commands_refused": 1}
    assert office.notes == [("command.refused", {"command": name, "id": "c-1", "reason": reason})]


def test_a_hub_that_does_not_know_the_time_does_nothing_that_may_have_expired(office: Office) -> None:
    payload = office.command()
    office.world.clock = "unsynchronised"
    answer = office.take("health", "c-1", payload)
    assert (answer["reason"], "at" in answer) == ("command-clock-unknown", False)
    office.world.clock = "rtc"
    assert office.take("health", "c-1", payload)["status"] == "done"


def test_a_hub_without_readings_says_that_there_is_no_ledger(office: Office) -> None:
    office.last_seq = 0
    assert office.take("ledger", "c-1", office.command())["reason"] == "ledger-empty"
    assert "ledger-empty" in all_texts()
