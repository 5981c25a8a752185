"""A sample of `scripts/chaos`: the same rounds each time, and two that nobody has seen before.

`scripts/chaos --replay SEED` plays a round again that failed here.
"""

import random

import pytest

from tests.chaos.faults import FAULTS
from tests.chaos.round import plan, play

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(120)]

KNOWN = tuple(range(10))


@pytest.mark.parametrize("seed", KNOWN)
def test_every_promise_is_kept(seed: int) -> None:
    verdict = play(plan(seed))
    assert verdict.faults == [], f"{verdict.plan}\nagain: scripts/chaos --replay {seed}"
    assert verdict.stored > 0


@pytest.mark.parametrize("nth", [1, 2])
def test_every_promise_is_kept_in_a_new_round(nth: int) -> None:
    seed = random.SystemRandom().randrange(10**9)
    verdict = play(plan(seed))
    assert verdict.faults == [], f"{verdict.plan}\nagain: scripts/chaos --replay {seed}"


def test_a_seed_gives_the_same_round_again_and_others_give_others() -> None:
    plans = [plan(seed) for seed in range(200)]
    assert plans == [plan(seed) for seed in range(200)]
    assert len({str(p).partition(":")[2] for p in plans}) == 200
    assert len({len(p.strokes) for p in plans}) == 2


def test_every_fault_has_its_turn() -> None:
    assert {s.fault for seed in range(1500) for s in plan(seed).strokes} == set(FAULTS)
