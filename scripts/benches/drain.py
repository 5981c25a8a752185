"""A backlog going out, beside bare paho with the same window and the same payloads; each is a process of its own."""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benches import Row, at_least, share_of_floor
from benches.rig import Counter, Rig, fill, packet_bytes, rig
from gateway.settings import Delivery
from tests.daemon.hub import until

_TURNS = 3
_WITHIN_S = 600.0


def measure(*, quick: bool = False) -> list[Row]:
    """Messages a second, from the connection to the last one at a subscriber; that of several turns whose ratio is in
    the middle.

    Ours opens what is sealed, looks every message through, and writes down what the broker has; the floor does not.
    """
    count = 10_000 if quick else 100_000
    with tempfile.TemporaryDirectory() as name:
        store = Path(name, "store")
        messages = fill(store, count)
        size = sum(map(packet_bytes, messages))
        turns = [(_ours(store, count, size), _bare(messages, size, Delivery().window)) for _ in range(_TURNS)]
    ours, floor = sorted(turns, key=lambda turn: turn[0] / turn[1])[_TURNS // 2]
    return [
        Row(f"backlog of {count:,}, drained", ours, floor, "1/s", share_of_floor(0.7)),
        Row("backlog, drained", ours, None, "1/s", at_least(1000)),
    ]


def _ours(store: Path, count: int, size: int) -> float:
    with rig() as bench:
        shutil.copytree(store, bench.directory / "store")
        counter = Counter(bench.broker.port)
        bench.hub.start()
        until(lambda: bench.hub.named("uplink.connected"), 30)
        return _rate(counter, count, size)


def _bare(messages: list[str], size: int, window: int) -> float:
    with rig() as bench:
        counter = Counter(bench.broker.port)
        with _bare_process(bench, messages, window) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdout.readline()
            process.stdin.write(b"\n")
            process.stdin.flush()
            return _rate(counter, len(messages), size)


def _bare_process(bench: Rig, messages: list[str], window: int) -> "subprocess.Popen[bytes]":
    path = bench.directory / "messages"
    path.write_text("".join(f"{message}\n" for message in messages), encoding="utf-8")
    program = Path(__file__).with_name("bare_drain.py")
    words = [sys.executable, str(program), str(bench.broker.port), str(window), str(path)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _rate(counter: Counter, count: int, size: int) -> float:
    began = time.perf_counter()
    ended = counter.wait(size, _WITHIN_S)
    counter.close()
    return count / (ended - began)
