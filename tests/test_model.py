"""The way out under anything that can happen to it, in any order.

Real store and forwarder under a real supervisor, in virtual time, against a model of broker and receiver. Whatever the
machine does, after some quiet everything that was kept is there: once by id, in its own place, as it was kept, and the
sequence is without a gap or its gaps are accounted for.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.ack import Ack
from tests.readings import draft
from tests.way import Way
from tests.world import settle

PAUSES = [0.3, 2.5, 30.0, 950.0, 4000.0, 90_000.0, 30 * 86_400.0]
few = st.integers(1, 4)


class WayOut(RuleBasedStateMachine):
    """Everything that may happen, as rules."""

    def __init__(self) -> None:
        super().__init__()
        self._place = tempfile.TemporaryDirectory()
        self._loop = asyncio.new_event_loop()
        self._acks: list[Ack] = []
        self._refused: set[int] = set()
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
        if hasattr(self, "way"):
            self._come_to_rest()
            self._run(self.way.stop())
        self._loop.close()
        self._place.cleanup()

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

    @rule(call=st.sampled_from(["waiting", "oldest", "mark_at_broker", "release", "send_again", "set_aside"]), nth=few)
    def the_medium_will_fail(self, call: str, nth: int) -> None:
        self.way.outbox.fail_in = {call: nth}

    @rule(seconds=st.sampled_from(PAUSES))
    def time_passes(self, seconds: float) -> None:
        self._run(self.way.world.advance(seconds))

    # The connection and the broker

    @rule()
    def the_uplink_comes_up(self) -> None:
        if not self.way.broker.up:
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
        self._refused |= {sent.first} if sent.kind != "void" else set()
        self.way.broker.refuse(sent)
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
            aside = {seq for (seq,) in self.way.store._connection.execute("SELECT seq FROM aside")}
            assert aside <= self._refused

    @invariant()
    def nothing_fails_but_the_medium(self) -> None:
        if hasattr(self, "way"):
            assert [failure for failure in self.way.failures if "store-io" not in failure] == []

    def _come_to_rest(self) -> None:
        self.way.outbox.fail_in = {}
        self._run(self.way.quiet())
        self.way.check_complete()


WayOut.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestWayOut = pytest.mark.timeout(300)(WayOut.TestCase)
