"""One device: whatever it says becomes a reading once, in order, with honest time; nothing it does breaks anything."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drivers.api import Act, BleDriver, Frame, GathererFactory
from drivers.gather import each
from drivers.session import Session
from gateway import collector
from gateway.collector import Collector, Hooks
from gateway.errors import TransientError
from gateway.keeping import Kept
from gateway.making import Place
from gateway.store import Store
from tests.aio import run
from tests.readings import REF, TOY, decode_toy, kept_frame, toy
from tests.world import World, settle

OSLO = ZoneInfo("Europe/Oslo")


class Medium:
    """The store, on a medium that can be made to refuse."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.refuses: str | None = None
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any) -> Any:
            self.asked.append(name)
            if self.refuses is not None:
                raise TransientError(self.refuses, "no room")
            return getattr(self._store, name)(*args)

        return call


@dataclass
class Home:
    """A collector on a real store, in a world of the test's own."""

    directory: Path
    world: World = field(default_factory=World)
    driver: BleDriver = field(default_factory=toy)
    users: tuple[int, ...] | None = None
    kept: list[Kept] = field(default_factory=list)
    notes: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    changes: int = 0

    def __post_init__(self) -> None:
        self.store = Store(self.directory)
        self.start()

    def start(self, twin: Mapping[str, object] | None = None) -> None:
        """A new run of the daemon on the same store."""
        self.medium = Medium(self.store)
        place = Place(hub="hub-0042", epoch=self.store.epoch, id_key=self.store.id_key, zone=OSLO)
        self.collector = Collector(
            REF,
            Session(self.driver),
            self.medium,
            self.world.env,
            place,
            Hooks(kept=self._kept, note=self._note, changed=self._changed),
            users=self.users,
            twin=twin,
        )

    def _kept(self, ref: str, kept: Sequence[Kept]) -> None:
        assert ref == REF
        self.kept += kept

    def _note(self, event: str, fields: Mapping[str, object]) -> None:
        self.notes.append((event, fields))

    def _changed(self) -> None:
        self.changes += 1

    def says(self, *texts: str) -> None:
        for text in texts:
            self.collector.frame(TOY, text.encode())

    @property
    def readings(self) -> list[dict[str, Any]]:
        return [json.loads(row.payload) for row in self.store.outbox.waiting(0, 2**62, 1000)]

    @property
    def weights(self) -> list[str]:
        return [reading["values"][0]["value"] for reading in self.readings]

    def events(self, name: str) -> list[Mapping[str, object]]:
        return [fields for event, fields in self.notes if event == name]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    made.store.close()


def with_clock(home: Home, modes: GathererFactory | None = None) -> Home:
    home.driver = toy(clock=True, modes=modes)
    home.start()
    return home


def test_a_value_is_a_reading_on_disk_when_the_call_returns(home: Home) -> None:
    home.collector.opened()
    home.says("W82.40")
    assert home.weights == ["82.40"]
    assert home.kept == [Kept(home.readings[0]["id"], 1)]
    assert home.collector.counters.as_dict() == {"frames": 1, "stored": 1}
    assert home.collector.twin["last_reading_at"] == "2026-01-12T07:41:15+01:00"
    assert home.collector.connected


def test_the_same_act_told_again_is_counted_and_not_kept_again(home: Home) -> None:
    home.says("W82.40@2026-01-12T07:41:00", "W82.40@2026-01-12T07:41:00")
    assert len(home.readings) == 1
    assert home.kept[1].duplicate
    assert home.collector.counters["duplicates"] == 1


def test_a_reading_of_another_person_is_held_and_counted(home: Home) -> None:
    home.users = (1,)
    home.start()
    home.says("W82.40")
    assert home.readings == []
    assert home.store.held() == {"uncertain": 1}
    assert home.collector.counters["held"] == 1


def test_undated_acts_with_one_value_in_one_chunk_are_acts_of_their_own(home: Home) -> None:
    home.driver = toy(modes=_Every)
    home.start()
    home.says("W82.40", "W82.40", "W82.40")
    assert home.weights == ["82.40"] * 3
    assert len({reading["id"] for reading in home.readings}) == 3


class _Every:
    """Every frame is an act, with no window."""

    journal = True

    def add(self, act: Act) -> list[Act]:
        return [act]

    def tick(self, at: float) -> list[Act]:
        return []

    def end(self, at: float) -> list[Act]:
        return []

    def held(self) -> tuple[Frame, ...]:
        return ()


class _Pairs(_Every):
    """Two frames are an act; one alone waits, and is given up at the end."""

    def __init__(self) -> None:
        self._first: Act | None = None

    def add(self, act: Act) -> list[Act]:
        first, self._first = self._first, act
        if first is None:
            return []
        self._first = None
        return [Act(act.measurement, first.frames + act.frames)]

    def end(self, at: float) -> list[Act]:
        self._first = None
        return []

    def held(self) -> tuple[Frame, ...]:
        return () if self._first is None else self._first.frames


class _Late(_Every):
    """Gives its acts a second later, or at the end of contact."""

    def __init__(self) -> None:
        self._acts: list[Act] = []

    def add(self, act: Act) -> list[Act]:
        self._acts.append(act)
        return []

    def tick(self, at: float) -> list[Act]:
        done = [act for act in self._acts if at - act.at >= 1]
        self._acts = [act for act in self._acts if act not in done]
        return done

    def end(self, at: float) -> list[Act]:
        done, self._acts = self._acts, []
        return done

    def held(self) -> tuple[Frame, ...]:
        return tuple(frame for act in self._acts for frame in act.frames)


def test_bytes_that_are_no_measurement_are_kept_noted_and_disturb_nothing(home: Home) -> None:
    home.says("garbage", "W82.40", "", "more garbage")
    assert home.weights == ["82.40"]
    (first, second) = home.events("frame.refused")
    assert first == {"device": REF, "reason": "not-a-toy", "offset": 0, "bytes": 7}
    assert second["bytes"] == 12
    rows = [(data, reason) for data, _at, reason in refused(home)]
    assert rows == [(b"garbage", "not-a-toy"), (b"more garbage", "not-a-toy")]
    assert home.collector.counters["refused"] == 2


def test_a_channel_the_driver_does_not_know_is_refused_like_any_bytes(home: Home) -> None:
    home.collector.frame("other", b"W82.40")
    assert home.readings == []
    assert home.events("frame.refused")[0]["reason"] == "unknown-channel"


def test_a_device_that_sends_only_garbage_neither_fills_the_medium_nor_the_log(home: Home) -> None:
    home.says(*["garbage"] * 100)
    count = "SELECT count(*) FROM frame"
    assert home.store._connection.execute(count).fetchone()[0] == 20
    assert len(home.events("frame.refused")) == 20
    assert home.collector.counters["refused"] == 100

    async def an_hour_later() -> None:
        await home.world.advance(3600)

    run(an_hour_later())
    home.says("garbage")
    assert home.store._connection.execute(count).fetchone()[0] == 21


def test_a_failed_measurement_is_an_event_and_no_reading(home: Home) -> None:
    home.says("!")
    assert home.readings == []
    assert home.events("measurement.failed") == [{"device": REF, "reason": "overload"}]
    assert home.collector.counters["failed"] == 1


def test_a_measurement_beyond_the_contract_s_words_is_kept_as_refused_and_the_next_passes(home: Home) -> None:
    def decode(data: bytes) -> Any:
        measurement = decode_toy(data.removeprefix(b"X"))
        if measurement is None or not data.startswith(b"X"):
            return measurement
        return type(measurement)(kind="shoe-size", samples=measurement.samples)

    home.driver = toy(decode=decode)
    home.start()
    home.says("XW44", "W82.40")
    assert home.weights == ["82.40"]
    assert home.events("frame.refused")[0]["reason"] == "not-a-reading"
    assert [data for data, _at, _reason in refused(home)] == [b"XW44"]


# The device's clock


def test_readings_wait_for_the_device_s_clock_and_are_dated_by_it(home: Home) -> None:
    with_clock(home)
    home.collector.opened()
    home.says("W82.40@2026-01-12T07:35:02")
    assert home.readings == []
    home.collector.clock(datetime(2026, 1, 12, 7, 35, 5))  # noqa: DTZ001
    (reading,) = home.readings
    assert reading["measured_at"] == "2026-01-12T07:41:12+01:00"
    assert reading["time"]["offset_s"] == "370"
    assert home.collector.twin["clock_skew_s"] == 370


def test_a_clock_that_cannot_be_read_is_not_waited_for(home: Home) -> None:
    with_clock(home)
    home.collector.opened()
    home.says("W82.40@2026-01-12T07:35:02")
    home.collector.clock(None)
    assert home.readings[0]["time"]["source"] == "device"
    assert "clock_skew_s" not in home.collector.twin
    home.says("W82.50")
    assert home.weights == ["82.40", "82.50"]


def test_a_clock_that_is_never_told_is_waited_for_three_seconds(home: Home) -> None:
    async def scene() -> None:
        with_clock(home)
        task = asyncio.ensure_future(home.collector.run())
        home.collector.opened()
        home.says("W82.40")
        await home.world.advance(2.9)
        assert home.weights == []
        await home.world.advance(0.2)
        assert home.weights == ["82.40"]
        task.cancel()

    run(scene())


def test_readings_that_wait_for_the_clock_are_kept_in_order_when_contact_ends(home: Home) -> None:
    with_clock(home, _Late)
    home.collector.opened()
    home.says("W1@2026-01-12T07:35:01")

    async def scene() -> None:
        task = asyncio.ensure_future(home.collector.run())
        await home.world.advance(1.5)
        task.cancel()

    run(scene())
    home.says("W2@2026-01-12T07:35:02")
    assert home.weights == []
    home.collector.closed(None)
    assert home.weights == ["1", "2"]


def test_a_hub_that_does_not_know_the_time_tells_no_skew(home: Home) -> None:
    with_clock(home)
    home.world.clock = "unsynchronised"
    home.collector.opened()
    home.collector.clock(datetime(2026, 1, 12, 7, 35, 5))  # noqa: DTZ001
    assert "clock_skew_s" not in home.collector.twin


def test_a_hub_clock_set_during_contact_makes_no_false_date(home: Home) -> None:
    """The device's clock is read while the hub believes it is 1970; the network sets the hub; then the value comes."""
    with_clock(home)
    home.world.set_clock(datetime(1970, 1, 1, tzinfo=UTC), "unsynchronised")
    home.collector.opened()
    home.collector.clock(datetime(2026, 1, 12, 7, 35, 5))  # noqa: DTZ001
    home.world.set_clock(datetime(2026, 1, 12, 6, 41, 15, tzinfo=UTC))
    home.says("W82.40@2026-01-12T07:35:02")
    assert home.readings[0]["measured_at"] == "2026-01-12T07:41:12+01:00"


def test_the_clock_of_one_contact_does_not_date_the_next(home: Home) -> None:
    with_clock(home)
    home.collector.opened()
    home.collector.clock(datetime(2026, 1, 12, 6, 0, 0))  # noqa: DTZ001
    home.collector.closed(None)
    home.collector.opened()
    home.says("W82.40@2026-01-12T07:00:00")
    home.collector.closed(None)
    assert home.readings[0]["time"] == {
        "source": "none",
        "device_time": "2026-01-12T07:00:00",
        "hub_clock": "synchronised",
    }


# A medium that refuses

# Longer than any wait before it is asked again.
RETRIED_S = 11.0


def test_a_full_medium_loses_nothing_doubles_nothing_and_keeps_the_order(home: Home) -> None:
    async def scene() -> None:
        task = asyncio.ensure_future(home.collector.run())
        home.collector.opened()
        home.says("W1")
        home.medium.refuses = "store-full"
        for number in range(2, 6):
            home.says(f"W{number}")
            await home.world.advance(7)
        assert home.weights == ["1"]
        assert home.collector.error is not None
        assert home.collector.error.reason == "store-full"
        home.medium.refuses = None
        await home.world.advance(11)
        assert home.weights == ["1", "2", "3", "4", "5"]
        home.says("W6")
        assert home.weights[-1] == "6"
        assert [reading["received_at"] for reading in home.readings][1:3] == [
            "2026-01-12T07:41:15.204+01:00",
            "2026-01-12T07:41:22.204+01:00",
        ]
        task.cancel()

    run(scene())
    assert [one.seq for one in home.kept] == [1, 2, 3, 4, 5, 6]
    assert home.collector.counters["stored"] == 6


def test_what_is_held_while_the_medium_refuses_has_a_bound_and_what_exceeds_it_is_counted_and_said(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "_HELD_AT_MOST", 3)

    async def story() -> None:
        task = asyncio.ensure_future(home.collector.run())
        home.medium.refuses = "store-full"
        home.says(*(f"W{number}" for number in range(10, 16)))
        assert home.collector.counters["overflowed"] == 3
        assert len(home.collector.unkept) == 3
        assert home.events("reading.lost") == [{"device": REF, "reason": "memory-full", "held": 3}]
        home.medium.refuses = None
        await home.world.advance(30)
        assert home.weights == ["10", "11", "12"]
        home.medium.refuses = "store-full"
        home.says(*(f"W{number}" for number in range(20, 24)))
        assert len(home.events("reading.lost")) == 2
        task.cancel()
        await asyncio.wait({task})

    run(story())


def test_a_refusing_medium_is_told_once_when_lost_and_once_when_found(home: Home) -> None:
    async def scene() -> None:
        task = asyncio.ensure_future(home.collector.run())
        home.collector.opened()
        home.medium.refuses = "store-full"
        home.says("W1", "W2")
        await home.world.advance(60)
        home.medium.refuses = "store-io"
        await home.world.advance(60)
        home.medium.refuses = None
        await home.world.advance(60)
        assert home.collector.error is None
        task.cancel()

    run(scene())
    told = [event for event, _ in home.notes if event.startswith("store.")]
    assert told == ["store.refused", "store.refused", "store.accepted"]
    assert [fields["reason"] for fields in home.events("store.refused")] == ["store-full", "store-io"]


def test_a_refusing_medium_is_asked_ever_more_seldom(home: Home) -> None:
    async def scene() -> None:
        task = asyncio.ensure_future(home.collector.run())
        home.medium.refuses = "store-full"
        home.says("W1")
        await home.world.advance(60)
        assert 8 <= home.medium.asked.count("keep") <= 12
        task.cancel()

    run(scene())


def test_readings_that_come_while_the_medium_refuses_cost_it_nothing(home: Home) -> None:
    """They are kept together when it is asked again; otherwise each would cost more than the one before."""

    async def scene() -> None:
        task = asyncio.ensure_future(home.collector.run())
        home.medium.refuses = "store-full"
        home.says(*(f"W{number}" for number in range(1, 501)))
        assert home.medium.asked.count("keep") == 1
        home.medium.refuses = None
        await home.world.advance(RETRIED_S)
        assert home.weights == [str(number) for number in range(1, 501)]
        assert home.medium.asked.count("keep") == 1 + 3
        task.cancel()

    run(scene())


def test_the_end_of_a_contact_is_a_last_try(home: Home) -> None:
    """The daemon may be about to stop: what the medium takes again by then is not lost with it."""
    home.collector.opened()
    home.medium.refuses = "store-io"
    home.says("W1", "W2")
    home.medium.refuses = None
    home.collector.closed(None)
    assert home.weights == ["1", "2"]


def test_a_medium_fault_hides_behind_no_contact_fault_and_the_other_way_round(home: Home) -> None:
    home.collector.opened()
    home.collector.closed(TransientError("ble-dropped"))
    assert home.collector.error is not None
    assert home.collector.error.reason == "ble-dropped"
    home.medium.refuses = "store-full"
    home.says("W1")
    assert home.collector.error.reason == "store-full"
    home.medium.refuses = None
    home.world.monotonic += RETRIED_S
    home.says("W2")
    assert home.collector.error.reason == "ble-dropped"
    home.collector.opened()
    assert home.collector.error is None


def test_a_medium_that_refuses_everything_breaks_nothing(home: Home) -> None:
    home.driver = toy(clock=True, modes=_Pairs)
    home.start()
    home.medium.refuses = "store-io"
    home.collector.resume()
    home.collector.opened()
    home.says("garbage", "W1", "W2", "W3")
    home.collector.facts({"model": "x"})
    home.collector.closed(None)
    assert home.readings == []
    home.medium.refuses = None
    home.world.monotonic += RETRIED_S
    home.says("W4", "W5")
    assert home.weights == ["2", "5"]


# Crashes


def test_readings_that_waited_for_a_clock_at_a_crash_are_kept_at_the_next_start_with_the_same_ids(home: Home) -> None:
    """An undated one, a dated one, and one of which the device will tell again."""
    with_clock(home)
    home.collector.opened()
    home.says("W82.40", "W81.00@2026-01-12T07:41:00", "W80.00#7")
    assert home.readings == []
    assert len(home.store.waiting_frames(REF)) == 3
    home.world.reboot("another")
    home.start()
    home.collector.resume()
    assert home.weights == ["82.40", "81.00", "80.00"]
    assert {reading["boot"] for reading in home.readings} == {"7c9e1f"}
    assert [reading["received_at"] for reading in home.readings] == ["2026-01-12T07:41:15.204+01:00"] * 3
    assert home.store.waiting_frames(REF) == []
    home.says("W81.00@2026-01-12T07:41:00", "W80.00#7")
    assert home.collector.counters["duplicates"] == 2
    before = [reading["id"] for reading in home.readings]
    home.start()
    home.collector.resume()
    assert [reading["id"] for reading in home.readings] == before


def test_an_act_kept_before_and_after_a_crash_at_any_moment_has_one_id(tmp_path: Path) -> None:
    """The undated act gets the id it would have had without the crash."""
    ids = []
    for crash in (False, True):
        home = Home(tmp_path / str(crash))
        with_clock(home)
        home.collector._place = Place(hub="h-1", epoch="e", id_key=bytes(32), zone=OSLO)
        home.collector.opened()
        home.says("W82.40")
        if crash:
            home.world.reboot("another")
            home.start()
            home.collector._place = Place(hub="h-1", epoch="e", id_key=bytes(32), zone=OSLO)
            home.collector.resume()
        else:
            home.collector.clock(None)
        ids += [reading["id"] for reading in home.readings]
        home.store.close()
    assert len(ids) == 2
    assert ids[0] == ids[1]


def test_an_equal_weight_after_a_reboot_is_a_new_act(home: Home) -> None:
    """The act on disk is younger, by the monotonic clock of its own boot, than anything this boot has seen."""
    with_clock(home, each(5.0))
    home.collector.opened()
    home.says("W82.40")
    home.world.reboot("another", up_s=20)
    home.start()
    home.collector.resume()
    home.says("W82.40")
    assert home.weights == ["82.40", "82.40"]


def test_a_half_act_on_disk_is_forgotten_when_it_can_no_longer_be_completed(home: Home) -> None:
    home.driver = toy(modes=_Pairs)
    home.start()
    home.collector.opened()
    home.says("W1")
    assert [frame.data for frame in home.store.waiting_frames(REF)] == [b"W1"]
    home.start()
    home.collector.resume()
    assert home.store.waiting_frames(REF) == []
    assert home.collector.counters["incomplete"] == 1


def test_a_half_act_is_forgotten_when_contact_ends_and_a_whole_one_leaves_no_frames(home: Home) -> None:
    home.driver = toy(modes=_Pairs)
    home.start()
    home.collector.opened()
    home.says("W1", "W2", "W3")
    assert home.weights == ["2"]
    assert [frame.data for frame in home.store.waiting_frames(REF)] == [b"W3"]
    home.collector.closed(None)
    assert home.store.waiting_frames(REF) == []
    assert home.collector.counters["incomplete"] == 1


def test_a_frame_on_disk_that_no_decoder_takes_any_more_is_kept_as_refused_with_its_own_moment(home: Home) -> None:
    home.store.add_frames([kept_frame(b"from an older decoder", monotonic=5e6)])
    home.collector.resume()
    row = refused(home)
    assert row == [(b"from an older decoder", 5e6, "unknown-channel")]


def test_a_stream_of_which_only_the_summary_matters_is_not_written_down(home: Home) -> None:
    class _Stream(_Pairs):
        journal = False

    home.driver = toy(modes=_Stream)
    home.start()
    home.says("W1")
    assert "add_frames" not in home.medium.asked


# What is known of the device


def test_what_the_device_tells_of_itself_is_known_and_news_only_once(home: Home) -> None:
    before = home.changes
    home.collector.facts({"model": "x", "battery": 90})
    home.collector.facts({"model": "x", "battery": 90})
    assert home.changes == before + 1
    assert home.collector.twin["model"] == "x"
    home.says("W82.40")
    assert home.readings[0]["device"] == {"ref": REF, "kind": "weight", "model": "x"}


def test_what_lasts_is_saved_when_contact_ends_and_only_when_it_changed(home: Home) -> None:
    home.collector.opened()
    home.collector.facts({"model": "x", "rssi": -60})
    home.collector.closed(None)
    assert home.store.twin(REF) == {"model": "x"}
    home.collector.opened()
    home.collector.closed(None)
    assert home.medium.asked.count("save_twin") == 1
    home.start(home.store.twin(REF))
    assert home.collector.twin == {"model": "x"}
    home.collector.closed(None)
    assert "save_twin" not in home.medium.asked


def test_whether_a_device_was_told_to_wait_is_saved_at_once(home: Home) -> None:
    """The power may go during the contact, and the next one depends on it."""
    home.collector.opened()
    home.collector.facts({"cleared": False})
    assert home.store.twin(REF) == {"cleared": False}


def test_what_could_not_be_saved_is_saved_next_time(home: Home) -> None:
    home.collector.facts({"model": "x"})
    home.medium.refuses = "store-full"
    home.collector.closed(None)
    home.medium.refuses = None
    home.collector.closed(None)
    assert home.store.twin(REF) == {"model": "x"}


def test_the_cursor_is_the_highest_record_number_kept(home: Home) -> None:
    assert home.collector.cursor() is None
    home.says("W1#7", "W2#5")
    assert home.collector.cursor() == 7


def test_the_end_of_a_contact_is_noted_with_its_reason(home: Home) -> None:
    home.collector.opened()
    home.collector.closed(None)
    home.collector.opened()
    home.collector.closed(TransientError("ble-dropped", "link loss"))
    assert [fields["reason"] for fields in home.events("device.closed")] == ["ended", "ble-dropped"]
    assert home.collector.counters["error.ble-dropped"] == 1
    assert not home.collector.connected
    assert home.collector.twin["last_seen"] == "2026-01-12T07:41:15+01:00"


def test_time_passes_for_the_driver_while_a_device_speaks_and_not_for_ever_after(home: Home) -> None:
    ticks: list[float] = []

    class _Ticking(_Late):
        def tick(self, at: float) -> list[Act]:
            ticks.append(at)
            return super().tick(at)

    home.driver = toy(modes=_Ticking)
    home.start()

    async def scene() -> None:
        task = asyncio.ensure_future(home.collector.run())
        await home.world.advance(100)
        assert ticks == []
        home.says("W1")
        await home.world.advance(1.0)
        assert home.weights == ["1"]
        assert home.store.waiting_frames(REF) == []
        await home.world.advance(1000)
        assert len(ticks) == 120
        task.cancel()
        await settle()

    run(scene())


def test_a_silent_device_costs_no_wake_ups_and_its_next_frame_is_heard_like_the_first(home: Home) -> None:
    async def scene() -> None:
        task = asyncio.ensure_future(home.collector.run())
        for _ in range(2):
            home.says("W82.40")
            await settle()
            assert len(home.world._sleepers) == 1
            await home.world.advance(61)
            assert home.world._sleepers == []
        task.cancel()
        await settle()

    run(scene())


def test_a_frame_that_came_earlier_carries_the_moment_it_came(home: Home) -> None:
    """Kept when its act is complete, dated when it was received."""
    home.driver = toy(modes=_Late)
    home.start()

    async def scene() -> None:
        task = asyncio.ensure_future(home.collector.run())
        home.says("W1")
        await home.world.advance(2)
        task.cancel()

    run(scene())
    received = datetime.fromisoformat(home.readings[0]["received_at"])
    assert timedelta(0) <= home.world.utc - received - timedelta(seconds=2) < timedelta(seconds=1)


def refused(home: Any) -> list[tuple[bytes, float, str]]:
    """Frames on disk, unsealed: bytes, moment, reason."""
    query = "SELECT number, data, monotonic, reason FROM frame ORDER BY number"
    seal = home.store._frames._seal
    return [
        (bytes.fromhex(seal.open(sealed, "frame", number, "data")), at, reason)
        for number, sealed, at, reason in home.store._connection.execute(query)
    ]


def test_what_a_device_tells_of_a_person_is_not_kept(home: Home) -> None:
    home.collector.facts(
        {"model": "x", "manufacturer": "13717404089", "hardware": "kari@skien.kommune.no", "battery": 90}
    )
    # Eleven digits that are no number today may be one tomorrow; a serial number stays on the hub.
    home.collector.facts({"firmware": "build 13717404080", "serial": "13717404080"})
    assert home.collector.twin == {"model": "x", "battery": 90, "serial": "13717404080"}
