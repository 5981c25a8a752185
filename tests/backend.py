"""A broker and a receiver as a model: everything they may do is a call, and they check what they see.

Time is the test's own; nothing here waits.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.ack import Ack, parse_ack
from gateway.errors import GatewayError, TransientError, UnsendableError
from gateway.forwarder import Forwarder


@dataclass(eq=False)
class Sent:
    """One message on the way; `answer` is what its sender waits for."""

    kind: str
    payload: bytes
    answer: "asyncio.Future[None]"

    @property
    def table(self) -> dict[str, Any]:
        """Its JSON."""
        table: dict[str, Any] = json.loads(self.payload)
        return table

    @property
    def first(self) -> int:
        """The (first) place it speaks of."""
        return int(self.table["from"] if self.kind == "void" else self.table["seq"])


class Broker:
    """Takes messages of the hub, and hands them on."""

    def __init__(self) -> None:
        self.up = False
        self.on_the_way: list[Sent] = []
        self.log: list[tuple[str, int]] = []
        self.queue: list[Sent] = []

    def publish(self, kind: str, payload: bytes) -> "asyncio.Future[None]":
        """As the uplink does it; a reading must not be on the way twice at once."""
        sent = Sent(kind, payload, asyncio.get_running_loop().create_future())
        if not self.up:
            fail(sent, TransientError("not-connected"))
            return sent.answer
        if kind != "void":
            assert sent.first not in [other.first for other in self.on_the_way if other.kind != "void"]
        self.log.append((kind, sent.first))
        self.on_the_way.append(sent)
        return sent.answer

    def take(self, sent: Sent, *, answer: bool = True) -> None:
        """The broker has it; without `answer` its word is lost on the way back (and so is the connection, soon)."""
        self.queue.append(sent)
        if answer:
            self.on_the_way.remove(sent)
            sent.answer.set_result(None)

    def take_all(self) -> None:
        """The broker has all that is on the way."""
        for sent in list(self.on_the_way):
            self.take(sent)

    def refuse(self, sent: Sent, reason: str = "mqtt-payload-invalid") -> None:
        """The broker will never take it."""
        self.on_the_way.remove(sent)
        fail(sent, UnsendableError(reason))

    def choke(self, sent: Sent) -> None:
        """The uplink cannot send it now, though it is connected."""
        self.on_the_way.remove(sent)
        fail(sent, TransientError("uplink-line-full"))

    def connect(self, forwarder: Forwarder) -> None:
        """The connection is made."""
        self.up = True
        forwarder.connected()

    def cut(self, forwarder: Forwarder) -> None:
        """The connection is lost, with all that is on the way."""
        self.up = False
        for sent in self.on_the_way:
            fail(sent, TransientError("connection-lost"))
        self.on_the_way = []
        forwarder.disconnected()


def fail(sent: Sent, error: GatewayError) -> None:
    """As the uplink fails a message: whoever does not ask does not want to know."""
    sent.answer.set_exception(error)
    sent.answer.exception()


@dataclass
class Receiver:
    """Keeps one row per id, checks what must hold, and says what it has."""

    epoch: str
    by_seq: dict[int, tuple[str, str]] = field(default_factory=dict)
    seq_of: dict[str, int] = field(default_factory=dict)
    voids: dict[int, str] = field(default_factory=dict)
    doubles: int = 0
    # Places of readings that came at another one later: refused the first time, or so it seemed. They must be void,
    # where the broker let it be said.
    moved: set[int] = field(default_factory=set)
    untold: set[int] = field(default_factory=set)

    def take(self, sent: Sent) -> None:
        """Stores a message. No place ever has two ids or two contents."""
        if sent.kind == "void":
            table = sent.table
            assert table["epoch"] == self.epoch
            self.voids.update(dict.fromkeys(range(table["from"], table["to"] + 1), table["reason"]))
            return
        table = sent.table
        content = sent.payload.decode()
        known = self.by_seq.setdefault(table["seq"], (table["id"], content))
        self.doubles += table["id"] in self.seq_of
        assert known == (table["id"], content)
        earlier = self.seq_of.get(table["id"], table["seq"])
        if earlier != table["seq"]:
            self.moved.add(min(earlier, table["seq"]))
        self.seq_of[table["id"]] = max(earlier, table["seq"])

    def take_all(self, broker: Broker) -> None:
        """Stores all that the broker has for it."""
        while broker.queue:
            self.take(broker.queue.pop(0))

    @property
    def known(self) -> set[int]:
        """Places it can account for."""
        return self.by_seq.keys() | self.voids.keys()

    @property
    def through(self) -> int:
        """The last place up to which nothing is missing."""
        place = 0
        while place + 1 in self.known:
            place += 1
        return place

    def ack(self, last_seq: int, *, resend: bool = True) -> Ack:
        """Its word, as bytes over the wire and back; `resend` asks for the gaps below what it has."""
        through = self.through
        also = list(stretches(seq for seq in self.known if seq > through))
        gaps = [(low, high) for low, high in self._gaps(through)] if resend else []
        table = {"schema": "dho.ack/1", "epoch": self.epoch, "through": through, "also": also, "resend": gaps}
        return parse_ack(json.dumps(table).encode(), self.epoch, last_seq)

    def _gaps(self, through: int) -> Iterator[tuple[int, int]]:
        return stretches(seq for seq in range(through + 1, max(self.known, default=0)) if seq not in self.known)


def stretches(places: "Iterator[int]") -> Iterator[tuple[int, int]]:
    """Inclusive ranges of places."""
    low = high = None
    for place in sorted(places):
        if high is not None and place == high + 1:
            high = place
            continue
        if low is not None and high is not None:
            yield low, high
        low = high = place
    if low is not None and high is not None:
        yield low, high
