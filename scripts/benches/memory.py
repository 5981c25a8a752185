"""Resident memory with many readings outstanding, beside the same hub with few."""

import time

from benches import Row, Target, at_most
from benches.rig import fill, resident_mb, rig
from tests.daemon.hub import until

_SETTLE_S = 4.0


def measure(*, quick: bool = False) -> list[Row]:
    """Megabytes, once everything has gone to a broker and nobody has confirmed it."""
    many = 10_000 if quick else 100_000
    few_mb, many_mb = _resident(1000), _resident(many)
    return [
        Row(f"resident memory, {many:,} outstanding beside 1,000", many_mb, few_mb, "MB", Target("ratio", "<=", 1.1)),
        Row(f"resident memory, {many:,} outstanding", many_mb, None, "MB", at_most(48)),
    ]


def _resident(count: int) -> float:
    with rig() as bench:
        fill(bench.directory / "store", count)
        bench.hub.start()
        until(lambda: bench.hub.named("uplink.connected"), 60)
        time.sleep(_SETTLE_S + count / 2000)  # everything has gone out by then, at half the speed that is promised
        return resident_mb(bench.hub.pid)
