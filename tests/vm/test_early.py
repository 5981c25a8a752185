"""What becomes of readings that a bonded device sends before it is asked: the daemon as it is shipped, on real BlueZ.

The link is slow or fast, the device begins so long after its link is encrypted, and hangs up at once: it is never told
to wait, and begins by itself each time. A collector that subscribes after connecting loses up to all of them.
"""

from dataclasses import replace

import pytest

from tests.vm.devices import Devices
from tests.vm.home import Home
from tests.vm.hub import Hub
from tests.vm.report import Report
from tests.vm.rounds import Count, asked, contact, moments

CONTACTS = asked("EARLY", 1)
STORED = 3
DELAYS_MS = (0, 30)
BEGINS_MS = (0, 20, 100, 500)

pytestmark = pytest.mark.timeout(300 + 60 * CONTACTS)


@pytest.mark.parametrize("begins_ms", BEGINS_MS)
@pytest.mark.parametrize("delay_ms", DELAYS_MS)
def test_nothing_an_early_sender_hands_over_is_lost(
    running: Hub, home: Home, devices: Devices, report: Report, delay_ms: int, begins_ms: int
) -> None:
    cuff = devices.cuff
    # It has been asked once, and was not told to wait: it remembers.
    usual = home.do(lambda: cuff.habits)
    home.do(lambda: setattr(cuff, "habits", replace(usual, early=begins_ms / 1000, linger=0.02)))
    try:
        contact(home, cuff, devices.cuff_measures)
        home.delay(delay_ms / 1000)
        count = Count(running, home, devices, cuff)
        for _ in range(CONTACTS):
            contact(home, cuff, lambda: devices.cuff_measures(STORED))
        count.wait()
    finally:
        home.delay(0.0)
        home.do(lambda: setattr(cuff, "habits", usual))
    readings = count.received()
    name = f"early sender, {delay_ms} ms each way, begins {begins_ms} ms after encryption: received of confirmed"
    report.facts[name] = f"{len(readings)} of {count.confirmed}"
    assert count.confirmed == len(readings) == len(moments(readings)) == STORED * CONTACTS
