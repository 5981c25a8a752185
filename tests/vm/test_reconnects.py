"""A bonded cuff that sends what it has stored as soon as the link is encrypted, and deletes what was confirmed: met
again and again, with the daemon, bluetoothd and the power going in between, it loses nothing and is paired once."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.vm.devices import Devices
from tests.vm.home import Home
from tests.vm.hub import Hub
from tests.vm.report import Report
from tests.vm.rounds import Count, asked, contact, moments, starts_by_itself

ROUNDS = asked("RECONNECTS", 12)
STORED = 3
_SHARE = "/opt/dho-gateway/share/dho-gateway/systemd/early-senders.conf"
_PLACE = "/etc/systemd/system/dho-gateway.service.d/early-senders.conf"

pytestmark = pytest.mark.timeout(900 + 30 * ROUNDS)


@pytest.fixture
def allowed(running: Hub) -> Iterator[Hub]:
    """The daemon may make a connection past BlueZ where a last contact did not end in order."""
    running.guest.run(f"install -D -m 644 {_SHARE} {_PLACE} && systemctl daemon-reload")
    running.restart()
    running.ensure_running()
    starts_by_itself(running)
    yield running
    running.guest.run(f"rm {_PLACE} && systemctl daemon-reload")
    running.restart()
    running.ensure_running()


def cut(hub: Hub) -> None:
    """The power goes and comes back."""
    hub.power_cut()
    hub.power_on()


FAULTS: dict[str, Callable[[Hub], object]] = {
    "daemon restarted": Hub.restart,
    "bluetoothd restarted": lambda hub: hub.guest.run("systemctl restart bluetooth"),
    "power cut": cut,
}


def test_a_cuff_met_again_and_again_loses_nothing(allowed: Hub, home: Home, devices: Devices, report: Report) -> None:
    """Every other time it is gone before it can be told to wait, and begins by itself at the next contact.

    Not so before a fault: that is for `test_bearer`. After a fault, the first connection is one that counts.
    """
    cuff, count = devices.cuff, Count(allowed, home, devices, devices.cuff)
    due = {ROUNDS * (n + 1) // (len(FAULTS) + 1): fault for n, fault in enumerate(FAULTS.values())}
    hasty = {n for n in range(1, ROUNDS, 2) if n + 1 not in due}
    usual = home.do(lambda: cuff.habits)
    quick = replace(usual, linger=0.02)
    try:
        for n in range(ROUNDS):
            if n in due:
                due[n](allowed)
            cuff.habits = quick if n in hasty else usual
            contact(home, cuff, lambda: devices.cuff_measures(STORED))
        count.wait()
    finally:
        cuff.habits = usual
    readings = count.received()
    report.facts["bonded reconnects with restarts of daemon and bluetoothd and a power cut among them"] = ROUNDS
    report.facts["of these begun by the cuff, unasked"] = len(hasty - {ROUNDS - 1})
    report.facts["readings received of those confirmed to it"] = f"{len(readings)} of {count.confirmed}"
    report.facts["pairings"] = home.pairings[cuff.address]
    assert count.confirmed == len(readings) == len(moments(readings)) == STORED * ROUNDS
    assert home.pairings[cuff.address] == 1
