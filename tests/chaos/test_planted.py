"""What the suite is worth: a planted defect of each class is caught within a few rounds.

Rounds are played until one shows the defect, so how long it takes is chance: asked for by DHO_CHAOS=all, or one by one
with `scripts/chaos --plant NAME`.
"""

import os

import pytest

from tests.chaos.planted import DEFECTS
from tests.chaos.round import plan, play

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.skipif(os.environ.get("DHO_CHAOS") != "all", reason="takes as long as chance wants: DHO_CHAOS=all"),
]

ROUNDS = 12
# How the judge names what each of them does.
NAMED = {
    "ack-before-commit": ("lost:", "two ids:"),
    "delete-on-puback": ("lost:", "gap:"),
    "wall-clock-order": ("out of order:",),
    "seq-outside": ("gap:",),
    "any-clock": ("false time:",),
    "time-as-name": ("lost:",),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_caught_and_named(name: str) -> None:
    for seed in range(1, ROUNDS + 1):
        faults = play(plan(seed, only=DEFECTS[name].by, defect=name)).faults
        if any(line.startswith(NAMED[name]) for line in faults):
            return
    pytest.fail(f"{ROUNDS} rounds did not catch it: {DEFECTS[name].what}")
