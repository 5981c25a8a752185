"""Whose reading this is. Pure; never guessed from a value."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Verdict:
    """`assigned` is sent; `uncertain` and `foreign` are held back and counted."""

    status: Literal["assigned", "uncertain", "foreign"]
    method: Literal["sole-user", "user-index", "none"]


def attribute(user: int | None, mapped: Collection[int] | None) -> Verdict:
    """The verdict on a measurement of the device's user slot `user` (None: absent or unknown).

    `mapped` are the slots configured as the followed person's; None: nothing is configured, the device serves one
    person.
    """
    if mapped is None:
        return Verdict("assigned", "sole-user")
    if user is None:
        return Verdict("uncertain", "none")
    return Verdict("assigned", "user-index") if user in mapped else Verdict("foreign", "user-index")
