"""The coverage gate lets nothing by: a gap in a deciding part, or too little over all, fails."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

GATE = Path(__file__).parents[2] / "scripts" / "coverage-gate"


def _verdict(tmp_path: Path, files: dict[str, tuple[list[int], list[list[int]]]], percent: float) -> tuple[int, str]:
    report = {
        "files": {
            path: {
                "summary": {"missing_lines": len(lines), "missing_branches": len(branches)},
                "missing_lines": lines,
                "missing_branches": branches,
            }
            for path, (lines, branches) in files.items()
        },
        "totals": {"percent_covered": percent},
    }
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    run = subprocess.run([sys.executable, GATE, path], capture_output=True, text=True, timeout=30, check=False)
    return run.returncode, run.stdout


def test_whole_coverage_of_the_deciding_parts_and_most_of_the_rest_passes(tmp_path: Path) -> None:
    files: dict[str, tuple[list[int], list[list[int]]]] = {
        "gateway/store/outbox.py": ([], []),
        "gateway/uplink/link.py": ([7], [[3, 4]]),
    }
    assert _verdict(tmp_path, files, 90.0)[0] == 0


@pytest.mark.parametrize(
    "path",
    [
        "gateway/timebase.py",
        "drivers/ble/weight_scale.py",
        "gateway/store/__init__.py",
        "gateway/forwarder.py",
        "gateway/collector.py",
        "lib/python3.11/site-packages/gateway/topics.py",
    ],
)
@pytest.mark.parametrize("gap", [([12], []), ([], [[12, 14]])])
def test_a_line_or_branch_missed_in_a_deciding_part_fails(
    tmp_path: Path, path: str, gap: tuple[list[int], list[list[int]]]
) -> None:
    code, said = _verdict(tmp_path, {path: gap}, 99.9)
    assert code == 1
    assert path in said
    assert "12" in said


def test_too_little_over_all_fails(tmp_path: Path) -> None:
    code, said = _verdict(tmp_path, {}, 89.9)
    assert code == 1
    assert "promised 90 %" in said
