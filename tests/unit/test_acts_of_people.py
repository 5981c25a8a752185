"""What coordinators, installers and nurses may decide, and what follows; it is in the audit and names no person."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.acts.api import Context, Listed
from gateway.acts.performing import Performer
from gateway.acts.records import Records
from gateway.acts.table import ACTS
from gateway.errors import RefusedError
from gateway.store import Store
from tests.readings import draft, reading
from tests.world import World

OSLO = ZoneInfo("Europe/Oslo")
START = datetime(2026, 3, 20, 8, 30, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
DEVICES = {
    "vekt": Listed("dev-3f9c21aa0b11", "vekt", "weight", memory=False),
    "mansjett": Listed("dev-2", "mansjett", "blood-pressure", (1,)),
    "mansjett-2": Listed("dev-3", "mansjett-2", "blood-pressure"),
    "veske": Listed("dev-4", "veske", "pulse-oximeter", visit=True),
}
ID, NEXT = "asg-9f2c7b", "asg-1d88e0"


class Hub:
    def __init__(self, directory: Path) -> None:
        self.world = World(START)
        self.store = Store(directory)
        self.devices: Mapping[str, Listed] = DEVICES
        self.local = True
        self.number = 0
        self.notes: list[str] = []

    def ask(self, name: str, **params: object) -> dict[str, Any]:
        """In the usual role: what came of an act; {"error": ...} if it was refused."""
        return self.ask_as(ACTS[name].roles[0], name, **params)

    def ask_as(self, role: str, name: str, **params: object) -> dict[str, Any]:
        records = Records(self.store, self.world.env)
        context = Context(
            store=self.store,
            env=self.world.env,
            hub="hub-0042",
            zone=OSLO,
            devices=self.devices,
            audit=records.audit,
            deviate=records.deviate,
            local=self.local,
        )
        self.number += 1
        self.store.acts.ask(f"act-{self.number}", name, params, role, self.world.utc)
        Performer(
            context, lambda: ACTS, lambda event, _fields: self.notes.append(event), lambda _name: None
        ).perform_waiting()
        row = self.store.acts.find(f"act-{self.number}")
        assert row is not None
        return dict(row.result)

    def create(self, **more: object) -> dict[str, Any]:
        return self.ask("assignment.create", **{"id": ID, "purpose": "assessment-14-days", "days": 14, **more})

    def wait(self, span: timedelta) -> None:
        self.world.utc += span

    @property
    def audit(self) -> list[str]:
        import json

        return [json.loads(row.record)["what"] for row in self.store.audit.rows()]

    @property
    def events(self) -> list[str]:
        return [f"{e.type} {e.document['what']}" for e in self.store.events.waiting() if "what" in e.document]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    made = Hub(tmp_path)
    yield made
    made.store.close()


def test_a_new_assignment_has_an_end_by_the_calendar_and_every_device_but_a_visitors(hub: Hub) -> None:
    found = hub.create()["assignment"]
    assert (found["id"], found["state"], found["outcome"]) == (ID, "active", None)
    assert (found["start"], found["end"]) == ("2026-03-20T09:30:00+01:00", "2026-04-03T09:30:00+02:00")
    assert [(d["device"], d["baseline"], d["users"]) for d in found["devices"]] == [
        ("vekt", "taken", None),
        ("mansjett", "pending", None),
        ("mansjett-2", "pending", None),
    ]
    assert (hub.audit, hub.events) == (["assignment.create"], ["assign create"])
    assert hub.store.assignments.ever()
    assert (hub.store.directory / "assigned").exists()


@pytest.mark.parametrize(
    ("params", "end"),
    [
        ({"until": "2026-03-29"}, "2026-03-30T00:00:00+02:00"),
        ({"until": "2026-03-29T12:00+02:00"}, "2026-03-29T12:00:00+02:00"),
        ({"until": "2026-10-25T00:00:00Z"}, "2026-10-25T02:00:00+02:00"),
        ({}, None),
    ],
)
def test_an_end_is_a_day_that_counts_whole_or_a_moment_or_none(hub: Hub, params: dict[str, str], end: str) -> None:
    found = hub.ask("assignment.create", id=ID, purpose="follow-up", **params)
    assert found["assignment"]["end"] == end


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"id": "asg-OlaNordmann"}, "assignment-id-personal"),
        ({"id": "asg-12"}, "act-parameter"),
        ({"until": "2026-03-29"}, "act-parameter"),
        ({"days": None, "until": "2026-13-29"}, "act-parameter"),
        ({"days": None, "until": "2026-03-20T08:30:00Z"}, "assignment-end-past"),
        ({"purpose": "watching"}, "act-parameter"),
        ({"devices": ["lampe"]}, "act-unknown-device"),
        ({"devices": ["veske"]}, "assignment-visit-device"),
        ({"devices": ["vekt:x"]}, "act-parameter"),
        ({"start": "2026-03-20T08:29:59Z"}, "assignment-start-past"),
        ({"days": 0}, "act-parameter"),
    ],
)
def test_what_is_wrong_with_a_new_one_is_named_and_nothing_is_kept(
    hub: Hub, params: dict[str, object], reason: str
) -> None:
    table = {"id": ID, "purpose": "follow-up", "days": 14, **params}
    found = hub.ask("assignment.create", **{k: v for k, v in table.items() if v is not None})
    assert found["error"] == reason
    assert (hub.store.assignments.all(), hub.audit) == ((), [])
    assert not hub.store.assignments.ever()


def test_slots_and_devices_are_those_that_are_named(hub: Hub) -> None:
    found = hub.create(devices=["mansjett:1,2"])["assignment"]
    assert [(d["device"], d["users"]) for d in found["devices"]] == [("mansjett", [1, 2])]


def test_an_id_is_never_used_twice_not_even_after_a_wipe(hub: Hub) -> None:
    hub.create()
    assert hub.create()["error"] == "assignment-id-used"
    hub.ask("assignment.end")
    hub.wait(DAY)
    hub.store._connection.execute("DELETE FROM assignment")
    assert hub.create()["error"] == "assignment-id-used"
    assert hub.create(id=NEXT)["assignment"]["id"] == NEXT


def test_the_outcome_of_one_comes_before_the_next(hub: Hub) -> None:
    hub.create()
    hub.wait(20 * DAY)
    assert hub.ask("assignment.show")["assignment"]["state"] == "outcome-missing"
    assert hub.create(id=NEXT)["error"] == "assignment-open"
    hub.ask("assignment.end")
    assert hub.create(id=NEXT)["assignment"]["state"] == "active"


def test_a_hub_without_a_time_must_be_told_the_start(hub: Hub) -> None:
    hub.store.undated.raise_floor(START)
    hub.world.clock = "unsynchronised"
    assert hub.create()["error"] == "act-clock-unknown"
    assert hub.create(start="2026-03-20T09:00:00+01:00")["error"] == "assignment-start-past"
    found = hub.create(start="2026-03-20T10:00:00+01:00")["assignment"]
    assert (found["state"], found["start"]) == ("unknown", "2026-03-20T10:00:00+01:00")


def test_a_hub_without_a_time_is_told_it_by_whoever_decides(hub: Hub) -> None:
    """After a power cut without a network; while it knows the time itself, it is told nothing."""
    assert hub.create()["assignment"]["state"] == "active"
    assert hub.ask("assignment.end", at="2026-03-21T10:00+01:00")["error"] == "act-clock-known"
    hub.store.undated.raise_floor(START)
    hub.world.set_clock(datetime(1970, 1, 1, tzinfo=UTC), "unsynchronised")
    assert hub.ask("assignment.end")["error"] == "act-clock-unknown"
    assert hub.ask("assignment.end", at="2026-03-20T09:29+01:00")["error"] == "act-at-past"
    assert hub.ask("assignment.end", at="2026-13-20T09:29+01:00")["error"] == "act-parameter"
    lent = hub.ask("equipment.take", device="mansjett", reason="lent", at="2026-03-21T09:00+01:00")
    assert lent["assignment"] == ID
    hub.ask("equipment.give", device="mansjett", at="2026-03-21T09:30+01:00")
    hub.ask("assignment.pause", until="2026-03-25", at="2026-03-21T09:40+01:00")
    ended = hub.ask("assignment.end", at="2026-03-21T10:00+01:00")["assignment"]
    assert (ended["state"], ended["end"]) == ("ended", "2026-03-21T10:00:00+01:00")
    assert ended["devices"][-1]["until"] == "2026-03-21T10:00:00+01:00"
    assert hub.audit[-1] == "assignment.end"


def test_shown_and_told_as_it_is(hub: Hub) -> None:
    assert hub.ask("assignment.show") == {"ok": False, "assignment": None, "held": {}}
    hub.create()
    hub.ask_as("nurse", "assignment.pause", until="2026-03-25")
    assert hub.ask("assignment.show")["assignment"]["state"] == "paused"
    hub.ask("assignment.resume")
    hub.ask("assignment.end")
    shown = hub.ask("assignment.show")
    assert (shown["ok"], shown["assignment"]["state"]) == (False, "ended")
    history = hub.ask("assignment.history")["history"]
    assert [(h["what"], h["role"]) for h in history] == [
        ("create", "coordinator"),
        ("pause", "nurse"),
        ("resume", "coordinator"),
        ("end", "coordinator"),
    ]
    assert hub.ask("assignment.history", id=NEXT) == {"assignments": [], "history": []}
    assert len(hub.ask("assignment.history", id=ID)["history"]) == 4
    assert hub.audit == ["assignment.create", "assignment.pause", "assignment.resume", "assignment.end"]


@pytest.mark.parametrize("until", ["2026-03-20", "2026-02-30"])
def test_a_pause_lies_ahead(hub: Hub, until: str) -> None:
    hub.create()
    assert hub.ask("assignment.pause", until=until)["error"] in ("assignment-pause-past", "act-parameter")


def test_extended_in_time_nothing_else_changes(hub: Hub) -> None:
    hub.create()
    hub.wait(10 * DAY)
    found = hub.ask("assignment.extend", days=7)["assignment"]
    assert found["end"] == "2026-04-10T09:30:00+02:00"
    assert [d["until"] for d in found["devices"]] == [None, None, None]
    assert hub.ask("assignment.extend")["error"] == "act-parameter"


def test_extended_after_the_end_the_devices_begin_anew(hub: Hub) -> None:
    hub.create()
    hub.wait(20 * DAY)
    found = hub.ask("assignment.extend", until="2026-04-30")["assignment"]
    assert (found["state"], found["end"]) == ("active", "2026-05-01T00:00:00+02:00")
    assert [(d["device"], d["until"] is None, d["baseline"]) for d in found["devices"]][3:] == [
        ("vekt", True, "taken"),
        ("mansjett", True, "pending"),
        ("mansjett-2", True, "pending"),
    ]


def test_converted_it_goes_on_without_an_end(hub: Hub) -> None:
    hub.create()
    found = hub.ask("assignment.convert", purpose="follow-up")["assignment"]
    assert (found["purpose"], found["end"], found["state"]) == ("follow-up", None, "active")


@pytest.mark.parametrize(("name", "params"), [("transfer", {"to": "hub-0043"}), ("transfer", {}), ("end", {})])
def test_over_is_over(hub: Hub, name: str, params: dict[str, str]) -> None:
    hub.create()
    hub.wait(DAY)
    found = hub.ask(f"assignment.{name}", **params)["assignment"]
    assert (found["outcome"], found["end"]) == (name, "2026-03-21T09:30:00+01:00")
    assert {d["until"] for d in found["devices"]} == {"2026-03-21T09:30:00+01:00"}
    for after in ("end", "resume", "extend", "transfer"):
        days = {"days": 1} if after == "extend" else {}
        assert hub.ask(f"assignment.{after}", **days)["error"] == "assignment-none"


def test_only_the_role_that_may_can_end_it(hub: Hub) -> None:
    hub.create()
    assert hub.ask_as("nurse", "assignment.end")["error"] == "act-role"
    assert hub.ask("assignment.show")["ok"]


# --- Visits -----------------------------------------------------------------------------------------------------------


def test_a_visit_lasts_a_quarter_of_an_hour(hub: Hub) -> None:
    assert hub.ask("visit")["error"] == "assignment-none"
    hub.create()
    assert hub.ask("visit") == {"assignment": ID, "until": "2026-03-20T09:45:00+01:00", "minutes": 15}
    assert hub.store.assignments.visits()[0].holds(START)
    assert not hub.store.assignments.visits()[0].holds(START + timedelta(minutes=15))
    assert hub.audit[-1] == "visit"
    hub.wait(15 * DAY)
    assert hub.ask("visit")["error"] == "assignment-not-active"


# --- Held readings ----------------------------------------------------------------------------------------------------


@pytest.fixture
def full(hub: Hub) -> Hub:
    hub.store.keep([draft("one", "foreign"), draft("two", "uncertain"), draft("three", "uncertain")])
    return hub


def test_held_readings_are_counted_and_listed_without_values(full: Hub) -> None:
    found = full.ask_as("auditor", "held.list")
    assert found["counts"] == [
        {"status": "foreign", "reason": "", "device": "vekt", "readings": 1},
        {"status": "uncertain", "reason": "", "device": "vekt", "readings": 2},
    ]
    assert {one["id"] for one in found["readings"]} == {reading(n).id for n in ("one", "two", "three")}
    assert "82.40" not in str(found)
    assert len(full.ask("held.list", status="foreign")["readings"]) == 1
    assert full.ask("held.list", device="mansjett")["readings"] == []
    assert full.ask("held.list", because="household")["readings"] == []
    full.devices = {}
    assert full.ask("held.list")["counts"][0]["device"] == "dev-3f9c21aa0b11"


def test_released_they_are_sent_with_the_status_they_have(full: Hub) -> None:
    found = full.ask("held.release", ids=[reading("two").id], reason="the person says so")
    assert (found["released"], found["from"], found["to"], found["uncertain"]) == (1, 1, 1, 1)
    assert full.store.outbox.last_seq == 1
    found = full.ask("held.release", device="vekt", reason="all of them")
    assert (found["released"], found["from"], found["to"], found["foreign"]) == (2, 2, 3, 1)
    assert [row.seq for row in full.store.outbox.waiting(0, 9, 9)] == [1, 2, 3]
    assert full.audit[-2:] == ["held.release", "held.release"]


def test_deleted_they_are_gone_and_it_is_a_deviation(full: Hub) -> None:
    found = full.ask("held.delete", status="uncertain", reason="measured by a guest")
    assert (found["deleted"], full.store.held()) == (2, {"foreign": 1})
    assert "held.delete" in full.audit
    assert [d.what.cause for d in full.store.deviations.all() if d.what.type == "forced"] == ["held-deleted"]


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"reason": "why"}, "held-which"),
        ({"ids": []}, "act-parameter"),
        ({"ids": [], "reason": "why"}, "held-which"),
        ({"ids": [reading("nobody").id], "reason": "why"}, "held-unknown"),
        ({"ids": [reading("one").id, reading("nobody").id], "reason": "why"}, "held-unknown"),
        ({"because": "retired", "reason": "why"}, "held-unknown"),
        ({"device": "lampe", "reason": "why"}, "act-unknown-device"),
        ({"device": "vekt", "reason": "Kari Nordmann says so"}, "personal-person-name"),
    ],
)
def test_somebody_must_say_which_and_why(full: Hub, params: dict[str, object], reason: str) -> None:
    for name in ("held.release", "held.delete"):
        assert full.ask(name, **params)["error"] == reason
    assert sum(full.store.held().values()) == 3


# --- Equipment --------------------------------------------------------------------------------------------------------


def equipment(hub: Hub) -> dict[str, dict[str, Any]]:
    return {one["device"]: one for one in hub.ask("equipment.list")["equipment"]}


def test_the_register_tells_of_every_instrument_and_keeps_serial_numbers_here(hub: Hub) -> None:
    hub.store.save_twin("dev-2", {"model": "UA-651BLE", "serial": "5120300001", "battery": 80})
    assert equipment(hub)["mansjett"]["state"] == "new"
    hub.create()
    hub.ask("equipment.check", device="mansjett")
    found = equipment(hub)["mansjett"]
    assert (found["state"], found["assignment"], found["baseline"]) == ("in-use", ID, "pending")
    assert (found["model"], found["serial"], found["battery"]) == ("UA-651BLE", "5120300001", 80)
    assert (found["installed_by"], found["checked_by"]) == ("coordinator", "installer")
    hub.local = False
    assert "serial" not in equipment(hub)["mansjett"]
    hub.devices = {}
    assert equipment(hub)["mansjett"]["configured"] is False


def test_a_replaced_instrument_is_out_of_use_and_the_new_one_takes_its_place(hub: Hub) -> None:
    hub.create(devices=["mansjett", "vekt"])
    found = hub.ask("equipment.replace", old="mansjett", new="mansjett-2", reason="leaks")
    assert (found["old"], found["device"], found["assignment"]) == ("dev-2", "dev-3", ID)
    assert (hub.events[-1], hub.audit[-1]) == ("swap replace", "equipment.replace")
    register = equipment(hub)
    assert (register["mansjett"]["state"], register["mansjett"]["replaced_by"]) == ("retired", "dev-3")
    assert (register["mansjett-2"]["assignment"], register["mansjett-2"]["baseline"]) == (ID, "pending")
    assert [d.what.cause for d in hub.store.deviations.all()] == ["replace"]
    assert hub.ask("equipment.replace", old="vekt", new="mansjett", reason="x")["error"] == "equipment-retired"
    assert hub.ask("equipment.replace", old="vekt", new="vekt", reason="x")["error"] == "equipment-same"
    assert hub.ask("equipment.replace", old="lampe", new="vekt", reason="x")["error"] == "act-unknown-device"
    hub.ask("assignment.end")
    hub.wait(DAY)
    assert hub.create(id=NEXT, devices=["mansjett"])["error"] == "equipment-retired"
    assert [d["device"] for d in hub.create(id=NEXT)["assignment"]["devices"]] == ["vekt", "mansjett-2"]


def test_one_that_left_the_configuration_can_still_be_replaced(hub: Hub) -> None:
    hub.create(devices=["mansjett"])
    hub.devices = {"mansjett-2": DEVICES["mansjett-2"]}
    assert hub.ask("equipment.replace", old="mansjett", new="mansjett-2", reason="lost")["assignment"] == ID
    assert hub.ask("equipment.check", device="mansjett")["error"] == "equipment-retired"


def test_what_was_taken_out_of_use_stays_so_whatever_is_asked_of_it(hub: Hub) -> None:
    """Until it is given to somebody again, and then what it remembers is held back anew."""
    hub.create(devices=["mansjett"])
    hub.ask("equipment.replace", old="mansjett", new="mansjett-2", reason="leaks")
    before = equipment(hub)["mansjett"]
    for name, params in (
        ("equipment.check", {"device": "mansjett"}),
        ("equipment.take", {"device": "mansjett", "reason": "x"}),
        ("equipment.replace", {"old": "mansjett", "new": "vekt", "reason": "x"}),
    ):
        assert hub.ask(name, **params)["error"] == "equipment-retired"
    assert (equipment(hub)["mansjett"], before["state"], before["reason"]) == (before, "retired", "leaks")
    assert hub.store.equipment.retired() == {"dev-2"}
    hub.ask("equipment.give", device="mansjett")
    again = equipment(hub)["mansjett"]
    assert (again["state"], again["baseline"]) == ("in-use", "pending")


def test_replaced_between_assignments_the_new_one_serves_nobody(hub: Hub) -> None:
    found = hub.ask("equipment.replace", old="mansjett", new="mansjett-2", reason="leaks")
    assert found["assignment"] is None
    hub.create(devices=["vekt"])
    assert equipment(hub)["mansjett-2"]["assignment"] is None


def test_taken_out_and_given_back_it_begins_anew(hub: Hub) -> None:
    assert hub.ask("equipment.give", device="vekt")["error"] == "assignment-none"
    hub.create(devices=["mansjett"])
    assert hub.ask("equipment.take", device="vekt", reason="x")["error"] == "equipment-idle"
    assert hub.ask("equipment.take", device="mansjett", reason="lent")["assignment"] == ID
    hub.wait(DAY)
    assert hub.ask("equipment.give", device="mansjett:2")["assignment"] == ID
    first, second = hub.ask("assignment.show")["assignment"]["devices"]
    assert (first["until"], second["since"]) == ("2026-03-20T09:30:00+01:00", "2026-03-21T09:30:00+01:00")
    assert (second["users"], second["baseline"]) == ([2], "pending")
    assert hub.events[-2:] == ["assign take", "assign give"]


def test_every_act_has_its_place_in_the_table_and_can_be_asked_for_by_somebody() -> None:
    assert all(name == act.name and act.roles for name, act in ACTS.items())
    with pytest.raises(RefusedError, match="act-role"):
        ACTS["held.delete"].checked({"reason": "x"}, "installer")


def test_what_was_refused_is_offered_again_by_somebodys_word(hub: Hub) -> None:
    assert hub.ask("outbox.retry")["error"] == "outbox-none-refused"
    hub.store.keep([draft(f"n{number}") for number in range(1, 6)])
    for seq, reason in ((1, "mqtt-not-authorised"), (2, "mqtt-payload-invalid"), (3, "personal-data"), (4, "x")):
        hub.store.outbox.set_aside(seq, reason, f'{{"void":{seq}}}')
    found = hub.ask("outbox.list", because="mqtt-payload-invalid")["refused"]
    assert found == [{"kind": "weight", "reason": "mqtt-payload-invalid", "readings": 1}]
    assert hub.ask("outbox.list", kind="glucose")["refused"] == []
    assert hub.ask("outbox.retry", because="x") == {"offered": 1, "left": 0}
    assert hub.ask("outbox.retry") == {"offered": 2, "left": 0}
    assert [one["reason"] for one in hub.ask("outbox.list")["refused"]] == ["personal-data"]
    assert hub.ask("outbox.retry")["error"] == "outbox-none-refused"
    assert hub.ask("outbox.retry", because="personal-data") == {"offered": 1, "left": 0}
    assert [row.seq for row in hub.store.outbox.waiting(5, 99, 9)] == [6, 7, 8, 9]
    assert hub.store.outbox.last_seq == 9
    assert hub.audit.count("outbox.retry") == 3
