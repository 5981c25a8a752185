"""What the hub says to instruments on serial lines: asked in order, patiently, and nothing is deleted."""

from collections.abc import Generator, Sequence
from datetime import datetime

import pytest

from drivers.api import (
    PORT,
    Await,
    ClockRead,
    Done,
    Refused,
    Reply,
    SerialDriver,
    Step,
    TalkContext,
    TimedOut,
    Value,
    Write,
)
from drivers.serial import cms50, cms50f, mt_sics_scale, nonin, nonin_13, sp10_serial
from gateway.simulator import serial_bytes as say

NOON = datetime(2026, 3, 14, 12, 0)  # noqa: DTZ001 - a device's clock
SILENT: Reply = TimedOut()


def conversation(driver: SerialDriver, context: TalkContext) -> Generator[Step, Reply, None]:
    assert driver.talk is not None
    return driver.talk(context)


def played(
    driver: SerialDriver, script: Sequence[bytes | Reply | None], context: TalkContext | None = None
) -> list[bytes | datetime | None]:
    """What the hub writes, and the clocks it reads, while its waits are answered by the script; None: silence."""
    talk = conversation(driver, context or TalkContext(local_time=NOON))
    said: list[bytes | datetime | None] = []
    answers = iter(script)
    try:
        step = next(talk)
        while True:
            if isinstance(step, Write):
                assert step.channel == PORT
                said.append(step.data)
                step = talk.send(Done())
            elif isinstance(step, ClockRead):
                said.append(step.time)
                step = talk.send(Done())
            else:
                assert isinstance(step, Await)
                answer = next(answers)
                step = talk.send(Value(PORT, answer) if isinstance(answer, bytes) else answer or SILENT)
    except StopIteration:
        talk.close()
    return said


# --- Nonin ---


def test_the_commands_are_those_the_maker_printed() -> None:
    assert nonin_13.set_time(datetime(2050, 12, 31, 14, 30, 15)).hex() == "027206320c1f0e1e0f03"  # noqa: DTZ001
    assert nonin.select_format(8).hex() == "027002020803"


@pytest.mark.parametrize(("driver", "number"), [*zip(nonin.DRIVERS, (2, 7, 8), strict=True), (nonin_13.DRIVER, 13)])
def test_a_format_is_selected_only_if_the_configuration_wants_it(driver: SerialDriver, number: int) -> None:
    wanted = TalkContext(local_time=None, options={"select_format": True})
    assert nonin.select_format(number) in played(driver, [None], wanted)
    assert nonin.select_format(number) not in played(driver, [None], TalkContext(local_time=None))


def time_reply(time: datetime) -> bytes:
    return nonin_13.set_time(time).replace(b"\x02\x72", b"\x02\xf2", 1)


LATE = datetime(2026, 3, 14, 11, 40)  # noqa: DTZ001


def test_a_clock_that_is_right_is_read_and_left_alone() -> None:
    assert played(nonin_13.DRIVER, [time_reply(NOON)]) == [nonin_13.GET_TIME, NOON]


def test_a_clock_that_is_off_is_set_if_no_stored_measurement_comes() -> None:
    later = NOON.replace(second=3)
    said = played(nonin_13.DRIVER, [time_reply(LATE), None, time_reply(later)])
    assert said == [nonin_13.GET_TIME, LATE, nonin_13.set_time(later), nonin_13.GET_TIME, later]


def test_a_clock_is_not_moved_under_stored_measurements() -> None:
    assert played(nonin_13.DRIVER, [time_reply(LATE), b"\x00\x02"]) == [nonin_13.GET_TIME, LATE]


def test_a_hub_without_the_time_sets_no_clock() -> None:
    assert played(nonin_13.DRIVER, [time_reply(LATE)], TalkContext(local_time=None)) == [nonin_13.GET_TIME, LATE]


@pytest.mark.parametrize("script", [[None], [Refused()], [b"\x00" * 300, b"\x00" * 300]])
def test_an_oximeter_that_tells_no_time_is_left_alone(script: list[bytes | Reply | None]) -> None:
    assert played(nonin_13.DRIVER, script) == [nonin_13.GET_TIME]


def test_an_answer_in_pieces_is_put_together() -> None:
    reply = time_reply(NOON)
    assert played(nonin_13.DRIVER, [b"\x06" + reply[:4], reply[4:]]) == [nonin_13.GET_TIME, NOON]


# --- Contec ---

FRAME = say.cms50_live()
LIVE, STORED = cms50f.DRIVERS


def test_the_memory_is_asked_for_when_the_oximeter_is_switched_on_and_live_comes_back() -> None:
    said = played(cms50.STORED, [None, FRAME, b"\xf2\x80\x00", None, FRAME, FRAME, None, None, FRAME, None, None])
    assert said == [cms50.ASK, cms50.GO_LIVE, cms50.ASK, cms50.GO_LIVE]


def ask(code: int, argument: int = 0) -> bytes:
    return cms50f.command(code, argument)


@pytest.mark.parametrize(
    ("code", "sent"),
    [
        (cms50f.HELLO, "7d81a7808080808080"),
        (cms50f.HELLO_AGAIN, "7d81a2808080808080"),
        (cms50f.COUNT, "7d81a3808080808080"),
        (cms50f.DURATION, "7d81a4808080808080"),
        (cms50f.DATE_TIME, "7d81a5808080808080"),
        (cms50f.SESSION, "7d81a6808080808080"),
        (cms50f.LIVE, "7d81a1808080808080"),
        (0x28, "7d81a8808080808080"),
        (0x29, "7d81a9808080808080"),
        (0x2B, "7d81ab808080808080"),
        (0x30, "7d81b0808080808080"),
    ],
)
def test_commands_are_those_a_working_reader_sends(code: int, sent: str) -> None:
    """SleepyHead's cms50f37_loader.cpp; model, vendor, user and info are not asked for."""
    assert ask(code).hex() == sent
    assert ask(code, 1).hex() == sent[:8] + "81" + sent[10:]


def test_every_recording_is_fetched_each_time_the_oximeter_begins_to_answer() -> None:
    hello, count = [b"\x0c\x80", None], [say.cms50f_count(2), None]
    session = [b"\x08", None, b"\x07", None, b"\x0f", b"\x0f", None]
    away, quiet = [None, None], [None]
    script = [
        *away,
        *hello,
        *hello,
        *count,
        *session,
        *session,
        *quiet,
        *hello,
        FRAME,
        *quiet,
        *away,
        *hello,
        *hello,
        None,
        *quiet,
    ]
    said = played(STORED, script)
    one = [ask(code, 0) for code in (cms50f.DURATION, cms50f.DATE_TIME, cms50f.SESSION)]
    two = [ask(code, 1) for code in (cms50f.DURATION, cms50f.DATE_TIME, cms50f.SESSION)]
    opening = [ask(cms50f.HELLO), ask(cms50f.HELLO_AGAIN), ask(cms50f.COUNT)]
    assert said[0] == ask(cms50f.HELLO)
    assert said[1:10] == opening + one + two
    # Still answering: nothing is fetched twice. Away and back: fetched again; without a count there is nothing.
    assert said[10:] == [ask(cms50f.HELLO), ask(cms50f.HELLO), *opening, ask(cms50f.HELLO)]


def test_a_live_stream_is_asked_for_again_before_it_ends_and_when_it_pauses() -> None:
    said = played(LIVE, [None, b"\x00" * 6000, b"\x00" * 6000, b"\x00"])
    assert said == [ask(cms50f.LIVE)] * 3


# --- scales and the spirometer ---


def test_a_polled_scale_is_asked_after_it_has_answered_and_paused() -> None:
    line = say.mt_sics_line("82.40")
    said = played(mt_sics_scale.DRIVERS[1], [line[:5], line[5:], None, None, None, line, None])
    assert said == [b"SI\r\n"] * 4


def test_the_spirometer_is_asked_again_and_its_clock_set_once() -> None:
    said = played(sp10_serial.DRIVER, [None, b"\x00", None, None, None])
    assert said == [b"\x80\x00"] * 3


def test_nothing_that_is_said_deletes() -> None:
    everything = [*cms50f.__dict__.values(), *sp10_serial.__dict__.values()]
    forbidden = {cms50f.command(0x2E), b"\x91\x7f\x01\x11", b"\x93\x13"}
    assert not forbidden & {value for value in everything if isinstance(value, bytes)}
