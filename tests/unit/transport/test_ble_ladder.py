"""One remedy after the other, never more than the trouble asks for, and none at all for a home that is merely quiet."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.transport.ble.ladder import RUNGS, Ladder, Rung, Silence, Trouble

ALL = tuple(Rung)


def climb(ladder: Ladder, trouble: Trouble | None, seconds: int, begin: int = 0) -> list[tuple[int, Rung]]:
    """The rungs taken while a trouble lasts, with when."""
    taken = []
    for now in range(begin, begin + seconds):
        rung = ladder.look(trouble, float(now))
        if rung is not None:
            taken.append((now - begin, rung))
    return taken


def test_a_deaf_adapter_is_cycled_then_the_service_restarted_then_the_hub_and_then_help_is_called() -> None:
    ladder = Ladder(ALL)
    assert climb(ladder, Trouble.DEAF, 700) == [(0, Rung.POWER), (45, Rung.SERVICE), (600, Rung.REBOOT)]
    assert ladder.exhausted
    assert ladder.rung is Rung.REBOOT


def test_without_leave_to_reboot_help_is_called_earlier() -> None:
    ladder = Ladder([Rung.POWER, Rung.SERVICE])
    assert climb(ladder, Trouble.DEAF, 76) == [(0, Rung.POWER), (45, Rung.SERVICE)]
    assert ladder.exhausted


def test_silence_never_reboots_and_a_person_s_switch_is_left_alone() -> None:
    assert [rung for _at, rung in climb(Ladder(ALL), Trouble.SILENT, 3000)] == [Rung.POWER, Rung.SERVICE]
    ladder = Ladder(ALL)
    assert climb(ladder, Trouble.PERSON, 10_000) == []
    assert not ladder.exhausted


def test_a_trouble_that_changes_its_face_is_one_trouble() -> None:
    """Restarting the service makes it look absent: that must not begin the ladder anew."""
    ladder = Ladder(ALL)
    assert climb(ladder, Trouble.DEAF, 50) == [(0, Rung.POWER), (45, Rung.SERVICE)]
    assert climb(ladder, Trouble.SERVICE, 100, begin=50) == []


def test_an_adapter_that_is_off_while_bluez_starts_is_left_to_bluez() -> None:
    """However long BlueZ was away: it switches its adapters on by itself, a moment later."""
    ladder = Ladder(ALL)
    assert climb(ladder, Trouble.SERVICE, 20) == []
    assert climb(ladder, Trouble.OFF, 4, begin=20) == []
    assert climb(ladder, None, 31, begin=24) == []
    assert climb(ladder, Trouble.OFF, 10, begin=60) == [(5, Rung.POWER)]


def test_an_advertisement_ends_the_trouble_at_once() -> None:
    ladder = Ladder(ALL)
    climb(ladder, Trouble.DEAF, 700)
    ladder.heard()
    assert not ladder.exhausted
    assert ladder.rung is None
    assert climb(ladder, Trouble.DEAF, 1, begin=700) == [(0, Rung.POWER)]


def test_where_nothing_advertises_half_a_minute_of_health_ends_it_and_less_does_not() -> None:
    ladder = Ladder(ALL)
    climb(ladder, Trouble.DEAF, 50)
    assert climb(ladder, None, 29, begin=50) == []
    assert ladder.rung is Rung.SERVICE
    climb(ladder, None, 2, begin=79)
    assert ladder.rung is None


def test_everything_is_tried_again_an_hour_later() -> None:
    ladder = Ladder([Rung.POWER, Rung.SERVICE])
    times = [at for at, rung in climb(ladder, Trouble.DEAF, 3 * 3600) if rung is Rung.POWER]
    assert len(times) == 3
    assert all(later - earlier >= 3600 for earlier, later in pairwise(times))


@given(st.lists(st.tuples(st.sampled_from([*Trouble, None]), st.integers(1, 400)), max_size=30))
def test_whatever_happens_reboots_are_at_least_ten_minutes_into_a_trouble(
    story: list[tuple[Trouble | None, int]],
) -> None:
    ladder, now, ill_since = Ladder(ALL), 0, None
    for trouble, seconds in story:
        for _ in range(seconds):
            if trouble is not None and ill_since is None:
                ill_since = now
            rung = ladder.look(trouble, float(now))
            if rung is Rung.REBOOT:
                assert ill_since is not None
                assert now - ill_since >= 600
            if rung is not None:
                assert trouble is not None
                assert rung in {r for _after, r in RUNGS[trouble]}
            now += 1


# --- silence ----------------------------------------------------------------------------------------------------------


def heard(silence: Silence, every: float, times: int, begin: float = 0.0) -> float:
    """Advertisements at a steady pace; gives the time of the last."""
    for n in range(times):
        silence.heard(begin + n * every)
    return begin + (times - 1) * every


def test_a_home_with_a_few_advertisements_a_day_may_be_silent_for_days() -> None:
    silence = Silence()
    last = heard(silence, 8 * 3600.0, 600)
    assert not silence.suspicious(last + 24 * 3600)


def test_a_home_that_was_never_heard_much_is_never_suspicious() -> None:
    silence = Silence()
    last = heard(silence, 1.0, 400)
    assert not silence.suspicious(last + 10 * 24 * 3600)
    assert not Silence().suspicious(1e9)


def test_a_home_that_always_chattered_is_suspicious_after_five_minutes_of_silence() -> None:
    silence = Silence()
    last = heard(silence, 1.0, 4000)
    assert not silence.suspicious(last + 290)
    assert silence.suspicious(last + 310)
    silence.heard(last + 400)
    assert not silence.suspicious(last + 410)


def test_suspicion_outlasts_the_remedies() -> None:
    """Switching the adapter off and on is not the radio hearing again."""
    silence = Silence()
    last = heard(silence, 1.0, 4000)
    assert silence.suspicious(last + 310)
    silence.deaf(last + 311)
    assert silence.suspicious(last + 312)


def test_the_radio_being_off_says_nothing_about_the_home() -> None:
    silence = Silence()
    last = heard(silence, 1.0, 4000)
    silence.deaf(last + 290)
    assert not silence.suspicious(last + 310)
    silence.heard(last + 311)
    later = heard(silence, 1.0, 10, begin=last + 312)
    assert silence.suspicious(later + 310), "its longest pause is still a short one"


def test_an_adapter_that_was_deaf_for_a_day_does_not_teach_that_days_are_normal() -> None:
    silence = Silence()
    last = heard(silence, 1.0, 4000)
    assert silence.suspicious(last + 400)
    later = heard(silence, 1.0, 10, begin=last + 86_400)
    assert silence.suspicious(later + 310)
