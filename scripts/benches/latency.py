"""From the last byte on the serial line to a subscriber at the broker, beside a bare gateway that keeps no promise."""

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from benches import Row, at_most
from benches.rig import Rig, percentile, rig

_RATES = (10, 100, 1000)
_QUIET_S = 2.0


def measure(*, quick: bool = False) -> list[Row]:
    """Milliseconds at 10, 100 and 1000 lines a second; lines that never came."""
    seconds = 5 if quick else 20
    rows = []
    for rate in _RATES:
        count = rate * (min(seconds, 10) if rate == 1000 else seconds)
        with rig() as bench:
            bench.online()
            ours = _run(bench, rate, count)
        with rig() as bench, _bare(bench):
            floor = _run(bench, rate, count)
        rows += _rows(rate, count, ours, floor)
    return rows


def _rows(rate: int, count: int, ours: list[float], floor: list[float]) -> list[Row]:
    # The promise is for 10/s and 100/s; at 1000/s nothing may be lost.
    middle, high = (at_most(5), at_most(25)) if rate < 1000 else (at_most(20), at_most(100))
    name = f"serial line to broker at {rate}/s"
    return [
        Row(f"{name}, p50", percentile(ours, 0.5), percentile(floor, 0.5), "ms", middle),
        Row(f"{name}, p99", percentile(ours, 0.99), percentile(floor, 0.99), "ms", high),
        Row(f"{name}, lost of {count:,}", count - len(ours), count - len(floor), "lines", at_most(0)),
    ]


@contextlib.contextmanager
def _bare(bench: Rig) -> Iterator[None]:
    program = Path(__file__).with_name("bare_gateway.py")
    words = [sys.executable, str(program), str(bench.scale.path), str(bench.broker.port)]
    process = subprocess.Popen([*words, str(bench.directory / "bare.sqlite")], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _run(bench: Rig, rate: int, count: int) -> list[float]:
    """Milliseconds of every line that came."""
    came: dict[str, float] = {}
    listening = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2, client_id="watch")

    def heard(_client: Client, _data: object, message: MQTTMessage) -> None:
        came.setdefault(json.loads(message.payload)["values"][0]["value"], time.perf_counter())

    client.on_message = heard
    client.on_subscribe = lambda *_: listening.set()
    client.connect("127.0.0.1", bench.broker.port)
    client.subscribe("dho/+/+/+/reading/weight", 0)
    client.loop_start()
    assert listening.wait(10)
    fed = _feed(bench, rate, count)
    deadline = time.monotonic() + 30
    while len(came) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(_QUIET_S if len(came) < count else 0)
    client.disconnect()
    client.loop_stop()
    return [(came[value] - at) * 1000 for value, at in fed.items() if value in came]


def _feed(bench: Rig, rate: int, count: int) -> dict[str, float]:
    fed: dict[str, float] = {}
    began = time.perf_counter()
    for number in range(1, count + 1):
        wait = began + number / rate - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        bench.scale.weigh(number / 100)
        fed[f"{number / 100:.2f}"] = time.perf_counter()
    return fed
