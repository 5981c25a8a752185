"""After an outage: from the broker's return to the first reading of the backlog, timed on the hub's own path."""

import time

from benches import Row, at_most
from benches.rig import Rig, jitter, median, rig
from tests.chaos.oracle import place
from tests.chaos.way import Way
from tests.chaos.wire import Publish
from tests.daemon.hub import until


def measure(*, quick: bool = False) -> list[Row]:
    """Seconds; the lengths of the outages are jittered."""
    lengths = [(3, 6)] * 2 if quick else [(3, 8)] * 4 + [(15, 25)] * 3
    with rig() as bench:
        way = Way(bench.broker.port)
        bench.hub.port = way.port
        bench.online()
        waits = [_once(bench, way, number, jitter(*length)) for number, length in enumerate(lengths)]
        bench.hub.close()
        way.close()
    return [
        Row(f"broker's return to first of the backlog, median of {len(waits)}", median(waits), None, "s", at_most(3)),
        Row("broker's return to first of the backlog, the slowest", max(waits), None, "s"),
    ]


def _once(bench: Rig, way: Way, number: int, length: float) -> float:
    lost = len(bench.hub.named("uplink.lost"))
    bench.broker.stop()
    until(lambda: len(bench.hub.named("uplink.lost")) > lost)
    stored = len(bench.hub.stored)
    for line in range(20):
        bench.scale.weigh(10 + number + line / 100)
    until(lambda: len(bench.hub.stored) >= stored + 20)
    time.sleep(length)
    bench.broker.start()
    back = time.time()
    return float(until(lambda: _first_after(way, back), 60)) - back


def _first_after(way: Way, moment: float) -> float | None:
    readings = (p.at for p in way.passed if isinstance(p.packet, Publish) and place(p.packet) is not None)
    return next((at for at in readings if at > moment - 0.2), None)
