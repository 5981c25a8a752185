"""What runs have measured: faults with the time until they were named and until readings flowed again, and counts.

usage: python -m tests.vm.report [--report] FILE...
  prints the table of what runs have written into these files; --report keeps it as tests/vm/REPORT.md. Several runs
  on one Debian make one part, which says how many they were; a fault made more than once is shown at its worst.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("REPORT.md")
_HEAD = """# What was measured in the machine

Written by `scripts/test-vm --report` on {date}. The machine is emulated, its devices and its radio are virtual;
kernel, bluetoothd, D-Bus and systemd are Debian's. Seconds are those of a slow, shared machine. Where runs differ,
each run's value is shown.

"""
_FAULTS = """
*Named*: seconds from the fault until `health` at the broker had the code; "-": readings flowed again before it had to
say anything. *Recovered*: seconds from the end of the fault until a new measurement was in the store. *Made*: how
often; the seconds are those of the worst.

| fault | code in `health` | named | recovered | made |
|---|---|---|---|---|
"""
_OUTCOME = re.compile(r"(\d+) (\w+)")


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
    """The page `tests/vm/REPORT.md`, from what runs have written: one part for each Debian."""
    releases = dict.fromkeys(run["facts"].get("debian", "?") for run in runs)
    parts = ([run for run in runs if run["facts"].get("debian", "?") == release] for release in releases)
    return _HEAD.format(date=date) + "\n".join(map(_part, parts))


def _part(runs: Sequence[Mapping[str, Any]]) -> str:
    facts = merged([run["facts"] for run in runs])
    counts = "".join(f"| {name} | {value} |\n" for name, value in facts.items())
    text = f"## Debian {facts.get('debian', '?')}\n\n| fact | |\n|---|---|\n{counts}"
    faults: dict[str, list[Mapping[str, Any]]] = {}
    for fault in (fault for run in runs for fault in run["faults"]):
        faults.setdefault(fault["what"], []).append(fault)
    return text + (_FAULTS + "".join(map(_row, faults.values())) if faults else "")


def merged(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The facts of several runs on one Debian: outcomes are added up, and whatever differs is shown of each run."""
    if len(runs) == 1:
        return dict(runs[0])
    names = dict.fromkeys(name for run in runs for name in run if name != "tests")
    outcomes: Counter[str] = Counter()
    for run in runs:
        for count, outcome in _OUTCOME.findall(run.get("tests", "")):
            outcomes[outcome] += int(count)
    tests = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
    return {name: _distinct(run[name] for run in runs if name in run) for name in names} | {
        "runs": len(runs),
        "tests": tests,
    }


def _distinct(values: Iterable[object]) -> object:
    found = list(dict.fromkeys(values))
    return found[0] if len(found) == 1 else "; ".join(map(str, found))


def _row(made: Sequence[Mapping[str, Any]]) -> str:
    named = [fault["named_s"] for fault in made if fault["named_s"] is not None]
    cells = (
        made[0]["what"],
        _distinct(fault["code"] for fault in made),
        _seconds(max(named, default=None)),
        _seconds(max(fault["recovered_s"] for fault in made)),
        len(made),
    )
    return "| " + " | ".join(map(str, cells)) + " |\n"


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
