"""Contec's messages: found whole in any stream, asked for with the published commands, and never deleted."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from drivers import sp10
from drivers.api import Await, BleDriver, DecodeError, Done, Reply, TalkContext, Value, Write
from drivers.ble import beurer_po60, cms50d_bt, contec_sp10w, pc_60fw
from drivers.ff12 import NOTIFY, SevenBit, sums_up
from tests.unit.drivers.streams import chunked

VECTORS = Path(__file__).parents[2] / "vectors"
COMMANDS = {
    c["id"]: bytes.fromhex(c["hex"]) for c in json.loads((VECTORS / "contec-commands.json").read_text())["commands"]
}
SENT = {
    "sp10-cmd-get": sp10.START,
    "sp10-cmd-time": sp10.set_time(datetime.fromisoformat("2026-03-14T07:45:12")),
    "sp10-cmd-step-two": sp10.STEP_TWO,
    "sp10-cmd-step-three": sp10.STEP_THREE,
    "sp10-cmd-after-predicted": sp10.COUNT,
    "sp10-cmd-first-record": sp10.FIRST,
    "sp10-cmd-wave-of-record": sp10.CURVE,
    "sp10-cmd-next-record": sp10.NEXT,
    "sp10-cmd-finish-keep": sp10.KEEP,
    "po60-cmd-1": beurer_po60.HELLO,
    "po60-cmd-2": beurer_po60.FIRST,
    "po60-cmd-3": beurer_po60.NEXT,
    "cms50dbt-cmd": cms50d_bt.REQUEST,
}
DELETE = "sp10-cmd-finish-delete"
RECORD = bytes.fromhex("e1" + "01" * 43)


def messages(found: list[bytes | DecodeError]) -> list[bytes]:
    return [m for m in found if isinstance(m, bytes)]


def test_every_published_command_ends_with_the_sum_of_its_bytes() -> None:
    assert all(sums_up(command) for command in COMMANDS.values())


def test_the_hub_says_what_was_published_and_of_that_everything_but_delete() -> None:
    assert {name: command for name, command in COMMANDS.items() if name != DELETE} == SENT


def test_milliseconds_are_told_in_seven_bits_low_part_first() -> None:
    assert sp10.set_time(datetime.fromisoformat("2026-03-14T07:45:12.900"))[7:9] == bytes((900 & 0x7F, 900 >> 7))


def test_no_conversation_in_the_vectors_deletes() -> None:
    said = (VECTORS / "contec-sp10w.json").read_text()
    assert COMMANDS["sp10-cmd-finish-keep"].hex() in said
    assert COMMANDS[DELETE].hex() not in said
    assert "write FF01 93" not in said


def test_a_framer_holds_no_more_than_a_message() -> None:
    framer = SevenBit({0xE1: 44})
    assert framer.feed(b"\xe1" + b"\x00" * 42) == []
    found = framer.feed(b"\x01" + b"\x00" * 10_000)
    assert messages(found) == [b"\xe1" + b"\x00" * 42 + b"\x01"]
    assert [m.reason for m in found if isinstance(m, DecodeError)] == ["noise"]


def writes(driver: BleDriver, answer: Callable[[Write | Await, bytes], Reply]) -> list[bytes]:
    """What a conversation writes when every step is answered by `answer`, which is told the last write."""
    assert driver.talk is not None
    talk, said = driver.talk(TalkContext(local_time=None)), [b""]
    step = next(talk)
    while True:
        assert isinstance(step, Write | Await)
        if isinstance(step, Write):
            said.append(step.data)
        try:
            step = talk.send(answer(step, said[-1]))
        except StopIteration:
            return said[1:]


def test_a_spirometer_that_never_falls_silent_is_let_go_of() -> None:
    answers = {sp10.START: "f000", sp10.STEP_TWO: "f2" + "00" * 7, sp10.STEP_THREE: "e4" + "00" * 22}
    answers |= {sp10.COUNT: "e00200" + "00" * 7, sp10.FIRST: "e17e" + "00" * 42}

    def babble(step: Write | Await, said: bytes) -> Reply:
        return Done() if isinstance(step, Write) else Value(NOTIFY, bytes.fromhex(answers.get(said, "00")))

    assert writes(contec_sp10w.DRIVER, babble)[-2:] == [sp10.CURVE, sp10.KEEP]


def test_an_oximeter_that_always_has_another_batch_is_let_go_of() -> None:
    record = bytes.fromhex("e901" + "00" * 22)

    def endless(step: Write | Await, said: bytes) -> Reply:
        return Done() if isinstance(step, Write) else Value(NOTIFY, record)

    assert 10 < len(writes(beurer_po60.DRIVER, endless)) < 1000


@given(
    noise=st.lists(st.binary(max_size=60), min_size=1, max_size=6),
    cuts=st.lists(st.integers(0, 400), max_size=12),
)
def test_a_whole_record_is_found_once_whatever_stands_around_it(noise: list[bytes], cuts: list[int]) -> None:
    # Noise that begins like a record could be one: there is nothing to tell it by.
    plain = [bytes(b for b in stretch if b not in sp10.LENGTHS) for stretch in noise]
    stream = b"".join(stretch + RECORD for stretch in plain)
    for chunks in (chunked(stream, cuts), chunked(stream, range(len(stream)))):
        framer = sp10.framer()
        assert messages([m for c in chunks for m in framer.feed(c)]) == [RECORD] * len(noise)


@given(
    parts=st.lists(st.one_of(st.just(bytes.fromhex("aa550f08016239004400c0e3")), st.binary(max_size=9)), max_size=12),
    cuts=st.lists(st.integers(0, 150), max_size=10),
)
def test_how_notifications_cut_the_oximeters_frames_does_not_matter(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    whole, pieces = pc_60fw.framer(), pc_60fw.framer()
    assert messages(whole.feed(stream)) == messages([m for c in chunked(stream, cuts) for m in pieces.feed(c)])
