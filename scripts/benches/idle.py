"""What a hub costs that has nothing to do, and how soon it ends when it is told to."""

import signal
import time

from benches import Row, at_most
from benches.rig import cpu_s, jitter, median, rig


def measure(*, quick: bool = False) -> list[Row]:
    """Percent of one core; seconds."""
    seconds, times = (10, 2) if quick else (30, 5)
    with rig() as bench:
        bench.online()
        time.sleep(3)
        before, began = cpu_s(bench.hub.pid), time.monotonic()
        time.sleep(seconds)
        share = (cpu_s(bench.hub.pid) - before) / (time.monotonic() - began) * 100
        bench.hub.end(signal.SIGTERM)
        ends, finds = [], []
        for number in range(1, times + 1):
            bench.online()
            for line in range(20):
                bench.scale.weigh(number + line / 100)
            began = time.monotonic()
            assert bench.hub.end(signal.SIGTERM) == 0
            ends.append(time.monotonic() - began)
        bench.online()
        for _ in range(times):
            bench.scale.unplug()
            time.sleep(jitter(1, 4))
            opened = len(bench.hub.named("device.opened"))
            bench.scale.plug_in()
            began = time.monotonic()
            bench.hub.wait_for("device.opened", opened + 1)
            finds.append(time.monotonic() - began)
    return [
        Row("idle processor time, no radio", share, None, "%", at_most(0.1)),
        Row("end after SIGTERM, the slowest", max(ends), None, "s", at_most(2)),
        Row("serial port found again, median", median(finds), None, "s", at_most(3)),
    ]
