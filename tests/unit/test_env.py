"""The real world, as the daemon sees it."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway import env


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
