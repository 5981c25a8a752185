"""One connection at a time, first to whom will leave first, and never deaf for long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RefusedError, TransientError
from gateway.transport.ble.limits import Limits
from gateway.transport.ble.queue import ContactQueue

A, B, C = "AA", "BB", "CC"
LIMITS = Limits()
FAILED = TransientError("ble-connect-failed")


def queue() -> ContactQueue[str]:
    return ContactQueue([A, B, C], LIMITS)


def test_who_was_heard_first_is_served_first_however_often_the_others_are_heard() -> None:
    waiting = queue()
    waiting.heard(B, "b1", 0.0)
    waiting.heard(A, "a1", 0.1)
    for n in range(20):
        waiting.heard(A, f"a{n}", 0.2 + n / 100)
    assert waiting.take(1.0) == (B, "b1")


def test_repeats_are_one_entry_with_the_newest_handle() -> None:
    waiting = queue()
    waiting.heard(A, "old", 0.0)
    waiting.heard(A, "new", 1.0)
    assert waiting.take(1.0) == (A, "new")
    waiting.finished(A, None, 2.0)
    assert waiting.take(10.0) is None


def test_foreign_devices_leave_no_trace() -> None:
    waiting = queue()
    for n in range(1000):
        waiting.heard(f"foreign-{n}", "x", 0.0)
    assert waiting.take(1.0) is None
    assert waiting.seconds(1.0) is None
    assert not waiting.others(A, 1.0)


def test_a_device_not_heard_for_a_while_is_not_waited_for() -> None:
    waiting = queue()
    waiting.heard(A, "a", 0.0)
    waiting.heard(B, "b", LIMITS.stale_s)
    assert waiting.take(LIMITS.stale_s + 1.0) == (B, "b")


def test_a_served_device_is_held_off_a_moment_and_served_again_when_heard_after_it() -> None:
    waiting = queue()
    waiting.heard(A, "a", 0.0)
    waiting.take(0.0)
    waiting.finished(A, None, 5.0)
    waiting.heard(A, "lingering", 5.0 + LIMITS.hold_off_s / 2)
    assert waiting.take(60.0) is None
    waiting.heard(A, "again", 61.0)
    assert waiting.take(61.0) == (A, "again")


def test_a_device_in_contact_is_not_queued_behind_itself() -> None:
    waiting = queue()
    waiting.heard(A, "a", 0.0)
    waiting.take(0.0)
    waiting.heard(A, "the stack speaking", 1.0)
    assert not waiting.others(B, 1.0)
    assert waiting.take(1.0) is None
    waiting.finished(A, None, 2.0)
    assert waiting.take(10.0) is None


def test_first_retries_are_immediate_later_ones_wait_but_never_long() -> None:
    waiting = queue()
    waiting.heard(A, "a", 0.0)
    now, waits = 0.0, []
    for _ in range(8):
        assert waiting.take(now) is not None
        waiting.finished(A, FAILED, now)
        wait = waiting.seconds(now)
        assert wait is not None
        waits.append(wait)
        now += max(wait, LIMITS.linger_s)
        waiting.heard(A, "a", now)
    assert waits[:3] == [0.0, 0.0, 0.0]
    assert waits[3:] == pytest.approx([1.0, 2.0, 4.0, 5.0, 5.0])


def test_who_failed_goes_behind_who_waits() -> None:
    waiting = queue()
    waiting.heard(A, "a", 0.0)
    waiting.heard(B, "b", 0.5)
    assert waiting.take(1.0) == (A, "a")
    assert waiting.others(A, 1.0)
    waiting.finished(A, FAILED, 2.0)
    assert waiting.take(2.0) == (B, "b")


def test_what_a_person_must_put_right_is_tried_seldom() -> None:
    waiting = queue()
    waiting.heard(A, "a", 0.0)
    waiting.take(0.0)
    waiting.finished(A, RefusedError("needs-pairing"), 0.0)
    assert waiting.seconds(0.0) == 5.0
    assert waiting.take(4.9) is None
    assert waiting.take(5.0) is not None


def test_a_handle_that_is_gone_waits_for_a_new_one() -> None:
    for error, reached in ((TransientError("ble-gone"), False), (TransientError("ble-busy"), False), (FAILED, True)):
        waiting = queue()
        waiting.heard(A, "void", 0.0)
        waiting.take(0.0)
        waiting.finished(A, error, 0.0, reached)
        assert waiting.take(1.0) is None
        waiting.heard(A, "new", 1.0)
        assert waiting.take(1.0) == (A, "new")


def test_patience_begins_anew_with_every_act() -> None:
    """A device that failed ten times yesterday is tried at once today."""
    waiting = queue()
    now = 0.0
    for _ in range(10):
        now += 10.0
        waiting.heard(A, "a", now)
        waiting.take(now)
        waiting.finished(A, FAILED, now)
    assert waiting.take(now + 3600.0) is None
    waiting.heard(A, "today", now + 3600.0)
    assert waiting.take(now + 3600.0) == (A, "today")
    waiting.finished(A, FAILED, now + 3600.0)
    assert waiting.seconds(now + 3600.0) == 0.0


def test_when_the_radio_is_lost_every_handle_and_every_wait_is_void() -> None:
    waiting = queue()
    waiting.heard(A, "a", 0.0)
    waiting.take(0.0)
    waiting.finished(A, RefusedError("needs-pairing"), 0.0)
    waiting.clear()
    assert waiting.take(30.0) is None
    waiting.heard(A, "a", 0.1)
    assert waiting.take(0.1) == (A, "a")


STEPS = st.lists(
    st.tuples(st.sampled_from([A, B, C]), st.sampled_from(["heard", "ok", "failed", "refused"]), st.floats(0.0, 20.0)),
    max_size=60,
)


@given(STEPS)
def test_a_device_that_goes_on_advertising_is_always_served_in_the_end(steps: list[tuple[str, str, float]]) -> None:
    waiting, now = queue(), 0.0
    for address, what, seconds in steps:
        now += seconds
        waiting.heard(address, "x", now)
        taken = waiting.take(now)
        if taken is not None and what != "heard":
            error = {"ok": None, "failed": FAILED, "refused": RefusedError("needs-pairing")}[what]
            waiting.finished(taken[0], error, now)
        elif taken is not None:
            waiting.finished(taken[0], None, now)
    served = set()
    for _ in range(200):
        now += 1.0
        for address in (A, B, C):
            waiting.heard(address, "x", now)
        taken = waiting.take(now)
        if taken is not None:
            served.add(taken[0])
            waiting.finished(taken[0], None, now)
    assert served == {A, B, C}
