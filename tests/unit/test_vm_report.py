"""The page of what was measured in the machine says every fault, and which of them were over before they were told."""

import json
from dataclasses import asdict
from pathlib import Path

from tests.vm.report import Fault, Report, markdown, merged


def test_each_run_has_its_facts_and_each_fault_its_code_and_seconds(tmp_path: Path) -> None:
    run = Report({"debian": "13", "kernel": "6.12"})
    run.faults += [
        Fault("rfkill", "bluetooth-blocked", 0.71, 4.8),
        Fault("bluetoothd restarted", "-", None, 8.06),
    ]
    run.write(tmp_path / "13.json")
    other = Report({"debian": "12"})
    other.write(tmp_path / "12.json")
    page = markdown([json.loads((tmp_path / f"{n}.json").read_text(encoding="utf-8")) for n in (13, 12)], "2026-01-05")
    assert "| rfkill | bluetooth-blocked | 0.7 | 4.8 | 1 |" in page
    assert "| bluetoothd restarted | - | - | 8.1 | 1 |" in page
    assert "| kernel | 6.12 |" in page
    assert page.index("## Debian 13") < page.index("## Debian 12")
    assert "2026-01-05" in page


def test_several_runs_on_one_debian_make_one_part_that_hides_no_difference() -> None:
    facts = merged(
        [
            {"debian": "13", "boot_s": 17, "tests": "3 passed", "lost": "40, 0"},
            {"debian": "13", "boot_s": 21, "tests": "2 passed, 1 failed", "exposure": 1.4},
        ]
    )
    assert facts == {
        "debian": "13", "boot_s": "17; 21", "lost": "40, 0", "exposure": 1.4, "runs": 2, "tests": "5 passed, 1 failed"
    }  # fmt: skip


def test_a_fault_made_more_than_once_is_shown_at_its_worst() -> None:
    def run(*faults: Fault) -> dict[str, object]:
        return {"facts": {"debian": "13"}, "faults": [asdict(fault) for fault in faults]}

    page = markdown(
        [
            run(Fault("bus", "bluetooth-missing", 1.0, 9.0)),
            run(Fault("bus", "-", None, 2.0), Fault("rfkill", "bluetooth-blocked", 1.0, 2.0)),
            run(Fault("bus", "bluetooth-missing", 2.5, 3.0)),
        ],
        "2026-01-05",
    )
    assert page.count("## Debian 13") == 1
    assert "| bus | bluetooth-missing; - | 2.5 | 9.0 | 3 |" in page
    assert "| rfkill | bluetooth-blocked | 1.0 | 2.0 | 1 |" in page
