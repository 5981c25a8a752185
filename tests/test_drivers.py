"""Every driver, every vector, every property: nothing here is about one device.

Files in `vectors/` belong to a driver (`driver`) or to shared pieces (`topic`, decoded by `CODECS`). A file may have
`vectors` (one value in, one measurement out), `sessions` (values in, acts out) and `talks` (conversations).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import BUILTIN, quantities
from drivers.api import (
    PORT,
    Absent,
    Act,
    Bad,
    BleDriver,
    Clock,
    DecodeError,
    Done,
    Driver,
    Gatherer,
    Measurement,
    Quantity,
    Read,
    Refused,
    Reply,
    SerialDriver,
    Step,
    TalkContext,
    TimedOut,
    Value,
    Write,
)
from drivers.ble import (
    battery,
    device_information,
    device_time,
    elapsed_time,
    enhanced_pressure,
    pressure,
    pressure_record,
    racp,
    user_data,
)
from drivers.crc import mcrf4xx
from drivers.cursor import Cursor
from drivers.floats import Special, float32, sfloat
from drivers.session import Session, decoders
from drivers.uuids import normal
from tests.vector_view import compare

FOLDER = Path(__file__).parent / "vectors"
FILES = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
JUDGED_WRONG = {entry["id"]: entry["reason"] for entry in FILES.pop("judged-wrong.json")["vectors"]}
DRIVERS = {driver.name: driver for driver in BUILTIN}
CLOCKS = (device_time.CURRENT_TIME, device_time.DATE_TIME)
EARLIEST, LATEST = datetime.fromisoformat("2026-01-02"), datetime.fromisoformat("2099-12-31")

Decoder = Callable[[bytes], object]


def _rows(part: str) -> list[Any]:
    rows = [(name, row) for name, file in FILES.items() for row in file.get(part, ())]
    return [pytest.param(FILES[name], row, id=row["id"]) for name, row in rows if row["id"] not in JUDGED_WRONG]


# --- what stands behind each channel ------------------------------------------------------------------------------


def channels(driver: Driver) -> dict[str, Decoder]:
    """Everything of a driver that takes bytes: measurements, facts, clocks."""
    found: dict[str, Decoder] = dict(decoders(driver))
    if isinstance(driver, BleDriver):
        found |= {normal(i.uuid): i.decode for i in driver.info if normal(i.uuid) not in found}
        found |= {normal(c.uuid): c.decode for c in driver.clocks if normal(c.uuid) not in found}
    return found


def _channel(text: str) -> str:
    head, colon, uuid = text.rpartition(":")
    return text if text == PORT else f"{head}{colon}{normal(uuid)}"


def _seen(file: Mapping[str, Any], row: Mapping[str, Any]) -> Decoder:
    """The decoder that a vector is about."""
    if "topic" in file:
        return CODECS[row.get("channel", file["topic"])]
    if "counter" in (row.get("expect") or ()):
        return PARTS[row["channel"]]
    view = VIEWS_OF_SILENT.get(row["channel"])
    return view or channels(DRIVERS[file["driver"]])[_channel(row["channel"])]


def _number(data: bytes) -> Mapping[str, object]:
    read = sfloat if len(data) == 2 else float32
    value = read(Cursor(data))
    name = "SFLOAT-16" if len(data) == 2 else "FLOAT-32"
    key = "special" if isinstance(value, Special) else "value"
    return {"format": f"{name} little endian", key: value.value if isinstance(value, Special) else f"{value:f}"}


def _stamp_view(stamp: device_time.Stamp) -> object:
    if stamp.fault != "date-unknown":
        return stamp.told
    date, _, clock = stamp.told.partition("T")
    names = ("year", "month", "day", "hour", "minute", "second")
    told = [int(part) or None for part in date.split("-")] + [int(part) for part in clock.split(":")]
    return {**dict(zip(names, told, strict=True)), "partial": True}


def _current_time(data: bytes) -> Mapping[str, object]:
    now = device_time.current_time(data)
    assert device_time.CURRENT_TIME.decode(data) is not None
    return {
        "datetime": _stamp_view(now.stamp),
        "day_of_week": now.day_of_week,
        "fractions256": now.fractions256,
        "adjust_reason": now.adjust_reason,
    }


def _zone(data: bytes) -> Mapping[str, object]:
    facts = device_time.local_time_information(data)
    dst = str(facts["zone_dst"])
    return {"offset_min": facts["zone_offset_min"], "valid": facts["zone_valid"], "dst": dst}


def _elapsed(data: bytes) -> Mapping[str, object]:
    facts = elapsed_time.elapsed_time(data)
    names = {
        "tick_counter": "counter",
        "tz_dst_used": "offset_used",
        "clock_status": "status",
        "clock_capabilities": "capabilities",
    }
    keys = ("utc", "resolution_s", "current_timeline", "value", "source", "offset_quarters", "time")
    shown = {key: facts[f"elapsed_{key}"] for key in keys}
    return shown | {key: facts[f"elapsed_{own}"] for key, own in names.items() if f"elapsed_{own}" in facts}


_REQUESTS = {
    racp.REPORT_ALL: "report all",
    racp.ABORT: "abort",
    racp.report_from(45): "glucose/BLS: greater or equal, filter type 1, sequence 45",
}


def _record_access(data: bytes) -> Mapping[str, object]:
    if data in _REQUESTS:
        return {"write": _REQUESTS[data]}
    answer = racp.answer(data)
    shown = {"opcode": answer.opcode, "operator": answer.operator, "count": answer.count}
    return shown | {"request_opcode": answer.request, "response": answer.code}


def _regulatory(data: bytes) -> Mapping[str, object]:
    facts = device_information.regulatory(data)
    classes = facts.get("continua_classes", ())
    return {
        "list_count": facts["regulatory_count"],
        "continua_version": facts.get("continua_version"),
        "certified_classes": classes,
        "certified": bool(classes),
        "regulated_word": facts.get("continua_regulation"),
    }


def _system_id(data: bytes) -> Mapping[str, object]:
    identity = device_information.system_id(data).get("system_id")
    return {} if identity is None else {"eui64_msb_first": identity, "oui": str(identity)[:6]}


def _battery(data: bytes) -> Mapping[str, object]:
    facts = battery.battery_level(data)
    return {"percent": facts.get("battery"), "invalid": not facts}


def _date_time(data: bytes) -> Mapping[str, object]:
    return {"datetime": _stamp_view(device_time.date_time(Cursor(data)))}


def _user_control(data: bytes) -> Mapping[str, object]:
    answer = user_data.answer(data)
    shown = {"opcode": answer.opcode, "request": answer.request, "response": answer.response}
    return shown | {"parameter": answer.parameter.hex()}


def _segment(data: bytes) -> Mapping[str, object]:
    part = pressure_record.segment(data)
    shown = {"first": part.first, "last": part.last, "counter": part.counter, "sequence": part.sequence}
    return shown | {"uuid": part.uuid and f"{part.uuid:04X}", "payload": part.payload.hex()}


CODECS: Mapping[str, Decoder] = {
    "numbers": _number,
    "checksums": lambda data: {"crc16_mcrf4xx": f"{mcrf4xx(data):04x}"},
    "2A08": _date_time,
    "2A0F": _zone,
    "2A19": _battery,
    "2A23": _system_id,
    "2A28": device_information.text("text"),
    "2A29": device_information.text("text"),
    "2A2A": _regulatory,
    "2A14": device_time.reference_time_information,
    "2A50": device_information.pnp_id,
    "2A85": lambda data: {"date": str(user_data.birth_date(data))},
    "2A99": lambda data: {"increment": user_data.increment(data)},
    "2A9F": _user_control,
    "2BED": battery.battery_level_status,
    "2BFF": device_information.udi,
    "2A2B": _current_time,
    "2A52": _record_access,
    "2BF2": _elapsed,
}
# Channels whose frames are checked but are no reading: the vectors see what was checked.
VIEWS_OF_SILENT: Mapping[str, Decoder] = {
    "2A36": pressure.cuff_pressure,
    "2B35": enhanced_pressure.enhanced_cuff_pressure,
}
# The parts of a record are seen as parts where the vector speaks of them.
PARTS: Mapping[str, Decoder] = {"2B36": _segment}


# --- vectors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "row"), _rows("vectors"))
def test_bytes_decode_as_the_vector_says(file: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    data = bytes.fromhex(row["hex"]) if "hex" in row else row["text"].encode("ascii")
    decode = _seen(file, row)
    if "expect_error" in row:
        with pytest.raises(DecodeError) as refused:
            decode(data)
        assert refused.value.reason == row["expect_error"]
        assert 0 <= refused.value.offset <= len(data)
    else:
        compare(decode(data), row["expect"])


@pytest.mark.parametrize(("file", "row"), _rows("vectors"))
def test_a_vector_names_its_source(file: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    assert row["source"]
    assert row["kind"] in {"captured", "spec-example", "vendor-sample", "upstream-test", "vendor-doc", "constructed"}


def test_no_two_vectors_share_an_id_and_every_judged_one_has_a_reason() -> None:
    ids = [
        row["id"] for file in FILES.values() for part in ("vectors", "sessions", "talks") for row in file.get(part, ())
    ]
    assert len(ids) == len(set(ids))
    assert set(JUDGED_WRONG) <= set(ids)
    assert all(JUDGED_WRONG.values())


@pytest.mark.parametrize("driver", BUILTIN, ids=lambda d: d.name)
def test_every_channel_that_measures_has_a_vector(driver: Driver) -> None:
    rows = [row for file in FILES.values() if file.get("driver") == driver.name for row in file.get("vectors", ())]
    seen = {_channel(row["channel"]) for row in rows if "expect" in row}
    assert set(decoders(driver)) <= seen


def _same_acts() -> Iterator[Any]:
    for file in FILES.values():
        rows = {row["id"]: row for row in file.get("vectors", ())}
        for row in rows.values():
            if "same_act_as" in row:
                yield pytest.param(file, row, rows[row["same_act_as"]], id=row["id"])


@pytest.mark.parametrize(("file", "copy", "original"), list(_same_acts()))
def test_live_reread_and_stored_copy_of_one_act_have_one_record_key(
    file: Mapping[str, Any], copy: Mapping[str, Any], original: Mapping[str, Any]
) -> None:
    keys = {_measured(file, row).record_key for row in (copy, original)}
    assert len(keys) == 1


def _measured(file: Mapping[str, Any], row: Mapping[str, Any]) -> Measurement:
    got = _seen(file, row)(bytes.fromhex(row["hex"]))
    assert isinstance(got, Measurement)
    return got


# --- sessions: values in, acts out --------------------------------------------------------------------------------


def _play(session: Session, steps: list[Mapping[str, Any]]) -> list[Act | Bad]:
    outcomes: list[Act | Bad] = []
    for step in steps:
        for turn in range(step.get("times", 1)):
            at = step["at"] + turn * step.get("every", 0)
            if "channel" in step:
                data = bytes.fromhex(step["hex"]) if "hex" in step else step["text"].encode("ascii")
                outcomes += session.feed(_channel(step["channel"]), data, at)
            else:
                outcomes += session.end(at) if step.get("end") else session.tick(at)
    return outcomes


@pytest.mark.parametrize(("file", "row"), _rows("sessions"))
def test_a_session_gives_the_acts_it_should(file: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    session = Session(DRIVERS[file["driver"]], row.get("mode"))
    outcomes = _play(session, row["steps"])
    acts = [outcome for outcome in outcomes if isinstance(outcome, Act)]
    assert [o.error.reason for o in outcomes if isinstance(o, Bad)] == row.get("refused", [])
    assert len(acts) == len(row["acts"]), [act.measurement for act in acts]
    for act, expect in zip(acts, row["acts"], strict=True):
        compare(act.measurement, {key: value for key, value in expect.items() if key not in ("frames", "at")})
        assert len(act.frames) == expect.get("frames", len(act.frames))
        assert act.at == pytest.approx(expect.get("at", act.at), abs=0.001)
    assert [frame.data.hex() for frame in session.held()] == row.get("held", [])


# --- conversations ------------------------------------------------------------------------------------------------


def _step_in_words(step: Step) -> str:
    if isinstance(step, Write):
        return f"write {_short(step.channel)} {step.data.hex()}".strip()
    return f"read {_short(step.channel)}" if isinstance(step, Read) else "await"


def _short(channel: str) -> str:
    return channel[4:8].upper() if channel.endswith("-0000-1000-8000-00805f9b34fb") else channel


def _reply(words: str) -> Reply:
    head, _, tail = words.partition(" ")
    if head == "refused":
        return Refused(int(tail) if tail else None)
    if head in ("done", "timeout"):
        return Done() if head == "done" else TimedOut()
    return Value(_channel(head), bytes.fromhex(tail))


@pytest.mark.parametrize(("file", "row"), _rows("talks"))
def test_a_conversation_goes_as_it_should(file: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    talk = DRIVERS[file["driver"]].talk
    assert talk is not None
    time = row.get("local_time")
    context = TalkContext(
        local_time=None if time is None else datetime.fromisoformat(time),
        cursor=row.get("cursor"),
        options=row.get("options", {}),
    )
    conversation, said, reply = talk(context), [], None
    script = iter(row["script"])
    while True:
        try:
            step = next(conversation) if reply is None else conversation.send(reply)
        except StopIteration:
            break
        wanted, answer = next(script)
        said.append(_step_in_words(step))
        assert said[-1] == wanted
        reply = _reply(answer)
    assert list(script) == []


# --- properties ---------------------------------------------------------------------------------------------------

_CHANNELS = [
    pytest.param(decode, id=f"{driver.name}-{_short(channel)}")
    for driver in BUILTIN
    for channel, decode in channels(driver).items()
]
_FRAMES = [
    (decoders(DRIVERS[file["driver"]])[_channel(row["channel"])], bytes.fromhex(row["hex"]))
    for file in FILES.values()
    if "driver" in file
    for row in file.get("vectors", ())
    if "hex" in row and _channel(row["channel"]) in decoders(DRIVERS[file["driver"]])
]


def _is_sound(result: object) -> bool:
    if not isinstance(result, Measurement):
        return result is None or isinstance(result, datetime | Mapping)
    assert result.kind in quantities.KINDS
    assert result.device_time is None or result.time_fault is None
    return isinstance(result.record_key, str)


def _decodes_or_refuses(decode: Decoder, data: bytes) -> bool:
    try:
        return _is_sound(decode(data))
    except DecodeError as error:
        return 0 <= error.offset <= len(data)


@pytest.mark.parametrize("decode", _CHANNELS)
@given(data=st.binary(max_size=64))
def test_any_bytes_decode_or_are_refused(decode: Decoder, data: bytes) -> None:
    assert _decodes_or_refuses(decode, data)


@given(case=st.sampled_from(_FRAMES), flips=st.lists(st.tuples(st.integers(0, 63), st.integers(1, 255)), max_size=3))
def test_a_damaged_frame_decodes_or_is_refused(case: tuple[Decoder, bytes], flips: list[tuple[int, int]]) -> None:
    decode, data = case
    damaged = bytearray(data)
    for place, bits in flips:
        if place < len(damaged):
            damaged[place] ^= bits
    assert _decodes_or_refuses(decode, bytes(damaged))


def _whole_frames() -> Iterator[Any]:
    for file in FILES.values():
        driver = DRIVERS.get(file.get("driver", ""))
        for row in file.get("vectors", ()):
            fixed = (
                isinstance(driver, BleDriver)
                and driver.verdict == "standard"
                and row["channel"] not in ("2A37", "2B36")
            )
            if driver is not None and fixed and row.get("expect") and "trailing_bytes" not in row["expect"]:
                decode = decoders(driver).get(_channel(row["channel"]))
                if decode is not None:
                    yield pytest.param(decode, bytes.fromhex(row["hex"]), id=row["id"])


@pytest.mark.parametrize(("decode", "data"), list(_whole_frames()))
def test_a_frame_cut_anywhere_is_refused_as_truncated(decode: Decoder, data: bytes) -> None:
    for length in range(len(data)):
        with pytest.raises(DecodeError) as refused:
            decode(data[:length])
        assert refused.value.reason == "truncated"
        assert refused.value.offset == length


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda c: _short(c.uuid))
@given(time=st.datetimes(min_value=EARLIEST, max_value=LATEST))
def test_a_clock_reads_back_what_was_set(clock: Clock, time: datetime) -> None:
    read = clock.decode(clock.encode(time))
    assert read is not None
    assert abs((read - time).total_seconds()) < 1


@pytest.mark.parametrize("driver", BUILTIN, ids=lambda d: d.name)
@given(data=st.data())
def test_no_bytes_break_a_session(driver: Driver, data: st.DataObject) -> None:
    session, at = Session(driver, data.draw(st.sampled_from(sorted(driver.modes)))), 0.0
    known = [(_channel(c), b) for c, b in _known_frames(driver)]
    frames = st.tuples(st.sampled_from([*decoders(driver), "other"]), st.binary(max_size=40))
    for channel, raw in data.draw(st.lists(st.one_of(frames, st.sampled_from(known)), max_size=20)):
        at += data.draw(st.sampled_from([0.0, 0.5, 3.0, 30.0]))
        outcomes = [*session.tick(at), *session.feed(channel, raw, at)]
        assert all(isinstance(outcome, Act | Bad) for outcome in outcomes)
    assert len(session.held()) <= 200
    session.end(at)
    assert session.held() == ()


def _known_frames(driver: Driver) -> list[tuple[str, bytes]]:
    rows = [row for file in FILES.values() if file.get("driver") == driver.name for row in file["vectors"]]
    return [(row["channel"], bytes.fromhex(row["hex"])) for row in rows if "hex" in row] or [("other", b"")]


@pytest.mark.parametrize("driver", [d for d in BUILTIN if isinstance(d, SerialDriver)], ids=lambda d: d.name)
@given(data=st.data())
def test_how_a_stream_is_cut_into_chunks_does_not_matter(driver: SerialDriver, data: st.DataObject) -> None:
    known = st.sampled_from([raw for _, raw in _known_frames(driver)])
    stream = b"".join(data.draw(st.lists(st.one_of(known, st.binary(max_size=12)), max_size=12)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole, pieces = driver.framer(), driver.framer()
    in_one = whole.feed(stream)
    in_pieces = [message for chunk in chunks for message in pieces.feed(chunk)]
    assert [m for m in in_one if isinstance(m, bytes)] == [m for m in in_pieces if isinstance(m, bytes)]


# --- the table ----------------------------------------------------------------------------------------------------


def test_names_are_given_once() -> None:
    assert len(DRIVERS) == len(BUILTIN)


@pytest.mark.parametrize("driver", BUILTIN, ids=lambda d: d.name)
def test_a_driver_is_whole(driver: Driver) -> None:
    assert driver.kind in quantities.KINDS
    assert driver.modes
    for mode, make in driver.modes.items():
        gatherer: Gatherer = make()
        assert gatherer.held() == ()
        assert make() is not gatherer
        assert Session(driver, mode).journal is gatherer.journal
    if isinstance(driver, BleDriver):
        uuids = [c.uuid for c in (*driver.characteristics, *driver.adverts)]
        uuids += [i.uuid for i in driver.info] + [c.uuid for c in driver.clocks]
        assert uuids == [normal(u) for u in uuids]
        assert all(normal(u) == u for u in driver.services)


def test_one_type_has_one_code_and_units_tell_its_quantities_apart() -> None:
    table = [q for q in vars(quantities).values() if isinstance(q, Quantity)]
    assert len(table) == len(set(table))
    for quantity in table:
        assert quantity.low is None or quantity.high is None or quantity.low < quantity.high
        twins = [q for q in table if q.type == quantity.type and q.snomed != quantity.snomed]
        assert twins == [] or quantity.type == "pulse-rate"


def test_every_absent_word_is_one_the_contract_knows() -> None:
    assert {a.value for a in Absent} == {
        "not-a-number",
        "positive-infinity",
        "negative-infinity",
        "error",
        "out-of-range",
    }
