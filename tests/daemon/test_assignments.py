"""Whose the readings of a real hub are: beside the running daemon, without it, and after the end."""

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.daemon.hub import Hub, Listener, Pty, until

# Many commands, each a process of its own: slow on a busy machine.
pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]

ID, NEXT = "asg-9f2c7b", "asg-1d88e0"


def asked(hub: Hub, *words: str, code: int = 0) -> dict[str, Any]:
    """What a command prints with --json."""
    command = [sys.executable, "-m", "gateway", *words, "--config", str(hub.config), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=40, check=False)
    assert done.returncode == code, (done.stdout, done.stderr)
    return dict(json.loads(done.stdout))


def create(hub: Hub, name: str, *more: str, code: int = 0) -> dict[str, Any]:
    return asked(hub, "assignment", "create", name, "--purpose", "assessment-14-days", *more, code=code)


def test_from_the_first_assignment_on_readings_carry_it_and_after_its_end_none_leaves(
    hub: Hub, scale: Pty, listener: Listener
) -> None:
    hub.start().wait_for("uplink.connected")
    hub.wait_for("device.opened")
    scale.weigh(70)
    (first,) = until(listener.readings)
    assert (first["assignment"], first["attribution"]) == (None, {"status": "assigned", "method": "sole-user"})
    assert create(hub, ID, "--days", "14")["assignment"]["state"] == "active"
    scale.weigh(71)
    second = until(lambda: listener.readings()[1:])[0]
    assert (second["assignment"], second["seq"]) == (ID, 2)
    asked(hub, "assignment", "end")
    scale.weigh(72)
    hub.wait_for("reading.held")
    assert asked(hub, "held", "list")["counts"] == [
        {"status": "uncertain", "reason": "after-end", "device": "stuevekt", "readings": 1}
    ]
    assert create(hub, ID, code=65)["error"] == "assignment-id-used"
    create(hub, NEXT)
    scale.weigh(73)
    third = until(lambda: listener.readings()[2:])[0]
    assert (third["assignment"], third["seq"]) == (NEXT, 3)
    assert [r["values"][0]["value"] for r in listener.readings()] == ["70.00", "71.00", "73.00"]
    told = until(lambda: len(listener.documents("event/assign")) >= 3 and listener.documents("event/assign"))
    assert [e["what"] for e in told] == ["create", "end", "create"]


def test_a_held_reading_is_sent_by_somebodys_word_as_what_it_is(hub: Hub, scale: Pty, listener: Listener) -> None:
    hub.start().wait_for("device.opened")
    create(hub, ID)
    asked(hub, "assignment", "end")
    for kilograms in (70, 71, 72):
        scale.weigh(kilograms)
    hub.wait_for("reading.held", 3)
    ids = [one["id"] for one in asked(hub, "held", "list")["readings"]]
    asked(hub, "held", "release", ids[0], "--reason", "the person says so")
    (reading,) = until(listener.readings)
    assert (reading["id"], reading["seq"], reading["assignment"]) == (ids[0], 1, None)
    assert reading["attribution"]["status"] == "uncertain"
    assert asked(hub, "held", "delete", ids[1], "--reason", "a guest")["deleted"] == 1
    assert [one["id"] for one in asked(hub, "held", "list")["readings"]] == [ids[2]]
    assert asked(hub, "held", "release", ids[1], "--reason", "again", code=65)["error"] == "held-unknown"
    whats = [record["what"] for record in asked(hub, "audit", "list")["records"]]
    assert [what for what in whats if what.startswith(("held.", "assignment."))] == [
        "assignment.create",
        "assignment.end",
        "held.release",
        "held.delete",
    ]


def test_a_hub_that_is_off_at_the_end_collects_nothing_for_it_later(hub: Hub, scale: Pty, listener: Listener) -> None:
    """And what was decided while it was off holds when it is on again."""
    end = (datetime.now(UTC) + timedelta(seconds=12)).isoformat(timespec="seconds")
    assert create(hub, ID, "--until", end)["assignment"]["state"] == "active"
    until(lambda: datetime.now(UTC) > datetime.fromisoformat(end), within=40, what="the end")
    hub.start().wait_for("device.opened")
    scale.weigh(70)
    hub.wait_for("reading.held")
    hub.wait_for("assignment.ended", within=30)
    records = [(one["role"], one["what"], one["assignment"]) for one in asked(hub, "audit", "list")["records"]]
    assert ("hub", "assignment.ended", ID) in records
    assert asked(hub, "assignment", "show")["assignment"]["state"] == "outcome-missing"
    assert create(hub, NEXT, code=65)["error"] == "assignment-open"
    assert hub.end(signal.SIGTERM) == 0
    asked(hub, "assignment", "end")
    create(hub, NEXT)
    hub.start().wait_for("device.opened", 2)
    scale.weigh(71)
    (reading,) = until(listener.readings)
    assert (reading["assignment"], reading["values"][0]["value"]) == (NEXT, "71.00")


def test_the_same_act_asked_for_twice_is_done_once(hub: Hub, scale: Pty) -> None:
    hub.start().wait_for("device.opened")
    for _again in range(2):
        create(hub, ID, "--act-id", "act-1")
    hub.end(signal.SIGKILL)
    create(hub, ID, "--act-id", "act-1")
    assert len(asked(hub, "assignment", "history")["history"]) == 1
    assert len(hub.named("act.done")) == 1


def test_a_visitor_measures_for_a_quarter_of_an_hour(hub: Hub, scale: Pty, listener: Listener) -> None:
    hub.start().wait_for("device.opened")
    create(hub, ID)
    asked(hub, "visit", "--role", "nurse")
    scale.weigh(70)
    (reading,) = until(listener.readings)
    assert (reading["acquisition"], reading["attribution"]["method"]) == ("visit", "visit")


@pytest.mark.parametrize("lang", ["en", "nb"])
def test_every_command_speaks_to_people_too(hub: Hub, scale: Pty, lang: str) -> None:
    """Without a daemon; no sentence is missing, and every one is filled in."""
    lines = [
        f"assignment create {ID} --purpose assessment-14-days --days 14",
        "assignment pause --until 2099-01-01",
        "assignment show",
        "assignment resume",
        "assignment extend --days 7",
        "assignment convert --purpose follow-up",
        "visit",
        "equipment list",
        "equipment check stuevekt",
        "equipment take stuevekt --reason lent",
        "equipment give stuevekt",
        "held list",
        "assignment transfer --to hub-0043",
        "assignment history",
    ]
    for line in lines:
        command = [sys.executable, "-m", "gateway", *line.split(), "--config", str(hub.config), "--lang", lang]
        done = subprocess.run(command, capture_output=True, text=True, timeout=40, check=False)
        assert (done.returncode, done.stderr) == (0, ""), line
        assert done.stdout.strip(), line
        assert "{" not in done.stdout, line
