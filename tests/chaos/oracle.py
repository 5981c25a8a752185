"""The one judge of all chaos: what the daemon called stored, what its scale weighed and what came, side by side."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.chaos.way import Passed
from tests.chaos.wire import Puback, Publish
from tests.chaos.witness import Arrival

# A broker's or receiver's own no: the reading is kept apart, and a void says so.
REFUSED = ("mqtt-not-authorised", "mqtt-packet-too-large", "mqtt-quota-exceeded", "mqtt-payload-invalid")
# The pty, two threads and a busy machine lie between the moment a line is fed and the moment it is stamped.
_SLACK_S = 1.0


@dataclass(kw_only=True)
class Evidence:
    """`log`: the daemon's events in order, over all its runs. `fed`: value to wall time. `passed`: the hub's own
    connections. `asked`: places a receiver asked for by name. `all_fed`: nothing that was fed may be missing, but the
    values that are `excused`: they were in hand when the power went."""

    log: Sequence[Mapping[str, Any]]
    fed: Mapping[str, float]
    arrivals: Sequence[Arrival]
    voids: Sequence[Mapping[str, Any]] = ()
    ledgers: Sequence[Mapping[str, Any]] = ()
    passed: Sequence[Passed] = ()
    asked: Iterable[int] = ()
    all_fed: bool = False
    excused: Collection[str] = ()
    documents: list[dict[str, Any]] = field(init=False)
    stored: list[tuple[str, int]] = field(init=False)

    def __post_init__(self) -> None:
        self.documents = [json.loads(a.payload) for a in self.arrivals]
        self.stored = [(e["id"], e["seq"]) for e in self.log if e.get("event") == "reading.stored"]


def judge(evidence: Evidence) -> list[str]:
    """Everything that breaks a promise, one line each; empty when all are kept."""
    checks = (_lost, _doubled, _sequence, _invented, _times, _order, _ledgers)
    return [line for check in checks for line in check(evidence)]


def _lost(e: Evidence) -> Iterator[str]:
    came = {(a.id, a.seq) for a in e.arrivals}
    refused = {seq for void in e.voids if void["reason"] in REFUSED for seq in _places(void)}
    for one in sorted(set(e.stored) - came, key=lambda pair: pair[1]):
        if one[1] not in refused:
            yield f"lost: seq {one[1]} was stored and did not come"
    if e.all_fed and not refused:
        values = {d["values"][0]["value"] for d in e.documents}
        for value in sorted(set(e.fed) - values - set(e.excused), key=float):
            yield f"lost: line {value} was fed and did not come"


def _doubled(e: Evidence) -> Iterator[str]:
    contents: dict[str, set[bytes]] = defaultdict(set)
    places: dict[int, set[str]] = defaultdict(set)
    acts: dict[str, set[str]] = defaultdict(set)
    for arrival, document in zip(e.arrivals, e.documents, strict=True):
        contents[arrival.id].add(arrival.payload)
        places[arrival.seq].add(arrival.id)
        acts[document["values"][0]["value"]].add(arrival.id)
    for reading_id, seq in e.stored:
        places[seq].add(reading_id)
    yield from (f"two contents: id {i}" for i, found in contents.items() if len(found) > 1)
    yield from (f"two ids: seq {seq}" for seq, found in places.items() if len(found) > 1)
    yield from (f"two readings of one act: {value}" for value, found in acts.items() if len(found) > 1)


def _sequence(e: Evidence) -> Iterator[str]:
    epochs = {d["epoch"] for d in (*e.documents, *e.voids)}
    if len(epochs) > 1:
        yield f"{len(epochs)} epochs"
    came = {a.seq for a in e.arrivals}
    # "released" speaks of what the receiver has confirmed; it accounts for nothing that never came.
    void = {seq for v in e.voids if v["reason"] != "released" for seq in _places(v)}
    last = max([*came, *(seq for _, seq in e.stored)], default=0)
    missing = set(range(1, last + 1)) - came - void
    yield from (f"gap: seq {seq} never came, and nothing accounts for it" for seq in sorted(missing))


def _invented(e: Evidence) -> Iterator[str]:
    for value in sorted({d["values"][0]["value"] for d in e.documents} - set(e.fed), key=float):
        yield f"invented: {value} was never weighed"


def _times(e: Evidence) -> Iterator[str]:
    for document in e.documents:
        fed, told = e.fed.get(document["values"][0]["value"]), document["measured_at"]
        if told is None or fed is None:
            continue
        off = abs((datetime.fromisoformat(told) - datetime.fromtimestamp(fed, UTC)).total_seconds())
        within = float(document["time"].get("uncertainty_s", 0))
        if off > within + _SLACK_S:
            yield f"false time: seq {document['seq']} is off by {off:.0f} s, and says {within:.0f} s"


def _order(e: Evidence) -> Iterator[str]:
    """Each connection: two lanes, each in order; what a broker had before, or was asked for, may come at any time."""
    lanes = {link: _lane_ends(e, link) for link in {p.link for p in e.passed}}
    asked, at_broker = set(e.asked), set[int]()
    numbers: dict[tuple[int, int], int] = {}
    last: dict[tuple[int, bool], int] = {}
    seen: set[tuple[int, int]] = set()
    for passed in e.passed:
        if isinstance(passed.packet, Puback):
            at_broker.add(numbers.pop((passed.link, passed.packet.number), 0))
            continue
        seq = place(passed.packet)
        if seq is None:
            continue
        numbers[passed.link, passed.packet.number] = seq
        if (passed.link, seq) in seen or seq in at_broker or seq in asked:
            continue
        seen.add((passed.link, seq))
        lane = (passed.link, seq > lanes[passed.link])
        if seq < last.get(lane, 0):
            yield f"out of order: seq {seq} after {last[lane]} on connection {passed.link}"
        last[lane] = max(seq, last.get(lane, 0))


def _lane_ends(e: Evidence, link: int) -> int:
    """The last place that was given before this connection was made."""
    first = min((p.at for p in e.passed if p.link == link and isinstance(p.packet, Publish)), default=0.0)
    made = max((i for i, event in enumerate(e.log) if _made_by(event, first)), default=-1)
    later = (event["seq"] for event in e.log[made + 1 :] if event.get("event") == "reading.stored")
    return int(next(later, 2**62)) - 1


def _made_by(event: Mapping[str, Any], moment: float) -> bool:
    return event.get("event") == "uplink.connected" and datetime.fromisoformat(event["at"]).timestamp() <= moment


def _ledgers(e: Evidence) -> Iterator[str]:
    # Earlier ones were told while there was still something on the way.
    yield from (
        f"ledger: {ledger['from']} to {ledger['to']} does not agree"
        for ledger in e.ledgers[-1:]
        if not agrees(ledger, e.arrivals, e.voids)
    )


def agrees(ledger: Mapping[str, Any], arrivals: Iterable[Arrival], voids: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a ledger says what came; a void counts for more than a reading that came all the same."""
    lines = {a.seq: a.id for a in arrivals}
    lines.update((seq, "void") for void in voids for seq in _places(void))
    return bool(ledger["sha256"] == _digest(range(ledger["from"], ledger["to"] + 1), lines))


def _digest(places: range, lines: Mapping[int, str]) -> str:
    text = "\n".join(f"{seq} {lines.get(seq, 'missing')}" for seq in places)
    return hashlib.sha256(text.encode()).hexdigest()


def _places(void: Mapping[str, Any]) -> range:
    return range(void["from"], void["to"] + 1)


def place(packet: Publish) -> int | None:
    """The place of the reading that a message carries; None if it carries none."""
    if "/reading/" not in packet.topic or packet.topic.endswith("/void"):
        return None
    return int(json.loads(packet.payload)["seq"])
