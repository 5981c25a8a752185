"""The one connection that cannot be protected through BlueZ: the first since bluetoothd was killed, of a bonded cuff
that sends by itself and was never told to wait. With `early-senders.conf` it is made past BlueZ, and nothing is lost.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.vm.devices import Devices
from tests.vm.guest import until
from tests.vm.home import Home
from tests.vm.hub import Hub
from tests.vm.report import Report
from tests.vm.rounds import Count, alone, contact, moments, starts_by_itself

pytestmark = pytest.mark.timeout(1200)

STORED = 3
_SHARE = "/opt/dho-gateway/share/dho-gateway/systemd/early-senders.conf"
_PLACE = "/etc/systemd/system/dho-gateway.service.d/early-senders.conf"
_TWINS = "mosquitto_sub -h 127.0.0.1 -u receiver -P 'another secret' -t 'dho/1/+/+/device/+' -W 2 || true"


@pytest.fixture
def allowed(running: Hub) -> Iterator[Hub]:
    """The daemon may open Bluetooth sockets, as the page for operators has it."""
    running.guest.run(f"install -D -m 644 {_SHARE} {_PLACE} && systemctl daemon-reload")
    running.restart()
    running.ensure_running()
    yield running
    running.guest.run(f"rm {_PLACE} && systemctl daemon-reload")
    running.restart()
    running.ensure_running()


@pytest.fixture
def hasty(home: Home, devices: Devices) -> Iterator[Callable[[bool], None]]:
    """Whether the cuff hangs up right after its last value, before it can be told to wait, or never by itself."""
    usual = home.do(lambda: devices.cuff.habits)
    yield lambda on: home.do(lambda: setattr(devices.cuff, "habits", replace(usual, linger=0.02 if on else 60.0)))
    home.do(lambda: setattr(devices.cuff, "habits", usual))


def primed(hub: Hub, is_primed: bool) -> None:
    """Waits until the cuff's twin says that BlueZ has its services, or has not."""
    facts = {"early_sender": True, "primed": is_primed}

    def said() -> bool:
        twins: list[dict[str, Any]] = [
            json.loads(line) for line in hub.guest.run(_TWINS).splitlines() if line.startswith("{")
        ]
        return any(facts.items() <= twin.items() for twin in twins)

    until(said, 180, f"a twin with {facts}")


def test_the_first_connection_after_bluetoothd_was_killed_loses_nothing(
    allowed: Hub, home: Home, devices: Devices, report: Report, hasty: Callable[[bool], None]
) -> None:
    cuff, hub = devices.cuff, allowed
    hasty(True)
    contact(home, cuff, devices.cuff_measures)
    primed(hub, True)
    hub.guest.run("systemctl kill -s KILL bluetooth; systemctl start bluetooth")
    primed(hub, False)
    until(lambda: hub.radio == "ready", 180, "a radio that is ready")
    count = Count(hub, home, devices, cuff)

    # Past BlueZ: first it is gone too soon to be told to wait, then it is told.
    contact(home, cuff, lambda: devices.cuff_measures(STORED))
    primed(hub, False)
    hasty(False)
    contact(home, cuff, lambda: devices.cuff_measures(STORED))
    primed(hub, False)
    # Through BlueZ again.
    contact(home, cuff, lambda: devices.cuff_measures(STORED))
    primed(hub, True)
    hasty(True)
    contact(home, cuff, lambda: devices.cuff_measures(STORED))

    count.wait()
    readings = count.received()
    report.facts["first connections after bluetoothd was killed, past BlueZ and again through it"] = (
        f"{len(readings)} of {count.confirmed}"
    )
    assert count.confirmed == len(readings) == len(moments(readings)) == 4 * STORED
    assert home.pairings[cuff.address] == 1


def test_the_first_connection_after_a_power_cut_loses_nothing(
    allowed: Hub, home: Home, devices: Devices, report: Report, hasty: Callable[[bool], None]
) -> None:
    """That the cuff was never told to wait is known before it is asked, and so it is known afterwards."""
    cuff, hub = devices.cuff, allowed
    starts_by_itself(hub)
    hasty(True)
    contact(home, cuff, devices.cuff_measures)
    primed(hub, True)
    hub.power_cut()
    count = Count(hub, home, devices, cuff)
    home.do(lambda: devices.cuff_measures(STORED))
    hub.power_on()
    alone(home, cuff, 600)
    count.wait()
    readings = count.received()
    report.facts["first connection after a power cut, past BlueZ"] = f"{len(readings)} of {count.confirmed}"
    assert count.confirmed == len(readings) == len(moments(readings)) == STORED
    primed(hub, False)
