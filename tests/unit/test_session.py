"""One device's bytes become outcomes, whatever they are and however they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import PORT, Act, Bad, DecodeError, Frame, SerialDriver
from drivers.framers import Lines
from drivers.gather import Each, each
from drivers.session import Session, decoders
from gateway.identity import receipt_key
from tests.readings import TOY, decode_toy, toy


def serial() -> SerialDriver:
    return SerialDriver(name="toy", kind="weight", framer=Lines, decode=decode_toy, modes={"line": lambda: Each(-1)})


def acts(outcomes: object) -> list[Act]:
    assert isinstance(outcomes, list)
    return [outcome for outcome in outcomes if isinstance(outcome, Act)]


def test_each_message_of_a_chunk_is_decoded_and_has_a_moment_of_its_own() -> None:
    session = Session(serial())
    found = acts(session.feed(PORT, b"W1\r\nW1\r\nW1\r\nW", 10.0) + session.feed(PORT, b"2\r\n", 10.0))
    assert [str(act.measurement.samples[0].value) for act in found] == ["1", "1", "1", "2"]
    assert len({receipt_key("boot", act.at) for act in found}) == 4


@given(at=st.floats(0, 1e8), count=st.integers(2, 50))
def test_no_two_frames_ever_have_the_same_moment_to_the_microsecond(at: float, count: int) -> None:
    session = Session(serial())
    found = acts(session.feed(PORT, b"W1\r\n" * count, at))
    assert len({receipt_key("boot", act.at) for act in found}) == count


def test_bad_bytes_are_an_outcome_beside_the_good_ones() -> None:
    session = Session(serial())
    first, second = session.feed(PORT, b"garbage\r\nW1\r\n", 1.0)
    assert isinstance(first, Bad)
    assert (first.error.reason, first.frame.data) == ("not-a-toy", b"garbage")
    assert isinstance(second, Act)


def test_bytes_the_framer_gives_up_are_an_outcome_too() -> None:
    (outcome,) = Session(serial()).feed(PORT, b"x" * 5000, 1.0)
    assert isinstance(outcome, Bad)
    assert isinstance(outcome.error, DecodeError)
    assert outcome.error.reason == "line-too-long"


def test_half_a_message_is_given_up_when_contact_ends() -> None:
    session = Session(serial())
    session.feed(PORT, b"W", 1.0)
    assert session.end(2.0) == []
    assert [outcome for outcome in session.feed(PORT, b"W2\r\n", 3.0) if isinstance(outcome, Bad)] == []


def test_a_channel_nobody_decodes_is_refused_and_a_value_with_nothing_to_tell_is_nothing() -> None:
    session = Session(toy())
    (outcome,) = session.feed("2a37", b"W1", 1.0)
    assert isinstance(outcome, Bad)
    assert outcome.error.reason == "unknown-channel"
    assert session.feed(TOY, b"", 1.0) == []


def test_a_frame_kept_on_disk_is_taken_as_it_is() -> None:
    frame = Frame(TOY, b"W1", 5.0)
    (act,) = acts(Session(toy()).replay(frame))
    assert act.frames == (frame,)
    (bad,) = Session(toy()).replay(Frame(TOY, b"x", 5.0))
    assert isinstance(bad, Bad)


def test_a_mode_is_one_of_the_driver_s() -> None:
    assert Session(toy(), "each").journal
    with pytest.raises(KeyError):
        Session(toy(), "stream")


def test_channels_are_the_characteristics_the_adverts_or_the_port() -> None:
    assert list(decoders(toy())) == [TOY]
    assert list(decoders(serial())) == [PORT]


class TestRepeats:
    """An undated act identical to the one before it, within the window, is that same act."""

    def session(self) -> Session:
        return Session(toy(modes=each(5.0)))

    def test_repeats_within_the_window_are_one_act(self) -> None:
        session = self.session()
        assert [len(acts(session.feed(TOY, b"W1", at))) for at in (0.0, 2.0, 7.0, 12.1)] == [1, 0, 0, 1]

    def test_another_value_in_between_is_an_act_and_so_is_what_comes_back(self) -> None:
        session = self.session()
        assert [len(acts(session.feed(TOY, data, 1.0))) for data in (b"W1", b"W2", b"W1")] == [1, 1, 1]

    def test_dated_acts_need_no_window(self) -> None:
        session = self.session()
        dated = b"W1@2026-01-12T07:35:02"
        assert [len(acts(session.feed(TOY, dated, 1.0))) for _ in range(2)] == [1, 1]

    def test_a_frame_of_an_earlier_boot_hides_no_later_act(self) -> None:
        session = self.session()
        assert len(acts(session.replay(Frame(TOY, b"W1", 90_000.0)))) == 1
        assert len(acts(session.feed(TOY, b"W1", 20.0))) == 1
        assert session.held() == ()
        assert session.tick(30.0) == []
