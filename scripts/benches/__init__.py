"""What is measured, and beside which floor."""

from typing import NamedTuple


class Row(NamedTuple):
    """One measurement; `floor` is the same work done by bare libraries in this run (None: there is none)."""

    what: str
    ours: float
    floor: float | None
    unit: str
