"""The page of what was measured in the machine says every fault, and which of them were over before they were told."""

import json
from pathlib import Path

from tests.vm.report import Fault, Report, markdown


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
    assert "| rfkill | bluetooth-blocked | 0.7 | 4.8 |" in page
    assert "| bluetoothd restarted | - | - | 8.1 |" in page
    assert "| kernel | 6.12 |" in page
    assert page.index("## Debian 13") < page.index("## Debian 12")
    assert "2026-01-05" in page
