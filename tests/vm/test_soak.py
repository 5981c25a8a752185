"""A day of a home in the time that is asked for: everything arrives once, and nothing grows.

Asked for with DHO_VM_SOAK_MINUTES: half an hour and more tells something of memory.
"""

import statistics
import time
from collections.abc import Callable

import pytest

from gateway.simulator.peripheral import VirtualDevice
from tests.vm.devices import Devices
from tests.vm.guest import until
from tests.vm.home import Home
from tests.vm.hub import Hub
from tests.vm.report import Report
from tests.vm.rounds import Count, alone, asked, moments

MINUTES = asked("SOAK_MINUTES", 0)
HOURS = 24
SAMPLES = 60
# Memory is flat when the last third of the time has at most so much more than the second: what a page or two of an
# allocator makes, and not what a leak makes.
GROWTH, SLACK_KB = 1.05, 1024
_MEMORY = """for unit in dho-gateway bluetooth; do
    sed -n 's/^VmRSS:[[:space:]]*\\([0-9]*\\) kB/\\1/p' /proc/$(systemctl show $unit --value -p MainPID)/status
done"""

pytestmark = [
    pytest.mark.timeout(900 + 90 * MINUTES),
    pytest.mark.skipif(not MINUTES, reason="asked for with DHO_VM_SOAK_MINUTES"),
]


def flat(kilobytes: list[int]) -> bool:
    """Median against median, so that one moment's peak is none."""
    third = len(kilobytes) // 3
    second, last = (statistics.median(part) for part in (kilobytes[third : 2 * third], kilobytes[2 * third :]))
    return last <= max(second * GROWTH, second + SLACK_KB)


def told(kilobytes: list[int]) -> str:
    third = len(kilobytes) // 3
    parts = (kilobytes[:third], kilobytes[third : 2 * third], kilobytes[2 * third :])
    return ", ".join(f"{statistics.median(part) / 1024:.2f} MB" for part in parts)


def schedule(devices: Devices) -> list[tuple[float, int, Callable[[], None]]]:
    """What is done in the day: hours after its beginning, how many readings that makes, and what; more than most do."""
    every: list[tuple[float, int, Callable[[], None]]] = [
        (0.5, 1, devices.oximeter_measures),
        (1.0, 3, lambda: devices.cuff_measures(3)),
        (1.5, 2, lambda: devices.scale_measures(2)),
        (3.0, 1, devices.blow),
    ]
    whole = [(hours * (n + 1), number, what) for hours, number, what in every for n in range(int(HOURS / hours))]
    return sorted(whole, key=lambda entry: entry[0])


def test_a_day_of_a_home_leaves_memory_flat_and_delivers_everything_once(
    running: Hub, home: Home, devices: Devices, report: Report
) -> None:
    used: list[VirtualDevice] = [devices.oximeter, devices.cuff, devices.scale, devices.spirometer]
    count = Count(running, home, devices)
    began, day = time.monotonic(), MINUTES * 60
    todo = schedule(devices)
    measured = sum(number for _, number, _ in todo)
    memory: list[tuple[int, int]] = []
    while todo or len(memory) < SAMPLES:
        now = time.monotonic() - began
        while todo and todo[0][0] / HOURS * day <= now:
            home.do(todo.pop(0)[2])
        if now >= len(memory) * day / SAMPLES:
            daemon_kb, bluetoothd_kb = map(int, running.guest.run(_MEMORY).split())
            memory.append((daemon_kb, bluetoothd_kb))
        time.sleep(0.2)
    for device in used:
        alone(home, device, 300)
    daemon, bluetoothd = ([sample[n] for sample in memory] for n in (0, 1))
    report.facts["soak: minutes for a day of a home"] = MINUTES
    report.facts["soak: resident memory of the daemon in thirds of the time, medians"] = told(daemon)
    report.facts["soak: the same of bluetoothd"] = told(bluetoothd)
    until(lambda: len(count.received()) >= measured, 180, "everything at the receiver")
    readings = count.received()
    report.facts["soak: readings received of measured"] = f"{len(readings)} of {measured}"
    assert len(readings) == len(moments(readings)) == measured
    assert flat(daemon), daemon
    assert flat(bluetoothd), bluetoothd
