"""What runs have measured: faults with the time until they were named and until readings flowed again, and counts.

usage: python -m tests.vm.report [--report] FILE...
  prints the table of what runs have written into these files; --report keeps it as tests/vm/REPORT.md
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("REPORT.md")
_HEAD = """# What was measured in the machine

Written by `scripts/test-vm --report` on {date}. The machine is emulated, its devices and its radio are virtual;
kernel, bluetoothd, D-Bus and systemd are Debian's. Seconds are those of a slow, shared machine.

"""
_FAULTS = """
*Named*: seconds from the fault until `health` at the broker had the code; "-": readings flowed again before it had to
say anything. *Recovered*: seconds from the end of the fault until a new measurement was in the store.

| fault | code in `health` | named | recovered |
|---|---|---|---|
"""


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


def markdown(runs: Sequence[Mapping[str, Any]], date: str) -> str:
    """The page `tests/vm/REPORT.md`, from what runs have written: one part for each."""
    return _HEAD.format(date=date) + "\n".join(_part(run["facts"], run["faults"]) for run in runs)


def _part(facts: Mapping[str, object], faults: Sequence[Mapping[str, Any]]) -> str:
    counts = "".join(f"| {name} | {value} |\n" for name, value in facts.items())
    text = f"## Debian {facts.get('debian', '?')}\n\n| fact | |\n|---|---|\n{counts}"
    rows = (
        f"| {f['what']} | {f['code']} | {_seconds(f['named_s'])} | {_seconds(f['recovered_s'])} |\n" for f in faults
    )
    return text + (_FAULTS + "".join(rows) if faults else "")


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def main(arguments: list[str]) -> None:
    """Prints, and keeps where asked."""
    keep = "--report" in arguments
    runs = [json.loads(Path(name).read_text(encoding="utf-8")) for name in arguments if name != "--report"]
    page = markdown(runs, datetime.now(UTC).date().isoformat())
    sys.stdout.write(page)
    if keep:
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
