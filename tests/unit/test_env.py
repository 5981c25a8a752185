"""The real world, as the daemon sees it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import env
from gateway.env import HubClock


def test_the_clock_is_aware_and_time_goes_forward() -> None:
    world = env.real_env()
    assert world.now().utcoffset() == timedelta(0)
    assert world.monotonic() <= world.monotonic()


def test_ids_differ_and_dice_stay_in_their_range() -> None:
    world = env.real_env()
    assert world.new_id() != world.new_id()
    assert all(0 <= world.jitter() < 1 for _ in range(100))


def test_all_processes_of_one_boot_agree_on_its_name() -> None:
    name = env.real_env().boot_id
    assert name == env.real_env().boot_id
    assert len(name) == 12


def test_a_machine_that_does_not_name_its_boots_gets_a_name_for_this_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(self: Path, encoding: str) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", unreadable)
    assert env.real_env().boot_id != env.real_env().boot_id


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize(("before", "after"), [("synchronised", "unsynchronised"), ("unsynchronised", "synchronised")])
def test_a_clock_that_is_set_while_it_is_read_is_not_believed(at: int, before: HubClock, after: HubClock) -> None:
    """Whichever of the two is read first: the time before, and what is said of the time after, do not go together."""
    questions: list[str] = []

    def state() -> HubClock:
        questions.append("state")
        return before if len(questions) <= at else after

    def now() -> datetime:
        questions.append("now")
        return datetime(2026, 1, 12, tzinfo=UTC)

    world = replace(env.real_env(), now=now, hub_clock=state)
    assert env.wall_clock(world)[1] == "unsynchronised"
    questions.clear()
    assert env.known_time(world) is None


def test_a_clock_that_stays_as_it_is_is_told_with_how_far_it_is_to_be_trusted() -> None:
    noon = datetime(2026, 1, 12, 12, tzinfo=UTC)
    world = replace(env.real_env(), now=lambda: noon, hub_clock=lambda: "rtc")
    assert env.wall_clock(world) == (noon, "rtc")
    assert env.known_time(world) == noon
