"""A sample of `scripts/chaos`: the same rounds each time, and two that nobody has seen before.

`scripts/chaos --replay SEED` plays a round again that failed here.
"""

import random
from collections.abc import Iterator

import pytest

from tests.chaos.faults import FAULTS
from tests.chaos.round import plan, play
from tests.chaos.together import Together, together

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(300)]

KNOWN = tuple(range(10))


def _fresh(nth: int) -> int:
    return random.SystemRandom().randrange(10**9) if nth > KNOWN[-1] else nth


@pytest.fixture(scope="module")
def verdicts(request: pytest.FixtureRequest) -> Iterator[Together]:
    with together(request, "nth", lambda nth: play(plan(_fresh(nth)))) as playing:
        yield playing


@pytest.mark.parametrize("nth", KNOWN)
def test_every_promise_is_kept(nth: int, verdicts: Together) -> None:
    verdict = verdicts(nth)
    assert verdict.faults == [], f"{verdict.plan}\nagain: scripts/chaos --replay {verdict.plan.seed}"
    assert verdict.stored > 0


@pytest.mark.parametrize("nth", [10, 11])
def test_every_promise_is_kept_in_a_new_round(nth: int, verdicts: Together) -> None:
    verdict = verdicts(nth)
    assert verdict.faults == [], f"{verdict.plan}\nagain: scripts/chaos --replay {verdict.plan.seed}"


def test_a_seed_gives_the_same_round_again_and_others_give_others() -> None:
    plans = [plan(seed) for seed in range(200)]
    assert plans == [plan(seed) for seed in range(200)]
    assert len({str(p).partition(":")[2] for p in plans}) == 200
    assert len({len(p.strokes) for p in plans}) == 2


def test_every_fault_has_its_turn() -> None:
    assert {s.fault for seed in range(1500) for s in plan(seed).strokes} == set(FAULTS)
