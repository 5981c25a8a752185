"""A link as poor as 2G at the edge of its cell: 300 ms one way, one segment in ten lost, 20 kbit/s."""

from collections.abc import Iterator

import pytest

from tests.broker.mosquitto import Broker
from tests.chaos.way import Narrow, Way
from tests.daemon.hub import Hub, Listener, Pty, until

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.fixture
def way(broker: Broker) -> Iterator[Way]:
    made = Way(broker.port)
    made.narrow(Narrow())
    yield made
    made.close()


@pytest.mark.timeout(120)
def test_a_backlog_goes_through_without_a_break_and_what_is_measured_meanwhile_is_not_stuck_behind_it(
    hub: Hub, scale: Pty, way: Way, broker: Broker, listener: Listener
) -> None:
    hub.port = way.port
    way.cut()
    hub.start().wait_for("device.opened")
    for number in range(60):
        scale.weigh(50 + number / 100)
    hub.wait_for("reading.stored", 60)
    way.mend()
    way.narrow(Narrow())
    until(lambda: len(listener.readings()) >= 10, 60, "a part of the backlog")
    links = way.links
    scale.weigh(99)
    until(lambda: "99.00" in [r["values"][0]["value"] for r in listener.readings()], 30, "the new reading")
    assert len(listener.readings()) < 60
    until(lambda: len({r["id"] for r in listener.readings()}) == 61, 60, "all readings")
    assert len(listener.readings()) == 61, "nothing was sent twice"
    assert way.links == links, "the link was not given up"
