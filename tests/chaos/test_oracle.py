"""The judge itself: a story in which every promise is kept passes, and each way of breaking one is named."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.chaos.oracle import Evidence, judge
from tests.chaos.way import Passed
from tests.chaos.wire import Downstream, Puback, Publish, Upstream
from tests.chaos.witness import Arrival, ranges

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC).timestamp()


def payload(seq: int, **more: Any) -> bytes:
    document = {
        "id": f"id-{seq}",
        "epoch": "e-1",
        "seq": seq,
        "measured_at": datetime.fromtimestamp(NOON + seq, UTC).isoformat(),
        "time": {"source": "hub", "hub_clock": "synchronised", "uncertainty_s": "60"},
        "values": [{"type": "weight", "value": f"{seq}.00"}],
        **more,
    }
    return json.dumps(document).encode()


def arrival(seq: int, **more: Any) -> Arrival:
    return Arrival(seq, str(more.get("id", f"id-{seq}")), payload(seq, **more))


def at(seconds: float, event: str, **fields: Any) -> dict[str, Any]:
    return {"event": event, "at": datetime.fromtimestamp(NOON + seconds, UTC).isoformat(), **fields}


def stored(*seqs: int) -> list[dict[str, Any]]:
    return [at(seq, "reading.stored", id=f"id-{seq}", seq=seq) for seq in seqs]


def sent(link: int, seconds: float, *seqs: int) -> list[Passed]:
    topic = "dho/1/skien/hub-0042/reading/weight"
    return [Passed(link, NOON + seconds, Publish(topic, payload(seq), seq)) for seq in seqs]


@pytest.fixture
def good() -> Evidence:
    """Five readings: three waited for the connection, two came later and overtook the third; one came twice."""
    log = [*stored(1, 2, 3), at(3.5, "uplink.connected"), *stored(4, 5)]
    return Evidence(
        log=log,
        fed={f"{seq}.00": NOON + seq for seq in range(1, 6)},
        arrivals=[arrival(seq) for seq in (1, 2, 4, 3, 5, 5)],
        passed=sent(0, 6, 1, 2, 4, 3, 5),
        all_fed=True,
    )


def test_a_story_in_which_every_promise_is_kept(good: Evidence) -> None:
    assert judge(good) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"arrivals": [arrival(s) for s in (1, 2, 3, 4)]}, "lost: seq 5 was stored"),
        ({"arrivals": [arrival(s) for s in (1, 2, 3, 4)]}, "lost: line 5.00 was fed"),
        ({"arrivals": [arrival(s) for s in (1, 2, 3, 4)]}, "gap: seq 5"),
        ({"arrivals": [*(arrival(s) for s in range(1, 6)), arrival(5, origin="stored")]}, "two contents: id id-5"),
        ({"arrivals": [*(arrival(s) for s in range(1, 6)), arrival(5, id="other")]}, "two ids: seq 5"),
        (
            {"arrivals": [*(arrival(s) for s in range(1, 6)), arrival(6, values=[{"value": "5.00"}])]},
            "two readings of one act: 5.00",
        ),
        ({"arrivals": [*(arrival(s) for s in range(1, 6)), arrival(6)]}, "invented: 6.00"),
        ({"arrivals": [*(arrival(s) for s in range(1, 5)), arrival(5, epoch="e-2")]}, "2 epochs"),
        (
            {"arrivals": [*(arrival(s) for s in range(1, 5)), arrival(5, measured_at="2026-03-14T12:05:00+00:00")]},
            "false time: seq 5 is off by 295 s, and says 60 s",
        ),
        ({"passed": sent(0, 6, 1, 3, 2, 4, 5)}, "out of order: seq 2 after 3 on connection 0"),
        ({"passed": sent(0, 6, 1, 2, 3, 5, 4)}, "out of order: seq 4 after 5 on connection 0"),
        ({"ledgers": [{"from": 1, "to": 5, "sha256": "0" * 64}]}, "ledger: 1 to 5 does not agree"),
    ],
)
def test_a_broken_promise_is_named(good: Evidence, change: dict[str, Any], complaint: str) -> None:
    assert any(line.startswith(complaint) for line in judge(replace(good, **change)))


def test_a_time_that_is_not_known_is_no_false_time(good: Evidence) -> None:
    arrivals = [arrival(s, measured_at=None, time={"source": "none"}) for s in range(1, 6)]
    assert judge(replace(good, arrivals=arrivals)) == []


def test_a_void_accounts_for_a_refused_reading_but_not_for_one_that_was_only_released(good: Evidence) -> None:
    few = replace(good, arrivals=[arrival(s) for s in (1, 2, 3, 4)])
    void = {"epoch": "e-1", "from": 5, "to": 5, "reason": "mqtt-not-authorised"}
    assert judge(replace(few, voids=[void])) == []
    assert any(line.startswith("gap: seq 5") for line in judge(replace(few, voids=[{**void, "reason": "released"}])))


def test_what_was_asked_for_or_is_at_the_broker_may_come_again_at_any_time(good: Evidence) -> None:
    assert judge(replace(good, passed=sent(0, 6, 1, 3, 2, 4, 5), asked={2})) == []
    answered = [Passed(0, NOON + 6, Puback(seq, 0)) for seq in (1, 2)]
    again = [*sent(0, 6, 1, 2), *answered, *sent(1, 7, 3, 1, 2, 4)]
    log = [*good.log, at(6.9, "uplink.connected")]
    assert judge(replace(good, passed=again, log=log)) == []


def test_what_was_in_hand_when_the_power_went_is_excused(good: Evidence) -> None:
    log = [*stored(1, 2, 3), at(3.5, "uplink.connected"), *stored(4)]
    few = replace(good, arrivals=[arrival(s) for s in (1, 2, 3, 4)], log=log)
    assert judge(few) == ["lost: line 5.00 was fed and did not come"]
    assert judge(replace(few, excused={"5.00"})) == []


def test_a_ledger_that_agrees(good: Evidence) -> None:
    text = "\n".join(f"{seq} id-{seq}" for seq in range(1, 6))
    ledger = {"from": 1, "to": 5, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    assert judge(replace(good, ledgers=[ledger])) == []


def test_the_last_ledger_counts_and_a_void_counts_for_more_than_a_reading(good: Evidence) -> None:
    text = "\n".join(["1 void", *(f"{seq} id-{seq}" for seq in range(2, 6))])
    ledger = {"from": 1, "to": 5, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    void = {"epoch": "e-1", "from": 1, "to": 1, "reason": "released"}
    earlier = {"from": 1, "to": 5, "sha256": "0" * 64}
    assert judge(replace(good, ledgers=[earlier, ledger], voids=[void])) == []
    assert judge(replace(good, ledgers=[ledger])) == ["ledger: 1 to 5 does not agree"]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("level", [4, 5])
def test_packets_are_read_off_the_wire_however_they_are_cut(level: int, size: int) -> None:
    """CONNECT, a PUBLISH of QoS 1 and one of QoS 0; MQTT 3.1.1 and 5, by the byte layouts of the standards."""
    connect = bytes((0x10, 6 + 6)) + b"\x00\x04MQTT" + bytes((level, 2, 0, 60, 0, 0))
    properties = b"\x02\x01\x01" if level == 5 else b""
    body = b"\x00\x03a/b" + b"\x12\x34" + properties + b"x" * 200
    publish = b"\x32" + bytes((len(body) % 128 | 0x80, len(body) // 128)) + body
    plain = b"\x00\x01c" + properties + b"y"
    stream = connect + publish + bytes((0x30, len(plain))) + plain
    reader = Upstream()
    found = [p for at in range(0, len(stream), size) for p in reader.feed(stream[at : at + size])]
    assert found == [Publish("a/b", b"x" * 200, 0x1234), Publish("c", b"y", 0)]


def test_answers_are_read_off_the_wire() -> None:
    """PUBACK with its reason left out means success; the rest is passed over."""
    found = list(Downstream().feed(b"\xd0\x00" + b"\x40\x02\x12\x34" + b"\x40\x03\x12\x35\x87"))
    assert found == [Puback(0x1234, 0), Puback(0x1235, 0x87)]


def test_places_make_stretches() -> None:
    assert ranges([5, 1, 2, 3, 7, 8]) == [(1, 3), (5, 5), (7, 8)]
    assert ranges([]) == []
