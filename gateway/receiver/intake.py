"""From messages to rows: a batch is stored in one transaction, and only what is durable is counted as here."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.receiver.database import Database
from gateway.receiver.ledger import Ledger, judge
from gateway.receiver.messages import (
    BadMessageError,
    parse_amend,
    parse_ledger,
    parse_reading,
    parse_void,
)
from gateway.receiver.ranges import Range, Ranges
from gateway.receiver.stream import Stream
from gateway.topics import AMEND, VOID, Topic

Key = tuple[str, str]
Report = Callable[[Mapping[str, object]], None]

_CONFLICTS = ("two-contents", "two-places", "two-ids")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message on one of a hub's `reading` topics or its `ledger`."""

    topic: str
    whose: Topic
    payload: bytes


@dataclass(frozen=True, slots=True)
class _Effect:
    """What is true once the batch is durable."""

    event: Mapping[str, object]
    count: str
    key: Key | None = None
    places: Range | None = None
    ledger: Ledger | None = None


@dataclass
class Intake:
    """`patience_s`: how long a gap may stand before the hub is asked. `report` gets every event."""

    database: Database
    report: Report
    patience_s: float
    counts: Counter[str] = field(default_factory=Counter)
    streams: dict[Key, Stream] = field(default_factory=dict)
    current: dict[str, str] = field(default_factory=dict)
    _ledgers: dict[Key, Ledger] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for hub, epoch, stretches in self.database.streams():
            self.streams[hub, epoch] = Stream(self.patience_s, Ranges(stretches))
            self.current[hub] = epoch

    def take(self, arrivals: Sequence[Arrival], at: str) -> set[Key]:
        """Stores a batch and gives the streams it touched; TransientError if it could not be made durable."""
        with self.database.batch():
            effects = [self._stored(arrival, at) for arrival in arrivals]
        touched = set()
        for effect in effects:
            self.counts[effect.count] += 1
            if effect.key is not None:
                self._apply(effect.key, effect)
                touched.add(effect.key)
            if effect.ledger is None:
                self.report(effect.event)
        for key in touched & self._ledgers.keys():
            self._check(key, told=any(effect.ledger is not None and effect.key == key for effect in effects))
        return touched

    def refuse(self, topic: str, place: str, reason: str) -> None:
        """Counts a message that is not of the contract."""
        self.counts["refused"] += 1
        self.report(_refusal(topic, place, reason))

    def missing(self) -> dict[Key, list[Range]]:
        """Places that hubs have given in their current epoch and that are not here."""
        found = {key: stream.missing() for key, stream in self.streams.items() if self.current.get(key[0]) == key[1]}
        return {key: gaps for key, gaps in found.items() if gaps}

    def stream(self, key: Key) -> Stream:
        """The stream of a hub's epoch; an epoch not seen before is the hub's current one."""
        if key not in self.streams:
            self.streams[key] = Stream(self.patience_s)
            self.current[key[0]] = key[1]
        return self.streams[key]

    def _stored(self, arrival: Arrival, at: str) -> _Effect:
        try:
            return self._read(arrival, at)
        except BadMessageError as error:
            self.database.keep_aside(arrival.topic, arrival.payload, "not-of-the-contract", at)
            return _Effect(_refusal(arrival.topic, error.place, error.reason), "refused")

    def _read(self, arrival: Arrival, at: str) -> _Effect:
        whose = arrival.whose
        if whose.family == "ledger":
            ledger = parse_ledger(arrival.payload)
            return _Effect({}, "ledgers", (whose.hub, ledger.epoch), ledger=ledger)
        if whose.words == (VOID,):
            return self._void(arrival, at)
        if whose.words == (AMEND,):
            return self._amend(arrival, at)
        return self._reading(arrival, at)

    def _reading(self, arrival: Arrival, at: str) -> _Effect:
        reading = parse_reading(arrival.payload, arrival.whose.hub, arrival.whose.words[0])
        outcome = self.database.take(reading, arrival.payload, arrival.topic, at)
        what = {"hub": reading.hub, "epoch": reading.epoch, "seq": reading.seq, "id": reading.id, "kind": reading.kind}
        key, places = (reading.hub, reading.epoch), (reading.seq, reading.seq)
        if outcome in _CONFLICTS:
            return _Effect({"event": "reading.conflict", "reason": outcome, **what}, "conflicts", key, places)
        if outcome == "double":
            return _Effect({"event": "reading.doubled", **what}, "doubles", key, places)
        return _Effect({"event": "reading.received", **what}, "received", key, places)

    def _void(self, arrival: Arrival, at: str) -> _Effect:
        void = parse_void(arrival.payload)
        self.database.void(arrival.whose.hub, void, at)
        what = {"hub": arrival.whose.hub, "epoch": void.epoch, "from": void.first, "to": void.last}
        event = {"event": "void.received", **what, "reason": void.reason}
        return _Effect(event, "voids", (arrival.whose.hub, void.epoch), (void.first, void.last))

    def _amend(self, arrival: Arrival, at: str) -> _Effect:
        amend = parse_amend(arrival.payload)
        self.database.amend(amend, at)
        what = {"hub": arrival.whose.hub, "id": amend.id, "status": amend.status, "reason": amend.reason}
        return _Effect({"event": "amend.received", **what}, "amends")

    def _apply(self, key: Key, effect: _Effect) -> None:
        stream = self.stream(key)
        if effect.places is not None:
            stream.have.add(*effect.places)
        if effect.ledger is not None:
            stream.known_last = max(stream.known_last, effect.ledger.last)
            self._ledgers[key] = effect.ledger

    def _check(self, key: Key, *, told: bool) -> None:
        """Judges the stream's ledger; one that was incomplete is judged again, silently, until all is here."""
        ledger, (hub, epoch) = self._ledgers[key], key
        gaps = [g for g in self.stream(key).have.gaps(ledger.last) if g[1] >= ledger.first]
        missing = [(max(first, ledger.first), last) for first, last in gaps]
        if missing and not told:
            return
        lines = () if missing else self.database.lines(hub, epoch, ledger.first, ledger.last)
        verdict = judge(ledger, missing, lines)
        if verdict.result != "incomplete":
            del self._ledgers[key]
        self.counts[f"ledgers_{verdict.result}"] += 1
        what = {"hub": hub, "epoch": epoch, "from": ledger.first, "to": ledger.last}
        stretches = [list(stretch) for stretch in verdict.missing]
        self.report({"event": "ledger.checked", **what, "result": verdict.result, "missing": stretches})


def _refusal(topic: str, place: str, reason: str) -> dict[str, object]:
    return {"event": "message.refused", "topic": topic, "place": place, "reason": reason}
