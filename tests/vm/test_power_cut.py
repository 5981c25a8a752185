"""The power goes while readings arrive, again and again: whatever was logged as stored is there afterwards."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.vm.devices import Devices
from tests.vm.guest import GuestError, until
from tests.vm.home import Home
from tests.vm.hub import Hub
from tests.vm.report import Report
from tests.vm.rounds import alone, asked, starts_by_itself

CUTS = asked("CUTS", 2)
_UNIT = "/etc/systemd/system/dho-gateway.service.d"
_DROP_IN = "/opt/dho-gateway/share/dho-gateway/systemd/serial.conf"
_SCALE = """
[[device]]
name = "seriell-vekt"
driver = "and-scale"
transport = "serial"
port = "/dev/ttyS1"
"""

pytestmark = pytest.mark.timeout(600 + 240 * CUTS)


class Printing:
    """A scale on the serial port that prints a new weight several times a second, while the machine has power."""

    def __init__(self) -> None:
        self._number = 0

    @contextmanager
    def into(self, port: Path) -> Iterator[None]:
        """Prints until the block ends."""
        stop = threading.Event()
        thread = threading.Thread(target=self._print, args=(port, stop), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(10)

    def _print(self, port: Path, stop: threading.Event) -> None:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1.0)
            line.connect(str(port))
            while not stop.wait(0.3):
                self._number += 1
                try:
                    line.sendall(f"ST,+{40 + self._number / 100:08.2f} kg\r\n".encode())
                except TimeoutError:
                    continue  # nobody reads yet
                except OSError:
                    return  # no power


def act(reading: dict[str, Any]) -> tuple[str | None, str]:
    """What no two acts have in common: the device's time, or on the wire, where there is none, the weight."""
    return reading["time"].get("device_time"), reading["values"][0]["value"]


@pytest.fixture
def wired(bonded: Hub, devices: Devices) -> Iterator[Hub]:
    """The daemon reads a serial scale, too."""
    bonded.configure(devices.listed, _SCALE)
    bonded.guest.run(f"install -D -m 644 {_DROP_IN} {_UNIT}/serial.conf && systemctl daemon-reload")
    bonded.restart()
    starts_by_itself(bonded)
    yield bonded
    bonded.configure(devices.listed)
    bonded.guest.run(f"rm -r {_UNIT} && systemctl daemon-reload")
    bonded.restart()


def wait_for_stored(hub: Hub, count: int) -> None:
    until(lambda: len(hub.stored) >= count, 180, "readings stored")


def test_what_was_stored_before_the_power_went_arrives_once(
    wired: Hub, home: Home, devices: Devices, report: Report
) -> None:
    """The log is read outside as it is written: what it says last may be a moment before the cut."""
    printing = Printing()
    before: set[str] = set()
    for n in range(CUTS):
        # Each cut comes at another moment of what is under way.
        enough = len(wired.stored) + 5 + 3 * n
        with printing.into(wired.guest.serial):
            wired.ensure_running()
            home.do(lambda: devices.cuff_measures(3))
            home.do(lambda: devices.scale_measures(2))
            wait_for_stored(wired, enough)
            wired.power_cut()
        before |= wired.stored.keys()
        wired.power_on()
    with suppress(GuestError):
        until(lambda: before <= wired.received().keys(), 180, "everything stored before the cuts at the receiver")
    lost = before - wired.received().keys()
    report.facts["power cuts while readings arrived"] = CUTS
    report.facts["readings stored before a cut, of which lost"] = f"{len(before)}, {len(lost)}"
    assert not lost
    for device in (devices.cuff, devices.scale):
        alone(home, device)
    until(lambda: wired.stored.keys() <= wired.received().keys(), 180, "everything at the receiver")
    acts = [act(reading) for reading in wired.received().values()]
    assert len(set(acts)) == len(acts), "an act of measuring arrived twice"
