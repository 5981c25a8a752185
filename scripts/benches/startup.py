"""Start-up and resident memory of the daemon, beside a bare process that imports the same libraries."""

import asyncio
import json
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
import tty
from pathlib import Path

from benches import CUFF, HUB, Row, at_most
from gateway.simulator.bluez.virtual import VirtualBluetooth
from gateway.simulator.broker import LocalBroker

_RUNS = 5
_SETTLE_S = 3.0
_SERIAL = "import asyncio, sqlite3, ssl, serial, structlog, tenacity, pydantic, paho.mqtt.client"
_BLE = f"{_SERIAL}, bleak, dbus_fast"
_FLOOR = """
import time; began = time.perf_counter()
{imports}
print(time.perf_counter() - began, flush=True)
asyncio.run(asyncio.sleep(60))
"""
_SCALE = """
[[device]]
name = "scale"
driver = "and-scale"
transport = "serial"
port = "{tty}"
"""


def measure(*, quick: bool = False) -> list[Row]:
    """Medians of several starts; memory after a few idle seconds, in MB (resident and proportional)."""
    return asyncio.run(_measure(2 if quick else _RUNS))


async def _measure(runs: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        async with LocalBroker(Path(name)) as broker, VirtualBluetooth() as bluetooth:
            serial = [await _start(Path(name), broker.port, {}, "") for _ in range(runs)]
            ble = [await _start(Path(name), broker.port, bluetooth.environ, CUFF) for _ in range(runs)]
    bare = [_floor(_SERIAL) for _ in range(runs)]
    bare_ble = [_floor(_BLE) for _ in range(runs)]
    floor, floor_ble = _medians(bare), _medians(bare_ble)
    ours, ours_ble = _medians(serial), _medians(ble)
    return [
        Row("start to MQTT connected (serial only)", ours["connected"], floor["imported"], "s", at_most(0.7)),
        Row("start to first stored reading (serial only)", ours["stored"], floor["imported"], "s", at_most(0.9)),
        Row(
            "start to MQTT connected (with Bluetooth)", ours_ble["connected"], floor_ble["imported"], "s", at_most(0.7)
        ),
        Row("processor time to MQTT connected (with Bluetooth)", ours_ble["cpu"], floor_ble["cpu"], "s"),
        Row("resident memory, idle (serial only)", ours["rss"], floor["rss"], "MB"),
        Row("proportional memory, idle (serial only)", ours["pss"], floor["pss"], "MB"),
        Row("resident memory, idle (with Bluetooth)", ours_ble["rss"], floor_ble["rss"], "MB", at_most(48)),
        Row("proportional memory, idle (with Bluetooth)", ours_ble["pss"], floor_ble["pss"], "MB"),
    ]


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


async def _start(directory: Path, port: int, environ: dict[str, str], more: str) -> dict[str, float]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    config = directory / "gateway.toml"
    text = (HUB + _SCALE).format(directory=directory, port=port, tty=os.ttyname(slave)) + more
    config.write_text(text, encoding="utf-8")
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "run", "--config", str(config),
        stderr=asyncio.subprocess.PIPE, env={**os.environ, **environ},
    )  # fmt: skip
    assert process.stderr is not None
    found: dict[str, float] = {}
    while not {"connected", "stored"} <= found.keys():
        event = json.loads(await process.stderr.readline()).get("event")
        if event == "uplink.connected":
            found["connected"], found["cpu"] = time.perf_counter() - began, _cpu_s(process.pid)
        elif event == "device.opened":
            os.write(master, f"ST,+{time.time_ns() % 10**5 / 100:08.2f} kg\r\n".encode())
        elif event == "reading.stored":
            found["stored"] = time.perf_counter() - began
    await asyncio.sleep(_SETTLE_S)
    found |= _memory(process.pid)
    process.terminate()
    await process.wait()
    os.close(master)
    os.close(slave)
    return found


def _floor(imports: str) -> dict[str, float]:
    process = subprocess.Popen(
        [sys.executable, "-c", _FLOOR.format(imports=imports)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    began = time.perf_counter()
    process.stdout.readline()
    imported = time.perf_counter() - began
    time.sleep(0.5)
    found = {"imported": imported, "cpu": _cpu_s(process.pid), **_memory(process.pid)}
    process.terminate()
    process.wait()
    process.stdout.close()
    return found


def _cpu_s(pid: int) -> float:
    """Processor time of a process and of those it has waited for; it means something on a busy machine, too."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> dict[str, float]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines[1:]}
    return {"rss": sizes["Rss"], "pss": sizes["Pss"]}
