"""A kit goes from home to home: whatever devices remember and whatever their clocks show, no reading of one person
leaves under another's assignment, and none of the right person's is withheld without a reason that is counted.
"""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kit import MINUTE, Kind, Kit, kit

KINDS = st.builds(
    Kind,
    stamps=st.booleans(),
    readable=st.booleans(),
    numbers=st.booleans(),
    resends=st.booleans(),
    users=st.booleans(),
    household=st.booleans(),
    flags=st.booleans(),
)
NAMES = ("a", "b", "c")
WAITS = (1, 3, 7, 20, 61, 240, 700, 1440, 3 * 1440)
EVERYDAY = {"measure": 10, "contact": 10, "live": 4, "wait": 4, "other": 3, "cut": 2, "silent": 2, "restart": 1}
SELDOM = {"reset": 1, "skew": 1, "right": 1, "extend": 1, "give": 1, "take": 1, "end": 0.5, "limited": 0.7}


def home_of(dice: Random, clocks: bool) -> list[tuple[str, str, int]]:
    """One home, from the kit's arrival until it leaves, as it may well go."""
    words = {**EVERYDAY, **(SELDOM if clocks else {"extend": 1, "end": 0.5, "limited": 0.7})}
    life = dice.choices(list(words), list(words.values()), k=dice.randint(6, 25))
    packed = ["other"] * dice.randint(0, 2)
    first = ["contact"] * dice.choice([0, 1, 3])
    return [(word, dice.choice(NAMES), dice.choice(WAITS)) for word in ["assign", *packed, *first, *life]]


def step(home: Kit, what: str, name: str, number: int) -> None:
    if what in ("measure", "other"):
        home.measure(name, other=what == "other")
    elif what in ("contact", "live", "cut", "silent"):
        meet(home, what, name, number)
    elif what in ("reset", "skew", "right"):
        turn(home, what, name, number)
    elif what in ("assign", "limited"):
        home.assign(sorted(home.devices)[: 1 + number % len(home.devices)], 1 if what == "limited" else None)
    elif what == "wait":
        home.wait(number * MINUTE)
    elif what == "restart":
        home.restart()
    elif home.open is not None:
        decide(home, what, name)


def meet(home: Kit, what: str, name: str, number: int) -> None:
    device = home.devices[name]
    # Only what is dated by a clock that was never changed is told from what the person before has left.
    silent = what == "silent" and device.honest and device.kind.stamps and device.kind.readable
    home.contact(name, number % 4 if what in ("cut", "silent") else None, live=what == "live", silent=silent)


def turn(home: Kit, what: str, name: str, number: int) -> None:
    device = home.devices[name]
    wrong = number * MINUTE * (1 if number % 2 else -1)
    device.reset_at = home.now if what == "reset" else None
    device.offset, device.honest = wrong if what == "skew" else timedelta(), False


def decide(home: Kit, what: str, name: str) -> None:
    if what == "extend":
        home.extend(2)
    elif what == "end":
        home.finish()
    elif what == "give":
        home.act("equipment.give", device=name)
    elif what == "take" and home.follows(name):
        home.act("equipment.take", device=name, reason="lent to another home")


def play(home: Kit, dice: Random) -> None:
    clocks = dice.random() < 0.8
    home.measure("a")
    for what, chosen, number in [step for _home in range(dice.randint(1, 4)) for step in home_of(dice, clocks)]:
        names = sorted(home.devices)
        home.wait((1 + number % 5) * MINUTE)
        step(home, what, names[NAMES.index(chosen) % len(names)], number)
    for name in sorted(home.devices):
        home.wait(10 * MINUTE)
        home.contact(name)


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(KINDS, min_size=1, max_size=3), st.integers(0, 2**32))
def test_no_reading_leaves_under_another_persons_assignment(kinds: list[Kind], seed: int) -> None:
    """Clocks right, wrong and reset; records with and without numbers; devices shared, lent, and in the next home."""
    with kit(dict(zip(NAMES, kinds, strict=False))) as home:
        play(home, Random(seed))  # noqa: S311  # a home, not a secret
        home.check()
