"""Serial streams on bad lines: no false reading, none lost that came whole, one reading per act of measuring."""

import gc
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import BUILTIN
from drivers.api import PORT, Act, SerialDriver
from drivers.serial import (
    and_scale,
    and_ua767pc,
    beurer_bm65,
    cms50,
    cms50f,
    key_print_scales,
    mt_sics_scale,
    nonin,
    nonin_13,
    sp10_serial,
    st_gs_scale,
    tanita_scale,
    visomat,
)
from drivers.session import Session
from gateway.simulator import serial_bytes as say
from gateway.simulator.serial_bytes import and_line, nonin_8, nonin_packet
from gateway.simulator.serial_bytes import nonin_13 as dated
from tests.unit.drivers.streams import chunked, fed, values

NONIN_2, NONIN_7, NONIN_8 = nonin.DRIVERS
CMS50D, CMS50D_STORED = cms50.DRIVERS
CMS50F, CMS50F_STORED = cms50f.DRIVERS
SICS, SICS_POLLED = mt_sics_scale.DRIVERS
DETECTO, RICE_LAKE = key_print_scales.DRIVERS
NOON = datetime(2026, 3, 14, 12, 0)  # noqa: DTZ001 - a device's clock
NIGHT = [(97, 72)] * 12 + [(127, 255)] * 3 + [(91, 140)] * 12


@dataclass(frozen=True)
class Case:
    """A protocol: bytes of whole messages that each give one reading, and which readings.

    `whole`: a message gives nothing before its last byte. `checked`: noise cannot pass for a part of a message.
    """

    driver: SerialDriver = field(repr=False)
    messages: Sequence[bytes] = field(repr=False)
    readings: Sequence[tuple[str, ...]]
    mode: str | None = None
    checked: bool = True
    whole: bool = True


def twice(record: bytes) -> bytes:
    return record * 2


def upload(parts: Sequence[bytes]) -> bytes:
    return b"".join(parts)


TWO = [("97", "72"), ("91", "140")]
OUT_2, OUT_7 = nonin_packet(finger=False) * 2, nonin_packet(finger=False, pleth16=True) * 2
IN_7 = [nonin_packet(97, 72, pleth16=True), nonin_packet(91, 140, pleth16=True)]
IN_8 = [nonin_8(97, 72) * 3, nonin_8(91, 140) * 3]
IN_D = [say.cms50_live(97, 72) * 480, say.cms50_live(91, 140) * 480]
IN_F = [say.cms50f_live(97, 72) * 480, say.cms50f_live(91, 140) * 480]
CUFF = [("128", "82", "70"), ("141", "95", "66")]
BM65 = [say.bm65_record(128, 82, 70, NOON), say.bm65_record(141, 95, 66, NOON)]
DUMPS = [say.visomat_dump([(128, 82, 70, NOON)]), say.visomat_dump([(141, 95, 66, NOON)])]
LINES = [("82.40",), ("61.20",)]
STORED_F = say.cms50f_duration(len(NIGHT)) + say.cms50f_begin(NOON) + upload(say.cms50f_data(NIGHT))
CASES = [
    Case(and_scale.DRIVER, [and_line("82.40"), and_line("61.20")], LINES),
    Case(st_gs_scale.DRIVER, [say.st_gs_line("82.40"), say.st_gs_line("61.20")], LINES),
    Case(SICS, [say.mt_sics_line("82.40"), say.mt_sics_line("61.20")], LINES),
    Case(
        tanita_scale.DRIVER,
        [say.tanita_line("82.4"), say.tanita_line("61.2")],
        [("82.4", "28.5", "18.6"), ("61.2", "21.2", "18.6")],
    ),
    Case(
        DETECTO,
        [say.detecto_line("132.3"), say.detecto_line("182.0")],
        [("132.3", "21.5", "63.0"), ("182.0", "21.5", "63.0")],
    ),
    Case(RICE_LAKE, [say.rice_lake_line("132.3"), say.rice_lake_line("182.0")], [("132.3",), ("182.0",)]),
    Case(nonin_13.DRIVER, [dated(97, 72, NOON), dated(91, 140, NOON, stored=True)], TWO),
    Case(NONIN_2, [nonin_packet(97, 72), OUT_2, nonin_packet(91, 140)], TWO),
    Case(NONIN_7, [IN_7[0], OUT_7, IN_7[1]], TWO),
    Case(NONIN_8, [IN_8[0], nonin_8(finger=False) * 2, IN_8[1]], TWO, checked=False),
    Case(CMS50D, [IN_D[0], say.cms50_live(finger=False) * 60, IN_D[1]], TWO, checked=False),
    Case(CMS50F, [IN_F[0], say.cms50f_live(finger=False) * 60, IN_F[1]], TWO, checked=False),
    Case(CMS50D_STORED, [upload(say.cms50_upload(NIGHT))], TWO, whole=False),
    Case(CMS50F_STORED, [STORED_F], TWO, whole=False),
    Case(beurer_bm65.DRIVER, [twice(record) for record in BM65], CUFF),
    Case(visomat.DRIVER, DUMPS, CUFF),
    Case(and_ua767pc.DRIVER, [say.ua767pc(128, 82, 70), say.ua767pc(141, 95, 66)], CUFF, checked=False),
    Case(
        sp10_serial.DRIVER,
        [say.sp10_record(1, NOON), say.sp10_record(2, NOON, 4.9)],
        [("5.10", "4.95", "97.1", "9.33"), ("4.90", "4.95", "101.0", "9.33")],
        checked=False,
    ),
]


def _named(cases: Sequence[Case]) -> list[Any]:
    return [pytest.param(case, id=f"{case.driver.name}-{case.mode or 'default'}") for case in cases]


ALL = _named(CASES)
CHECKED = _named([case for case in CASES if case.checked])
WHOLE = _named([case for case in CASES if case.whole])


def test_every_serial_driver_stands_here() -> None:
    named = {driver.name for driver in BUILTIN if isinstance(driver, SerialDriver)}
    assert {case.driver.name for case in CASES} | {SICS_POLLED.name} == named


@pytest.mark.parametrize("case", ALL)
@given(cuts=st.lists(st.integers(0, 6000), max_size=30))
def test_any_chunks_give_the_readings(case: Case, cuts: list[int]) -> None:
    stream = b"".join(case.messages)
    acts, bad = fed(case.driver, chunked(stream, cuts), case.mode)
    assert (values(acts), bad) == (list(case.readings), [])


@pytest.mark.parametrize("every", [0.001, 0.0001], ids=["real-rate", "ten-times"])
@pytest.mark.parametrize("case", ALL)
def test_a_byte_at_a_time_gives_the_readings(case: Case, every: float) -> None:
    stream = b"".join(case.messages)
    acts, bad = fed(case.driver, chunked(stream, range(len(stream))), case.mode, every=every)
    assert (values(acts), bad) == (list(case.readings), [])


@pytest.mark.parametrize("case", CHECKED)
@given(noise=st.lists(st.binary(max_size=60), min_size=4, max_size=4), cuts=st.lists(st.integers(0, 2000), max_size=5))
def test_noise_between_messages_costs_and_invents_nothing(case: Case, noise: list[bytes], cuts: list[int]) -> None:
    stream = noise[-1] + b"".join(m + n for m, n in zip(case.messages, noise, strict=False))
    acts, _ = fed(case.driver, chunked(stream, cuts), case.mode)
    assert values(acts) == list(case.readings)


@pytest.mark.parametrize("case", ALL)
@given(noise=st.binary(max_size=600))
def test_noise_alone_gives_no_reading(case: Case, noise: bytes) -> None:
    acts, _ = fed(case.driver, [noise], case.mode, end=True)
    assert acts == []


@pytest.mark.parametrize("case", WHOLE)
@given(data=st.data())
def test_a_message_cut_by_an_unplugging_gives_nothing_and_the_next_is_whole(case: Case, data: st.DataObject) -> None:
    message, session = case.messages[0], Session(case.driver, case.mode)
    cut = data.draw(st.integers(1, len(message) - 3))
    lost = [*session.feed(PORT, message[:cut], 0.0), *session.end(1.0)]
    assert [o for o in lost if isinstance(o, Act)] == []
    rest = session.feed(PORT, message[cut:] + message, 10.0)
    assert values([o for o in rest if isinstance(o, Act)]) == [case.readings[0]]


@pytest.mark.parametrize("case", ALL)
def test_a_framer_holds_little_whatever_comes(case: Case) -> None:
    framer = case.driver.framer()
    for block in (
        b"\x00" * 1000,
        b"\xf2" * 1000,
        b"\x01\x80" * 500,
        b"{" * 1000,
        b"\x02M" * 500,
        bytes(range(256)) * 4,
    ):
        for _ in range(20):
            framer.feed(block)
    held = sum(sys.getsizeof(v) for v in gc.get_referents(framer.__dict__) if isinstance(v, bytes | bytearray))
    assert held < 10_000


_FIXED_WIDTH = ("and-scale", "mt-sics-scale", "rice-lake-scale")


@pytest.mark.parametrize("case", [c for c in WHOLE if c.values[0].driver.name in _FIXED_WIDTH])
@given(lost=st.integers(0, 40), count=st.integers(1, 3))
def test_a_line_of_fixed_width_that_lost_bytes_gives_no_other_weight(case: Case, lost: int, count: int) -> None:
    message = case.messages[0]
    damaged = message[: lost % len(message)] + message[lost % len(message) + count :]
    acts, _ = fed(case.driver, [b"\r\n" + damaged + b"\r\n"], case.mode)
    assert {v[0] for v in values(acts)} <= {case.readings[0][0]}


# --- stays of a finger --------------------------------------------------------------------------------------------

IN, OUT = nonin_packet(97, 72), nonin_packet(finger=False)
UNSETTLED = nonin_packet(96, 80, smartpoint=False)


@pytest.mark.parametrize("every", [1 / 3, 1 / 30], ids=["real-rate", "ten-times"])
def test_two_stays_of_a_finger_are_two_readings(every: float) -> None:
    stays = [UNSETTLED] * 12 + [IN] * 30 + [OUT] * 30 + [UNSETTLED] * 9 + [nonin_packet(95, 66)] * 30 + [OUT] * 9
    acts, _ = fed(NONIN_2, stays, every=every)
    assert values(acts) == [("97", "72"), ("95", "66")]
    assert [act.measurement.status for act in acts] == ["valid", "valid"]


def test_a_pause_of_the_stream_ends_a_stay() -> None:
    session = Session(NONIN_2)
    outcomes = session.feed(PORT, IN, 0.0) + session.tick(2.0) + session.feed(PORT, IN, 20.0)
    assert len(outcomes) == 2


def test_a_stay_that_never_settled_gives_its_last_value_marked() -> None:
    acts, _ = fed(NONIN_2, [UNSETTLED] * 18 + [OUT] * 2)
    assert values(acts) == [("96", "80")]
    assert (acts[0].measurement.status, acts[0].measurement.flags) == ("questionable", ("not-settled",))


def test_a_short_touch_gives_nothing() -> None:
    assert fed(NONIN_2, [UNSETTLED] * 9 + [OUT] * 2)[0] == []


def test_a_stay_that_an_unplugging_cut_off_gives_nothing() -> None:
    """The finger may still be in when the port comes back: it would be a second reading of one stay."""
    assert fed(NONIN_2, [UNSETTLED] * 30, end=True)[0] == []


def test_a_disturbed_value_is_not_taken() -> None:
    acts, _ = fed(NONIN_2, [nonin_packet(60, 180, artefact=True)] * 30 + [OUT] * 2)
    assert acts == []


def test_one_packet_without_a_finger_does_not_split_a_stay() -> None:
    acts, _ = fed(NONIN_2, [IN, OUT, IN, OUT, OUT, IN])
    assert len(acts) == 2


# --- scales that stream -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [0.1, 0.01], ids=["real-rate", "ten-times"])
def test_one_stepping_on_is_one_reading(every: float) -> None:
    empty, moving = and_line("0.00"), and_line("54.10", header="US")
    person = [and_line("82.40")] * 10 + [and_line("82.45")] * 40
    stream = [*[empty] * 20, *[moving] * 5, *person, *[moving] * 5, *[empty] * 20, *[moving] * 5, *person]
    acts, bad = fed(and_scale.DRIVER, stream, "stream", every=every)
    assert (values(acts), bad) == ([("82.40",), ("82.40",)], [])


def test_another_person_without_an_empty_platform_in_between_is_another_reading() -> None:
    lines = [*[and_line("82.40")] * 9, *[and_line("61.20")] * 9]
    acts, _ = fed(and_scale.DRIVER, lines, "stream", every=0.1)
    assert values(acts) == [("82.40",), ("61.20",)]


def test_the_same_person_again_after_a_while_is_another_reading() -> None:
    session = Session(and_scale.DRIVER, "stream")
    outcomes = session.feed(PORT, and_line("82.40") * 9, 0.0) + session.feed(PORT, and_line("82.40") * 9, 30.0)
    assert len(outcomes) == 2


def test_a_load_that_does_not_settle_gives_nothing() -> None:
    session = Session(and_scale.DRIVER, "stream")
    lines = b"".join(and_line(f"{50 + i}.00") for i in range(40))
    assert session.feed(PORT, lines + and_line("82.40") * 4, 0.0) == []
    assert session.end(1.0) == []
    assert session.feed(PORT, and_line("82.40") * 4, 2.0) == []
    assert session.tick(3.0) == []
    assert session.held() == ()


def test_a_scale_that_prints_repeats_itself_within_seconds() -> None:
    session = Session(and_scale.DRIVER)
    line = and_line("82.40")
    assert len(session.feed(PORT, line * 3, 0.0)) == 1
    assert session.feed(PORT, line, 4.0) == []
    assert len(session.feed(PORT, line, 60.0)) == 1


@pytest.mark.parametrize(
    "line",
    [
        b"82.40 kg",
        b"+00082.40 kg",
        b"ST,+0082.40 kg",
        b"ST,+000082.40 kg",
        b"ST,00082.400 kg",
        b"ST,+00082.40",
        b"ST,+00082.40 oz",
        b"ST,+00O82.40 kg",
        b"ST,+0008.2.40kg",
        b"XX,+00082.40 kg",
        b"ST,GS,+00082.40 kg",
        b"\xd3T,+00082.40 kg",
    ],
)
def test_a_line_that_lost_a_part_is_refused(line: bytes) -> None:
    acts, bad = fed(and_scale.DRIVER, [line + b"\r\n"])
    assert (acts, len(bad)) == ([], 1)


def test_a_negative_weight_is_kept_and_doubted() -> None:
    acts, _ = fed(and_scale.DRIVER, [and_line("-0.40")])
    assert values(acts) == [("-0.40",)]
    assert acts[0].measurement.flags == ("implausible",)
