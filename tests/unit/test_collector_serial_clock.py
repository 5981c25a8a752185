"""A serial instrument whose clock is read in conversation: what it stored is dated by that clock."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from drivers.api import PORT
from drivers.serial import nonin_13
from drivers.session import Session
from gateway.collector import Collector, Hooks
from gateway.making import Place
from gateway.simulator.serial_bytes import nonin_13 as spoken
from gateway.store import Store
from tests.world import World


def test_a_stored_record_waits_for_the_clock_that_dates_it(tmp_path: Path) -> None:
    """The record comes before the clock's answer: it is kept at once, and dated when the answer is there."""
    world, store = World(), Store(tmp_path)
    place = Place(hub="hub-1", epoch=store.epoch, id_key=store.id_key, zone=ZoneInfo("Europe/Oslo"))
    hooks = Hooks(kept=lambda *_: None, note=lambda *_: None, changed=lambda: None)
    collector = Collector("dev-1", Session(nonin_13.DRIVER), store, world.env, place, hooks)
    shown = datetime(2020, 2, 3, 4, 5, 6)  # noqa: DTZ001  # an instrument's clock has no zone
    collector.opened()
    collector.frame(PORT, spoken(96, 71, shown - timedelta(hours=2), stored=True))
    assert store.outbox.last_seq == 0
    assert len(store.waiting_frames("dev-1")) == 1
    collector.clock(shown)
    (row,) = store.outbox.waiting(0, 10, 10)
    told = json.loads(row.payload)
    assert told["time"]["source"] == "device"
    measured = datetime.fromisoformat(told["measured_at"])
    assert abs(measured - (world.utc - timedelta(hours=2))) <= timedelta(seconds=1)
    store.close()
