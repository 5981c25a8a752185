"""Commands that connect to a device go by the same trust in the hub's clock as the daemon."""

from datetime import timedelta
from pathlib import Path

from gateway.cli.device.bench import _trusting
from gateway.store import Store
from gateway.timebase import RELEASED
from tests.world import World

DAY = timedelta(days=1)


def test_a_clock_that_shows_what_is_certainly_past_is_not_believed(tmp_path: Path) -> None:
    store, world = Store(tmp_path), World(RELEASED + 10 * DAY)
    store.undated.raise_floor(RELEASED + 9 * DAY)
    env = _trusting(world.env, store)
    world.clock = "rtc"
    assert env.hub_clock() == "rtc"
    world.utc = RELEASED + 8 * DAY
    assert env.hub_clock() == "unsynchronised"
    world.clock = "synchronised"
    assert env.hub_clock() == "synchronised"
    store.close()
