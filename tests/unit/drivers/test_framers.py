"""Messages are found whole in any stream; framers hold little and give the same whatever the chunks."""

import re

from hypothesis import given
from hypothesis import strategies as st

from drivers.api import DecodeError
from drivers.framers import Lines, Packets, fixed
from tests.unit.drivers.streams import chunked

SHAPE = re.compile(rb"ST,[^,]{4}\Z")


def packets() -> Packets:
    """Three bytes: 0x80..., one below 0x80, and their sum."""
    return Packets(fixed(3, lambda m: m[1] < 0x80 and m[2] == (m[0] + m[1]) & 0xFF, lambda b: b >= 0x80), 3)


def messages(found: list[bytes | DecodeError]) -> list[bytes]:
    return [m for m in found if isinstance(m, bytes)]


def reasons(found: list[bytes | DecodeError]) -> list[str]:
    return [m.reason for m in found if isinstance(m, DecodeError)]


def test_lines_end_with_cr_lf_or_both_and_empty_ones_are_skipped() -> None:
    assert Lines().feed(b"a\r\nb\rc\n\n\r\nd") == [b"a", b"b", b"c"]


def test_a_message_survives_the_noise_before_it() -> None:
    found = Lines(SHAPE).feed(b"\x00\xffST,12ST,1234\r\n")
    assert messages(found) == [b"ST,1234"]
    assert reasons(found) == ["noise"]


def test_a_line_without_a_message_is_given_as_it_is() -> None:
    assert Lines(SHAPE).feed(b"hello\n") == [b"hello"]


def test_an_endless_line_is_reported_once_and_held_no_further_than_its_limit() -> None:
    lines = Lines(SHAPE, limit=10)
    found = lines.feed(b"x" * 1000) + lines.feed(b"y" * 1000)
    assert reasons(found) == ["line-too-long"]
    assert lines.feed(b"\r\n") == []
    assert lines.feed(b"ST,1234\r\n") == [b"ST,1234"]


def test_a_message_at_the_end_of_an_endless_line_is_found() -> None:
    found = Lines(SHAPE, limit=10).feed(b"x" * 1000 + b"ST,1234\r\n")
    assert (messages(found), reasons(found)) == ([b"ST,1234"], ["line-too-long"])


def test_what_is_half_received_at_an_unplugging_is_given_up() -> None:
    lines, binary = Lines(SHAPE), packets()
    assert lines.feed(b"ST,12") == binary.feed(b"\x81\x01") == []
    lines.reset()
    binary.reset()
    assert lines.feed(b"34\r\n") == [b"34"]
    assert reasons(binary.feed(b"\x82")) == []
    assert messages(binary.feed(b"\x81\x01\x82")) == [b"\x81\x01\x82"]


def test_packets_are_found_between_noise_and_each_stretch_is_reported_once() -> None:
    found = packets().feed(b"\x00\x01\x81\x01\x82\x05\x05\x82\x02\x84\x07")
    assert messages(found) == [b"\x81\x01\x82", b"\x82\x02\x84"]
    assert reasons(found) == ["noise", "noise", "noise"]


def test_a_false_beginning_does_not_swallow_the_packet_behind_it() -> None:
    assert messages(packets().feed(b"\x90\x81\x01\x82")) == [b"\x81\x01\x82"]


def test_endless_noise_is_reported_now_and_then() -> None:
    framer = packets()
    found = [m for _ in range(100) for m in framer.feed(b"\x00" * 100)]
    assert reasons(found) == ["noise"] * 3


@given(
    parts=st.lists(st.one_of(st.just(b"ST,1234\r\n"), st.just(b"\x81\x01\x82"), st.binary(max_size=9)), max_size=20),
    cuts=st.lists(st.integers(0, 200), max_size=10),
)
def test_chunks_do_not_matter(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    for make in (lambda: Lines(SHAPE, limit=16), packets):
        whole, pieces, bytewise = make(), make(), make()
        found = [(type(m), getattr(m, "reason", m)) for m in whole.feed(stream)]
        for framer, chunks in ((pieces, chunked(stream, cuts)), (bytewise, chunked(stream, range(len(stream))))):
            assert [(type(m), getattr(m, "reason", m)) for c in chunks for m in framer.feed(c)] == found


@given(noise=st.lists(st.binary(max_size=40).map(lambda b: bytes(x & 0x7F for x in b)), min_size=1, max_size=8))
def test_every_whole_packet_is_found_whatever_stands_between(noise: list[bytes]) -> None:
    stream = b"".join(stretch + b"\x81\x01\x82" for stretch in noise)
    assert messages(packets().feed(stream)) == [b"\x81\x01\x82"] * len(noise)
