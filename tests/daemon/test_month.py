"""A month without a network, ten devices, fifty readings a day: a real daemon, real ports, a real broker; only the
hub's wall clock runs ahead."""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.broker.mosquitto import Broker
from tests.chaos.hub import ChaosHub
from tests.daemon.hub import Listener, Pty, until

pytestmark = [pytest.mark.broker, pytest.mark.slow]

DAYS, DEVICES, EACH = 30, 10, 5
DAY_S = 86_400
_DEVICE = """
[[device]]
name = "scale-{number}"
driver = "and-scale"
transport = "serial"
port = "{port}"
"""


@pytest.fixture
def scales(tmp_path: Path) -> Iterator[list[Pty]]:
    with ExitStack() as undo:
        made = [Pty(tmp_path / f"scale-{number}").plug_in() for number in range(DEVICES)]
        for one in made:
            undo.callback(one.unplug)
        yield made


@pytest.mark.timeout(240)
def test_a_month_offline_comes_complete_in_order_and_with_honest_times(
    tmp_path: Path, broker: Broker, listener: Listener, scales: list[Pty]
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0 synchronised", encoding="ascii")
    hub = ChaosHub(tmp_path, broker.port, orders={"clock": str(clock)})
    hub.more += "".join(_DEVICE.format(number=number, port=one.path) for number, one in enumerate(scales))
    broker.stop()
    hub.start().wait_for("device.opened", DEVICES, 60)
    measured: dict[str, tuple[datetime, datetime]] = {}
    for day in range(DAYS):
        if day == DAYS // 2:
            hub.end(signal.SIGKILL)
            hub.start().wait_for("device.opened", 2 * DEVICES, 60)
        turn = clock.with_suffix(".new")
        turn.write_text(f"{day * DAY_S} synchronised", encoding="ascii")
        turn.rename(clock)
        began = _now(day)
        weights = [
            f"{40 + day + (number * EACH + place) / 100:.2f}" for place in range(EACH) for number in range(DEVICES)
        ]
        for place, weight in enumerate(weights):
            scales[place % DEVICES].weigh(float(weight))
        hub.wait_for("reading.stored", len(weights) * (day + 1), 60)
        measured |= dict.fromkeys(weights, (began, _now(day)))
    assert len(measured) == len(hub.stored) == DAYS * DEVICES * EACH
    broker.start()
    until(lambda: len({r["id"] for r in listener.readings()}) == len(measured), 90, "all readings")
    came = listener.readings()
    assert [r["seq"] for r in came] == list(range(1, len(measured) + 1)), "in order, once"
    assert [(r["id"], r["seq"]) for r in came] == [(e["id"], e["seq"]) for e in hub.stored]
    assert {r["values"][0]["value"] for r in came} == measured.keys()
    for reading in came:
        low, high = measured[reading["values"][0]["value"]]
        assert reading["time"]["source"] == "hub"
        assert (
            low <= datetime.fromisoformat(reading["measured_at"]) + timedelta(seconds=1) <= high + timedelta(seconds=2)
        )
    listener.ack(came[0]["epoch"], len(came))
    assert hub.end(signal.SIGTERM, 30) == 0


def _now(day: int) -> datetime:
    return datetime.fromtimestamp(time.time(), UTC) + timedelta(days=day)
