"""Nothing is given to the wrong person: what is not known to be the followed person's is held back."""

from collections.abc import Collection

import pytest

from gateway.attribution import Verdict, attribute


@pytest.mark.parametrize(
    ("user", "mapped", "verdict"),
    [
        (None, None, Verdict("assigned", "sole-user")),
        (2, None, Verdict("assigned", "sole-user")),
        (1, (1,), Verdict("assigned", "user-index")),
        (2, (1, 2), Verdict("assigned", "user-index")),
        (2, (1,), Verdict("foreign", "user-index")),
        (None, (1,), Verdict("uncertain", "none")),
        (0, (), Verdict("foreign", "user-index")),
        (None, (), Verdict("uncertain", "none")),
    ],
)
def test_whose_a_reading_is(user: int | None, mapped: Collection[int] | None, verdict: Verdict) -> None:
    assert attribute(user, mapped) == verdict
