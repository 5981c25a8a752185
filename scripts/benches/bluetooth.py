"""Bluetooth LE before the virtual home: how soon a device is listened to, and what a crowd of strangers costs.

Times are from the first advertisement heard, over a link of 30 ms each way; the floor is bleak alone doing the same.
Memory is that of the daemon's own process, while thousands of addresses that nobody listed come and go.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from bleak import BleakClient, BleakScanner
from bleak.backends.bluezdbus.version import BlueZFeatures

from benches import CUFF, HUB, Row
from drivers.ble.blood_pressure import DRIVER
from gateway.env import real_env
from gateway.errors import GatewayError
from gateway.simulator import frames
from gateway.simulator.ble_devices import PRESSURE_MEASUREMENT, Cuff
from gateway.simulator.bluez.core import Timing
from gateway.simulator.bluez.radio import Advert
from gateway.simulator.bluez.scripted import ScriptedRadio
from gateway.simulator.bluez.virtual import VirtualBluetooth
from gateway.simulator.broker import LocalBroker
from gateway.simulator.peripheral import Habits
from gateway.transport.ble.radio import BleDevice, Radio

_RUNS = 5
_HABITS = Habits(interval=0.05, linger=1.0, latency=0.03)
_WARM, _CROWD = 1000, 3000
_PER_SECOND = 300


def measure(*, quick: bool = False) -> list[Row]:
    """Medians of several contacts, then a crowd."""
    return [*asyncio.run(_times(2 if quick else _RUNS)), *asyncio.run(_crowd(_CROWD // 10 if quick else _CROWD))]


class _Watch:
    """A contact that looks at its watch."""

    def __init__(self) -> None:
        self.heard: float | None = None
        self.opened_at: float | None = None
        self.first: float | None = None
        self.over = asyncio.Event()

    def note(self, _address: str) -> None:
        self.heard = self.heard or time.perf_counter()

    def opened(self) -> None:
        self.opened_at = time.perf_counter()

    def frame(self, channel: str, data: bytes) -> None:
        self.first = self.first or time.perf_counter()

    def facts(self, facts: Mapping[str, object]) -> None:
        """Nothing to time."""

    def clock(self, device_time: datetime | None) -> None:
        """Nothing to time."""

    def closed(self, error: GatewayError | None) -> None:
        self.over.set()

    def cursor(self) -> int | None:
        return None


async def _times(runs: int) -> list[Row]:
    first = await _contacts(runs, bonded=False)
    paired = await _contacts(runs, bonded=True)
    bare = [await _bare() for _ in range(runs)]
    return [
        Row("first advertisement to subscription", first[0], statistics.median(bare), "s"),
        Row("first advertisement to first value, paired device", paired[1], None, "s"),
    ]


async def _contacts(runs: int, *, bonded: bool) -> tuple[float, float]:
    """Medians to the subscription and to the first value; a paired device has been met once before."""
    cuff = Cuff(habits=_HABITS, needs_bond=bonded)
    opened, valued = [], []
    async with VirtualBluetooth([cuff]) as bluetooth:
        os.environ.update(bluetooth.environ)
        if bonded and isinstance(bluetooth.radio, ScriptedRadio):
            bluetooth.radio.remember(cuff.address)
            cuff.bond = True
        for run in range(runs + 1):
            watch = _Watch()
            radio = Radio(
                [BleDevice(cuff.address, DRIVER, watch)], real_env(), local_time=lambda: None, heard=watch.note
            )
            task = asyncio.create_task(radio.run())
            await _until(lambda: radio.state.code == "ready")  # noqa: B023  # awaited inside the loop
            cuff.measure(frames.blood_pressure(120 + run, 80, 93))
            await watch.over.wait()
            task.cancel()
            await asyncio.wait({task})
            if run and watch.heard and watch.opened_at and watch.first:
                opened.append(watch.opened_at - watch.heard)
                valued.append(watch.first - watch.heard)
    return statistics.median(opened), statistics.median(valued)


async def _bare() -> float:
    cuff = Cuff(habits=_HABITS)
    BlueZFeatures.checked_bluez_version = True
    async with VirtualBluetooth([cuff]) as bluetooth:
        os.environ.update(bluetooth.environ)
        found = asyncio.Event()
        async with BleakScanner(lambda _device, _data: found.set()) as scanner:
            cuff.measure(frames.blood_pressure(120, 80, 93))
            await found.wait()
            heard = time.perf_counter()
            async with BleakClient(scanner.discovered_devices[0]) as client:
                await client.start_notify(PRESSURE_MEASUREMENT, lambda _characteristic, _value: None)
                return time.perf_counter() - heard


async def _crowd(strangers: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        timing = Timing(temporary=1.0)
        async with LocalBroker(Path(name)) as broker, VirtualBluetooth(timing=timing) as bluetooth:
            config = Path(name) / "gateway.toml"
            config.write_text((HUB + CUFF).format(directory=name, port=broker.port), encoding="utf-8")
            daemon = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "gateway", "run", "--config", str(config),
                stderr=asyncio.subprocess.DEVNULL, env={**os.environ, **bluetooth.environ},
            )  # fmt: skip
            try:
                await _until(lambda: bluetooth.called("StartDiscovery") > 0)
                await _pass_by(bluetooth, 0, _WARM)
                before, busy = _resident_mb(daemon.pid), _cpu_s(daemon.pid)
                await _pass_by(bluetooth, _WARM, _WARM + strangers)
                after, spent = _resident_mb(daemon.pid), _cpu_s(daemon.pid) - busy
            finally:
                daemon.terminate()
                await daemon.wait()
    return [
        Row(f"memory gained by {strangers} strangers", after - before, None, "MB"),
        Row("processor time per stranger", spent / strangers * 1000, None, "ms"),
    ]


async def _pass_by(bluetooth: VirtualBluetooth, begin: int, end: int) -> None:
    """Strangers, each heard once, at a steady pace; and time for BlueZ to forget the last of them."""
    for number in range(begin, end):
        address = f"F0:{number >> 8 & 255:02X}:{number & 255:02X}:00:00:01"
        bluetooth.radio.on_advert(Advert(address, "random", None, rssi=-80, manufacturer_data={76: b"\x10\x05"}))
        await asyncio.sleep(1 / _PER_SECOND)
    await asyncio.sleep(2.0)


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  # looked at from outside: nobody tells when it comes true
        await asyncio.sleep(0.01)


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Rss:"))


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
