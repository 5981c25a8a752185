"""The unit that operators install: systemd accepts it, and it agrees with what the daemon does."""

import shutil
import subprocess
from pathlib import Path

UNIT = Path(__file__).parent.parent / "systemd" / "dho-gateway.service"


def _settings() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def test_the_unit_waits_for_ready_and_watches_the_data_path() -> None:
    settings = _settings()
    assert settings["Type"] == ["notify"]
    assert settings["WatchdogSec"] == ["60"]


def test_a_refused_configuration_is_not_tried_again_and_any_other_fault_is() -> None:
    settings = _settings()
    assert settings["Restart"] == ["always"]
    assert settings["RestartPreventExitStatus"] == ["78"]
    assert settings["StartLimitIntervalSec"] == ["0"]


def test_a_stranger_s_drivers_folder_is_never_imported() -> None:
    settings = _settings()
    assert settings["Environment"] == ["PYTHONSAFEPATH=1"]
    assert settings["ExecStart"][0].split()[0].endswith("/bin/dho-gateway")


def test_the_daemon_may_ask_the_kernel_whether_the_clock_is_synchronised() -> None:
    """@system-service leaves adjtimex out; without it no reading would ever count as dated by a good clock."""
    allowed = " ".join(_settings()["SystemCallFilter"]).split()
    assert {"adjtimex", "clock_adjtime"} <= set(allowed)
    assert "ProtectClock" not in _settings()


def test_systemd_finds_no_fault_in_the_unit(tmp_path: Path) -> None:
    """Where systemd is installed it is asked; elsewhere every line must at least be a setting."""
    text = UNIT.read_text(encoding="utf-8").replace(_settings()["ExecStart"][0].split()[0], "/bin/true")
    unit = tmp_path / UNIT.name
    unit.write_text(text, encoding="utf-8")
    if shutil.which("systemd-analyze"):
        verdict = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
        assert (verdict.returncode, verdict.stderr) == (0, "")
    assert all("=" in line for line in text.splitlines() if line and not line.startswith(("#", "[")))
