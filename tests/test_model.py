"""The way out under anything that can happen to it, in any order.

Real store and forwarder under a real supervisor, in virtual time, against a model of broker and receiver. Whatever the
machine does, after some quiet everything that was kept is there: once by id, in its own place, as it was kept, and the
sequence is without a gap or its gaps are accounted for. A damaged database begins another sequence, and loses nothing.
"""

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.ack import Ack
from gateway.forwarder import Forwarder
from gateway.store import Store
from gateway.store.outbox import Outbox
from gateway.store.salvage import Wreck
from tests.backend import Receiver
from tests.readings import draft, reading
from tests.way import Way
from tests.world import settle

PAUSES = [0.3, 2.5, 30.0, 950.0, 4000.0, 90_000.0, 30 * 86_400.0]
few = st.integers(1, 4)
# What a medium does is no part of the model: it need not be waited for.
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a directory of its own is made there


class WayOut(RuleBasedStateMachine):
    """Everything that may happen, as rules."""

    def __init__(self) -> None:
        super().__init__()
        self._place = tempfile.TemporaryDirectory(dir=_MEMORY)
        self._loop = asyncio.new_event_loop()
        self._acks: list[Ack] = []
        self._refused: set[int] = set()
        # What came, and what was refused, in all epochs.
        self._came: set[str] = set()
        self._refused_ids: set[str] = set()
        # How much of what was sent has been looked at; places sent so far; this connection's lanes.
        self._looked = 0
        self._sent: set[int] = set()
        self._waited_upto = 0
        self._lane_at: dict[bool, int] = {}
        self.way: Way

    def _run(self, coroutine: Any) -> Any:
        async def whole() -> Any:
            result = await coroutine
            await settle()
            return result

        return self._loop.run_until_complete(whole())

    @initialize(confirm=st.sampled_from(["receiver", "receiver", "broker"]), window=st.integers(1, 6))
    def begin(self, confirm: Any, window: int) -> None:
        self.way = Way(Path(self._place.name) / "store", confirm=confirm, window=window)
        self.confirm = confirm
        self._run(self.way.start())

    def teardown(self) -> None:
        with ExitStack() as undo:
            undo.callback(self._place.cleanup)
            undo.callback(self._loop.close)
            if hasattr(self, "way"):
                undo.callback(lambda: self._run(self.way.stop()))
                self._come_to_rest()

    # The hub

    @rule(count=few)
    def a_device_measures(self, count: int) -> None:
        self._run(self.way.keep(count))

    @precondition(lambda self: self.way._kept)
    @rule(data=st.data())
    def a_device_repeats_itself(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(1, self.way._kept))
        (kept,) = self.way.store.keep([draft(f"reading {number}")])
        assert kept.duplicate

    @rule()
    def the_daemon_is_killed(self) -> None:
        self._run(self.way.crash())

    @rule(broker_too=st.booleans())
    def the_database_is_damaged(self, broker_too: bool) -> None:
        if broker_too and self.confirm == "receiver":
            self.way.broker.queue.clear()
        self.way.receiver.take_all(self.way.broker)
        self._came |= self.way.receiver.seq_of.keys()
        epoch = self.way.store.epoch
        self._run(self.way.crash(damaged=True))
        assert self.way.store.epoch != epoch
        self.way.receiver = Receiver(self.way.store.epoch)
        self._acks, self._refused, self._sent = [], set(), set()

    @rule(
        call=st.sampled_from(
            ["waiting", "oldest", "mark_at_broker", "release", "send_again", "set_aside", "offer_again", "give_up"]
        ),
        nth=few,
    )
    def the_medium_will_fail(self, call: str, nth: int) -> None:
        self.way.outbox.fail_in = {call: nth}

    @rule(seconds=st.sampled_from(PAUSES))
    def time_passes(self, seconds: float) -> None:
        self._run(self.way.world.advance(seconds))

    # The connection and the broker

    @rule()
    def the_uplink_comes_up(self) -> None:
        if not self.way.broker.up:
            self._waited_upto, self._lane_at = self.way.store.outbox.last_seq, {}
            self._run(self.way.connect())

    @precondition(lambda self: self.way.broker.up)
    @rule()
    def the_uplink_goes_down(self) -> None:
        self._run(self.way.cut())

    @precondition(lambda self: self.way.broker.on_the_way)
    @rule(count=st.integers(1, 6))
    def the_broker_takes_some(self, count: int) -> None:
        self._run(self.way.take(count))

    @precondition(lambda self: self.way.broker.on_the_way)
    @rule(count=few)
    def the_broker_takes_some_and_its_word_is_lost(self, count: int) -> None:
        for sent in self.way.broker.on_the_way[:count]:
            self.way.broker.take(sent, answer=False)
        self._run(self.way.cut())

    @precondition(lambda self: self.way.broker.on_the_way)
    @rule(data=st.data())
    def the_broker_refuses_one_for_good(self, data: st.DataObject) -> None:
        sent = data.draw(st.sampled_from(self.way.broker.on_the_way))
        if sent.kind == "void":
            self.way.receiver.untold.update(range(sent.table["from"], sent.table["to"] + 1))
        else:
            self._refused.add(sent.first)
            self._refused_ids.add(sent.table["id"])
        # Rights may be mended: what was denied for them is offered again after a while.
        self.way.broker.refuse(sent, data.draw(st.sampled_from(["mqtt-payload-invalid", "mqtt-not-authorised"])))
        self._run(settle())

    @precondition(lambda self: self.way.broker.on_the_way)
    @rule(data=st.data())
    def the_uplink_is_overfull(self, data: st.DataObject) -> None:
        self.way.broker.choke(data.draw(st.sampled_from(self.way.broker.on_the_way)))
        self._run(settle())

    @precondition(lambda self: self.way.broker.queue and self.confirm == "receiver")
    @rule()
    def the_broker_loses_what_it_had_taken(self) -> None:
        self.way.broker.queue.clear()

    @precondition(lambda self: self.way.broker.queue)
    @rule()
    def the_broker_tells_the_receiver_twice(self) -> None:
        self.way.broker.queue += self.way.broker.queue[:2]

    # The receiver

    @precondition(lambda self: self.way.broker.queue)
    @rule(count=st.integers(1, 8))
    def the_receiver_stores_some(self, count: int) -> None:
        for _number in range(min(count, len(self.way.broker.queue))):
            self.way.receiver.take(self.way.broker.queue.pop(0))

    @rule(resend=st.booleans())
    def the_receiver_speaks(self, resend: bool) -> None:
        ack = self.way.receiver.ack(self.way.store.outbox.last_seq, resend=resend)
        self._acks.append(ack)
        self.way.forwarder.acknowledge(ack)
        self._run(settle())

    @precondition(lambda self: self._acks)
    @rule(data=st.data())
    def an_older_word_comes_again(self, data: st.DataObject) -> None:
        self.way.forwarder.acknowledge(data.draw(st.sampled_from(self._acks)))
        self._run(settle())

    @precondition(lambda self: self.way.store.outbox.last_seq)
    @rule(data=st.data())
    def the_receiver_asks_again_for_anything(self, data: st.DataObject) -> None:
        low = data.draw(st.integers(1, self.way.store.outbox.last_seq))
        high = data.draw(st.integers(low, self.way.store.outbox.last_seq))
        self.way.forwarder.acknowledge(Ack((), ((low, high),)))
        self._run(settle())

    # What holds always

    @invariant()
    def what_nobody_has_confirmed_is_still_here(self) -> None:
        if not hasattr(self, "way") or self.confirm == "broker":
            return
        here = {seq for (seq,) in self.way.store._connection.execute("SELECT seq FROM outbox")}
        given_places = set(range(1, self.way.store.outbox.last_seq + 1))
        assert given_places - here <= self.way.receiver.known

    @invariant()
    def nothing_is_given_up_that_was_not_refused(self) -> None:
        if hasattr(self, "way"):
            aside = {seq for (seq,) in self.way.store._connection.execute("SELECT seq FROM aside WHERE seq > 0")}
            assert aside <= self._refused

    @invariant()
    def each_lane_goes_in_order(self) -> None:
        log = self.way.broker.log if hasattr(self, "way") else []
        for kind, seq in log[self._looked :]:
            if kind != "void" and seq not in self._sent:
                lane = seq > self._waited_upto
                assert seq > self._lane_at.get(lane, 0)
                self._sent.add(seq)
                self._lane_at[lane] = seq
        self._looked = len(log)

    @invariant()
    def nothing_fails_but_the_medium(self) -> None:
        if hasattr(self, "way"):
            assert [failure for failure in self.way.failures if "store-io" not in failure] == []

    def _come_to_rest(self) -> None:
        self.way.outbox.fail_in = {}
        self.the_uplink_comes_up()
        self._run(self.way.quiet())
        self.each_lane_goes_in_order()
        self.way.check_complete()
        kept = {reading(f"reading {number}").id for number in range(1, self.way._kept + 1)}
        assert kept - self._refused_ids <= self._came | self.way.receiver.seq_of.keys() <= kept


WayOut.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestWayOut = pytest.mark.timeout(300)(WayOut.TestCase)


# What the machine is worth: each defect makes it fail in a story that it survives otherwise.
# A story is what happens in turn; the broker confirms in some, in the others the receiver.


class _First:
    """Draws the first of what there is."""

    def draw(self, strategy: Any) -> Any:
        return strategy.elements[0]


def _word_of_the_broker_releases(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Outbox, "mark_at_broker", lambda self, seqs: self.release([(seq, seq) for seq in seqs]))


def _gone_with_the_connection(patch: pytest.MonkeyPatch) -> None:
    done = Forwarder._done

    def careless(self: Forwarder, row: Any, in_flight: set[int], sent: "asyncio.Future[None]") -> None:
        if str(sent.exception()).startswith("connection-lost"):
            self._take(row.seq)
        done(self, row, in_flight, sent)

    patch.setattr(Forwarder, "_done", careless)


def _deaf_to_resend(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Outbox, "send_again", lambda *_: [])


def _refused_without_a_void(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Outbox, "set_aside", lambda self, seq, _reason, _void: self.release([(seq, seq)]))


def _the_last_of_many_is_not_kept(patch: pytest.MonkeyPatch) -> None:
    keep = Store.keep
    patch.setattr(Store, "keep", lambda self, drafts: keep(self, drafts[:-1] if len(drafts) > 3 else drafts))


def _salvage_without_the_oldest(patch: pytest.MonkeyPatch) -> None:
    outbox = Wreck._outbox
    patch.setattr(Wreck, "_outbox", lambda self: islice(outbox(self), 1, None))


def _newest_first(patch: pytest.MonkeyPatch) -> None:
    waiting = Outbox.waiting
    patch.setattr(Outbox, "waiting", lambda self, *where: waiting(self, *where)[::-1])


Steps = tuple[Callable[[WayOut], object], ...]
_UP: Steps = (WayOut.the_uplink_comes_up,)
_TAKEN: Steps = (
    lambda m: m.a_device_measures(3),
    WayOut.the_uplink_comes_up,
    lambda m: m.the_broker_takes_some(3),
    lambda m: m.time_passes(2.5),
)
STORIES: dict[Callable[[pytest.MonkeyPatch], None], tuple[str, Steps]] = {
    _word_of_the_broker_releases: ("receiver", _TAKEN),
    _gone_with_the_connection: ("broker", (lambda m: m.a_device_measures(2), *_UP, WayOut.the_uplink_goes_down)),
    _deaf_to_resend: ("receiver", (*_TAKEN, WayOut.the_broker_loses_what_it_had_taken)),
    _refused_without_a_void: (
        "receiver",
        (lambda m: m.a_device_measures(1), *_UP, lambda m: m.the_broker_refuses_one_for_good(_First())),
    ),
    _the_last_of_many_is_not_kept: ("receiver", (lambda m: m.a_device_measures(4),)),
    _salvage_without_the_oldest: (
        "receiver",
        (lambda m: m.a_device_measures(2), lambda m: m.the_database_is_damaged(broker_too=True)),
    ),
    _newest_first: ("receiver", (lambda m: m.a_device_measures(4), *_UP)),
}


def _live(confirm: str, steps: Steps) -> None:
    machine = WayOut()
    try:
        machine.begin(confirm, 3)
        for step in steps:
            step(machine)
            machine.what_nobody_has_confirmed_is_still_here()
            machine.nothing_is_given_up_that_was_not_refused()
            machine.each_lane_goes_in_order()
            machine.nothing_fails_but_the_medium()
    finally:
        machine.teardown()


@pytest.mark.parametrize("plant", STORIES)
def test_a_planted_defect_makes_the_machine_fail(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    _live(*STORIES[plant])
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        _live(*STORIES[plant])
