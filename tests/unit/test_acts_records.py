"""What an act leaves behind: who did it, for which assignment, and a deviation where it was forced."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.acts.api import Act, Param
from gateway.acts.records import Records
from gateway.deviation import Occurrence
from gateway.errors import RefusedError
from gateway.store import Store
from tests.world import World


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store")
    yield opened
    opened.close()


def test_an_act_is_recorded_with_its_role_assignment_and_fields(store: Store) -> None:
    records = Records(store, World().env)
    records.audit(
        "coordinator", "assignment.end", {"assignment": "asg-1", "reason": "moved", "devices": ["a"], "x": 1.5}
    )
    records.audit("support", "status", {"assignment": 7})
    first, second = [json.loads(row.record) for row in store.audit.rows()]
    assert (first["role"], first["what"], first["assignment"]) == ("coordinator", "assignment.end", "asg-1")
    assert first["fields"] == {"assignment": "asg-1", "reason": "moved", "devices": ["a"]}
    assert (second["assignment"], second["boot"]) == (None, "7c9e1f")


def test_what_was_forced_is_a_deviation(store: Store) -> None:
    records = Records(store, World().env)
    records.deviate("coordinator", "equipment", {"cause": "replaced", "device": "dev-1"})
    records.deviate("coordinator", "assignment.end", {"readings": 3, "assignment": "asg-1"})
    records.deviate("coordinator", "forced", {"readings": "many"})
    assert [one.what for one in store.deviations.all()] == [
        Occurrence("equipment", "replaced", 0, "dev-1"),
        Occurrence("forced", "assignment.end", 3, None, "asg-1"),
        Occurrence("forced", "forced", 0),
    ]
    assert store.deviations.all()[0].when.at is not None


@pytest.mark.parametrize("reason", ["Kari Nordmann flyttet", "ring 912 34 567", "13717404089"])
def test_no_act_takes_a_text_that_points_to_a_person(reason: str) -> None:
    act = Act(
        name="assignment.end",
        roles=("coordinator",),
        perform=lambda _params, _context: {},
        params=(Param("reason"), Param("devices", "texts")),
    )
    assert act.checked({"reason": "flyttet"}, "coordinator")
    for params in ({"reason": reason}, {"devices": ["mansjett", reason]}):
        with pytest.raises(RefusedError, match="personal-"):
            act.checked(params, "coordinator")


def test_an_act_takes_the_id_of_a_reading_whatever_digits_it_has() -> None:
    act = Act(name="held.release", roles=("coordinator",), perform=lambda _p, _c: {}, params=(Param("ids", "texts"),))
    assert act.checked({"ids": ["91234567-1234-8abc-9def-123456789012"]}, "coordinator")
