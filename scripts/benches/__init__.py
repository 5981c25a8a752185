"""What is measured, beside which floor, and what was promised of it."""

from typing import Literal, NamedTuple

# A hub on this machine, and devices for it.
HUB = """
[hub]
id = "hub-bench"
tenant = "bench"
[store]
path = "{directory}/store"
[mqtt]
host = "127.0.0.1"
port = {port}
insecure_plaintext = true
"""
CUFF = """
[[device]]
name = "cuff"
driver = "blood-pressure"
transport = "ble"
address = "C0:00:00:00:00:12"
"""


class Target(NamedTuple):
    """A bound on the figure itself or on its ratio to the floor."""

    of: Literal["ours", "ratio"]
    sign: Literal["<=", ">="]
    bound: float

    def __str__(self) -> str:
        return f"{'ratio ' if self.of == 'ratio' else ''}{self.sign} {self.bound:g}"


class Row(NamedTuple):
    """One measurement; `floor` is the same work done by bare libraries in this run (None: there is none)."""

    what: str
    ours: float
    floor: float | None
    unit: str
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Ours to the floor."""
        return self.ours / self.floor if self.floor else None

    @property
    def holds(self) -> bool | None:
        """Whether the target is kept; None where there is none."""
        if self.target is None:
            return None
        figure = self.ours if self.target.of == "ours" else self.ratio
        assert figure is not None, "a ratio needs a floor"
        return figure <= self.target.bound if self.target.sign == "<=" else figure >= self.target.bound

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        target = None if self.target is None else str(self.target)
        found = {"what": self.what, "ours": self.ours, "floor": self.floor, "ratio": self.ratio, "unit": self.unit}
        return {**found, "target": target, "holds": self.holds}


def at_most(bound: float) -> Target:
    """The figure itself."""
    return Target("ours", "<=", bound)


def at_least(bound: float) -> Target:
    """The figure itself."""
    return Target("ours", ">=", bound)


def share_of_floor(bound: float) -> Target:
    """The ratio, where more is better."""
    return Target("ratio", ">=", bound)
