"""The rules that let the daemon restart what the ladder of recovery restarts, and nothing more."""

import re
from pathlib import Path

from gateway.transport.ble import recovery

SYSTEMD = Path(__file__).parent.parent / "systemd"
SERVICE = (SYSTEMD / "50-dho-gateway-bluetooth.rules").read_text(encoding="utf-8")
REBOOT = (SYSTEMD / "51-dho-gateway-reboot.rules").read_text(encoding="utf-8")


def test_the_units_that_may_be_restarted_are_those_the_daemon_restarts() -> None:
    asked = {unit for units in recovery.UNITS.values() for unit in units}
    listed = re.search(r"units = \[(.*?)\]", SERVICE)
    assert listed is not None
    assert set(re.findall(r'"([^"]+)"', listed[1])) == asked


def test_only_the_daemons_own_user_is_let_and_only_to_restart() -> None:
    for rules in (SERVICE, REBOOT):
        assert 'subject.user === "dho-gateway" &&' in rules
        assert rules.count("polkit.Result.YES") == 1
        assert rules.count("addRule") == 1
    assert 'action.lookup("verb") === "restart" &&' in SERVICE
    assert 'action.id === "org.freedesktop.systemd1.manage-units" &&' in SERVICE


def test_the_user_is_the_one_the_unit_runs_as() -> None:
    unit = (SYSTEMD / "dho-gateway.service").read_text(encoding="utf-8")
    assert "\nUser=dho-gateway\n" in unit
