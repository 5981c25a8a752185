"""The daemon as systemd runs it: installed by the page, confined, watched, started again."""

import re
import socket

import pytest

from tests.vm.devices import Devices
from tests.vm.guest import until
from tests.vm.hub import Hub
from tests.vm.report import Report

pytestmark = pytest.mark.timeout(1200)

_SCALE = """
[[device]]
name = "seriell-vekt"
driver = "and-scale"
transport = "serial"
port = "/dev/ttyS1"
"""
UNIT = "/etc/systemd/system/dho-gateway.service.d"


@pytest.fixture
def alive(hub: Hub) -> Hub:
    """The daemon runs and has reached its broker."""
    if hub.setting("ActiveState") != "active":
        hub.systemctl("start", 120)
    until(lambda: hub.events and any(e["event"] == "uplink.connected" for e in hub.events), 60, "a connection")
    return hub


def restarts(hub: Hub) -> int:
    return int(hub.setting("NRestarts"))


def test_it_starts_by_the_page_with_secrets_from_credentials(alive: Hub) -> None:
    """`systemctl start` returns once it is ready; the broker lets nobody in without the password."""
    assert alive.setting("ActiveState") == "active"
    assert alive.setting("StatusText") == "ready"
    assert alive.setting("User") == "dho-gateway"
    alive.wait_for("uplink.connected")


def test_it_is_confined_to_1_5_or_better(alive: Hub, report: Report) -> None:
    """`systemd-analyze security`, while all other tests of this run show that it works under it."""
    told = alive.guest.run("systemd-analyze security dho-gateway --no-pager | tail -n 1", 120)
    exposure = re.search(r"dho-gateway\.service: ([0-9.]+)", told)
    assert exposure is not None, told
    report.facts["exposure"] = float(exposure[1])
    assert float(exposure[1]) <= 1.5


def test_nobody_else_reads_what_it_keeps(alive: Hub) -> None:
    """The store belongs to the daemon alone, the configuration and the secrets to root."""
    modes = alive.guest.run(
        "stat -c '%a %U' /var/lib/dho-gateway /etc/dho-gateway /etc/dho-gateway/credentials/mqtt-password"
    )
    assert modes.splitlines() == ["700 dho-gateway", "750 root", "600 root"]
    assert alive.guest.run("find /var/lib/dho-gateway -perm /077 -o ! -user dho-gateway") == ""


def test_kill_9_is_a_fault_and_it_is_started_again(alive: Hub) -> None:
    before, starts = restarts(alive), len(alive.named("daemon.started"))
    alive.guest.run(f"kill -9 {alive.pid}")
    alive.wait_for("daemon.started", starts + 1)
    assert restarts(alive) == before + 1


def test_one_that_stands_still_is_killed_and_started_again(hub: Hub) -> None:
    """The watchdog, shortened for this test: a process that lives and does nothing is found out."""
    hub.write(f"{UNIT}/quick.conf", "[Service]\nWatchdogSec=10\n")
    hub.guest.run("systemctl daemon-reload")
    hub.restart()
    starts = len(hub.named("daemon.started"))
    hub.guest.run(f"kill -STOP {hub.pid}")
    hub.wait_for("daemon.started", starts + 1, 90)
    journal = hub.guest.run("journalctl -u dho-gateway --no-pager -o cat -n 100")
    assert "Watchdog timeout" in journal
    hub.guest.run(f"rm -r {UNIT} && systemctl daemon-reload")


def test_a_refused_configuration_is_not_tried_again(hub: Hub) -> None:
    """Exit code 78 and the reason in the journal; nothing is repeated until a person has mended it."""
    hub.systemctl("stop")
    good = "/etc/dho-gateway/gateway.toml"
    hub.guest.run(f"cp -p {good} /root/good.toml && echo colour = 1 >>{good}")
    hub.guest.run("systemctl start dho-gateway", 120, check=False)
    until(lambda: hub.setting("ActiveState") == "failed", 60, "giving up")
    assert hub.setting("ExecMainStatus") == "78"
    assert restarts(hub) == 0
    assert hub.named("configuration.refused")[-1]["reason"] == "config-unknown-key"
    hub.guest.run(f"cp -p /root/good.toml {good}")
    hub.systemctl("start", 120)


def test_a_fault_at_every_start_is_tried_for_ever_and_gone_when_it_is_mended(hub: Hub) -> None:
    """A crash loop: no limit of starts ends it, and nobody need start the daemon by hand afterwards."""
    store = "/var/lib/dho-gateway"
    hub.systemctl("stop")
    hub.guest.run(f"mv {store} {store}.away && echo >{store}")
    hub.guest.run("systemctl start --no-block dho-gateway")
    until(lambda: restarts(hub) >= 2, 120, "a second new start")
    starts = len(hub.named("daemon.started"))
    hub.guest.run(f"rm {store} && mv {store}.away {store}")
    hub.wait_for("daemon.started", starts + 1)


def test_a_drivers_folder_in_the_working_directory_is_never_imported(hub: Hub) -> None:
    hub.guest.run("mkdir -p /srv/poison/drivers && echo 'raise SystemExit(1)' >/srv/poison/drivers/__init__.py")
    hub.write(f"{UNIT}/poison.conf", "[Service]\nWorkingDirectory=/srv/poison\n")
    hub.guest.run("systemctl daemon-reload")
    hub.restart()
    hub.guest.run(f"rm -r {UNIT} && systemctl daemon-reload")


def test_serial_ports_are_reached_with_the_drop_in_and_only_with_it(hub: Hub, devices: Devices) -> None:
    """Without it the unit sees no serial port at all; with it a scale on one is read."""
    share = "/opt/dho-gateway/share/dho-gateway/systemd"
    hub.configure(devices.listed, _SCALE)
    hub.restart()
    hub.wait_for("device.closed")
    hub.guest.run(f"install -D -m 644 {share}/serial.conf {UNIT}/serial.conf && systemctl daemon-reload")
    stored = len(hub.stored)
    hub.restart()
    hub.wait_for("device.opened")
    with socket.socket(socket.AF_UNIX) as scale:
        scale.connect(str(hub.guest.serial))
        scale.sendall(b"ST,+00082.40 kg\r\n")
        hub.wait_for("reading.stored", stored + 1)
    hub.configure(devices.listed)
    hub.guest.run(f"rm -r {UNIT} && systemctl daemon-reload")


def test_it_stops_in_order_and_in_time(alive: Hub) -> None:
    """Exit code 0, and no kill."""
    alive.systemctl("stop", 15)
    assert alive.setting("Result") == "success"
    assert alive.setting("ExecMainStatus") == "0"
    assert alive.events[-1]["event"] == "daemon.stopped"
    alive.systemctl("start", 120)


def test_a_kernel_that_stands_still_is_restarted_by_the_hardware_watchdog(hub: Hub) -> None:
    """With the drop-in, as the page for operators says; the daemon then runs again, with all it had."""
    share = "/opt/dho-gateway/share/dho-gateway/systemd"
    conf = "/etc/systemd/system.conf.d/dho-gateway.conf"
    hub.guest.run(f"modprobe i6300esb; install -D -m 644 {share}/watchdog.conf {conf} && systemctl daemon-reexec", 120)
    # The driver spells itself in capitals.
    drivers = "wdctl /dev/watchdog0 2>&1; cat /sys/class/watchdog/watchdog0/identity; lsmod"
    until(lambda: "i6300esb" in hub.guest.run(drivers, check=False).lower(), 60)
    before = set(hub.received())
    hub.guest.begin("sync; echo 0 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger")
    until(lambda: not hub.guest.running, 120, "the bite of the watchdog")
    hub.power_cut()
    hub.power_on()
    hub.guest.run(f"rm {conf}")
    hub.ensure_running()
    assert set(hub.received()) >= before
