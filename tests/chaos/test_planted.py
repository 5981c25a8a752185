"""What the suite is worth: a planted defect of each class is caught and named; without it, the same round is clean."""

from collections.abc import Iterator

import pytest

from tests.chaos.planted import DEFECTS
from tests.chaos.round import play, trap
from tests.chaos.together import Together, together

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def faults(request: pytest.FixtureRequest) -> Iterator[Together]:
    with together(request, "planted", lambda asked: play(trap(asked[0], planted=asked[1])).faults) as playing:
        yield playing


@pytest.mark.parametrize("planted", [(name, True) for name in DEFECTS], ids=DEFECTS)
def test_a_planted_defect_is_caught_and_named(planted: tuple[str, bool], faults: Together) -> None:
    found = faults(planted)
    assert DEFECTS[planted[0]].shown(found), found


@pytest.mark.parametrize("planted", [(name, False) for name in DEFECTS], ids=DEFECTS)
def test_without_the_defect_the_same_round_is_clean(planted: tuple[str, bool], faults: Together) -> None:
    assert faults(planted) == []


def test_something_else_that_goes_wrong_does_not_count_as_caught() -> None:
    assert not DEFECTS["wall-clock-order"].shown(["it did not recover: no new reading came out", "lost: seq 1"])
    assert DEFECTS["wall-clock-order"].shown(["lost: seq 1", "out of order: seq 3 after 4 on connection 0"])
