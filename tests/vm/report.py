"""What a run has measured: faults with the time until they were named and until readings flowed again, and counts."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `code` is what health said of it; `named_s` and `recovered_s` are seconds from the fault, and from
    its end, until the code was told and a reading stored (None: it was over before it had to be told)."""

    what: str
    code: str
    named_s: float | None
    recovered_s: float


@dataclass
class Report:
    """Filled by the tests of a run. `facts` are versions, counts and times by name."""

    facts: dict[str, str | int | float] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def markdown(runs: list[dict[str, object]], date: str) -> str:
    """The page `tests/vm/REPORT.md`, from what runs have written."""
    raise NotImplementedError
