"""A receiver of the test's own, honest or not: it keeps what it hears, and acknowledges in its own manner.

It shares no code with the project, so that a mistake made on both sides cannot hide.
"""

import json
import random
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.daemon.hub import ROOT

# `honest`: confirms what it has, asks for gaps. `withholding`: says nothing. `repeating`: says everything thrice, and
# old words again. `confused`: other epochs, places never given, nonsense, old words after new ones. `asking`: asks
# again for anything, also for what it has confirmed. `absent`: leaves the broker now and then. `away`: hears nothing
# until it becomes another.
Manner = Literal["honest", "withholding", "repeating", "confused", "asking", "absent", "away", "mute"]
MANNERS: tuple[Manner, ...] = ("honest", "withholding", "repeating", "confused", "asking", "absent", "away")

_LOOK_S = 0.1
# How long a gap may stand before it is asked for, and asked for again.
_PATIENCE_S = 1.0
_NONSENSE = (
    b"",
    b"\x00\xff",
    b"[]",
    b"null",
    b'{"schema":"dho.ack/1"}',
    b'{"schema":"dho.ack/2","epoch":"EPOCH","through":1}',
    b'{"schema":"dho.ack/1","epoch":"e-0000000000","through":999999}',
    b'{"schema":"dho.ack/1","epoch":"EPOCH","through":999999}',
    b'{"schema":"dho.ack/1","epoch":"EPOCH","through":0,"also":[[5,2]]}',
    b'{"schema":"dho.ack/1","epoch":"EPOCH","through":0,"also":[[1,999999]]}',
    b'{"schema":"dho.ack/1","epoch":"EPOCH","through":0,"resend":"all"}',
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A reading as it came."""

    seq: int
    id: str
    payload: bytes


@dataclass
class Witness:
    """One receiver with a persistent session under `name`. `mute` never says anything: for `confirm = "broker"`."""

    port: int
    manner: Manner = "honest"
    seed: int = 0
    name: str = "witness"
    arrivals: list[Arrival] = field(default_factory=list)
    voids: list[dict[str, Any]] = field(default_factory=list)
    ledgers: list[dict[str, Any]] = field(default_factory=list)
    epochs: list[str] = field(default_factory=list)
    # Places that were asked for by name.
    asked: set[int] = field(default_factory=set)
    # What it heard and said, by wall time.
    story: list[tuple[float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311  # dice, not secrets
        self._guard = threading.Lock()
        self._have: set[int] = set()
        self._gap_since: dict[int, float] = {}
        self._said: list[bytes] = []
        self._news = False
        self._stop = threading.Event()
        self._listening = threading.Event()
        self._client = self._connect()
        self._thread = threading.Thread(target=self._speak, name=self.name)
        self._thread.start()

    def values(self) -> set[str]:
        """The measured values that came."""
        return {json.loads(a.payload)["values"][0]["value"] for a in list(self.arrivals)}

    def ids(self) -> set[str]:
        return {a.id for a in list(self.arrivals)}

    def gaps(self) -> list[tuple[int, int]]:
        """Stretches of the sequence below the last place that came of which nothing came."""
        with self._guard:
            return self._gaps()

    def wait_until_heard(self, within: float = 10.0) -> None:
        """Returns when the broker listens for it: what is published from now on is kept for it."""
        assert self._listening.wait(within)

    def ask_again(self) -> None:
        """For everything that was ever asked for by name, once more."""
        with self._guard:
            again = [list(stretch) for stretch in ranges(self.asked & self._have)]
            through = next(n for n in range(1, max(self._have, default=0) + 2) if n not in self._have) - 1
            word = self._word(through, [], again) if again else b""
        if word:
            self._client.publish(f"{ROOT}/ack", word, 1)

    def ask_for_ledger(self) -> None:
        """As a backend does: a command, which expires."""
        expires = datetime.now(UTC) + timedelta(minutes=5)
        command = {"schema": "dho.command/1", "expires": expires.isoformat(timespec="seconds")}
        self._client.publish(f"{ROOT}/command/ledger/c-{secrets.token_hex(4)}", json.dumps(command), 1)

    def become(self, manner: Manner) -> None:
        with self._guard:
            self.manner, self._news = manner, True

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    # --- hearing ---

    def _connect(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2, client_id=self.name, protocol=MQTTProtocolVersion.MQTTv311, clean_session=False
        )
        client.on_connect = lambda link, *_: link.subscribe("dho/#", 1)
        client.on_subscribe = lambda *_: self._listening.set()
        client.on_message = self._message
        client.reconnect_delay_set(1, 1)
        client.max_inflight_messages_set(1000)
        client.connect_async("127.0.0.1", self.port)
        client.loop_start()
        return client

    def _message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        words = message.topic.removeprefix(f"{ROOT}/").split("/")
        if words[0] not in ("reading", "ledger", "about") or not message.payload:
            return
        document = json.loads(message.payload)
        with self._guard:
            self.story.append((time.time(), f"heard {words} {document.get('seq', document.get('from', ''))}"))
            if words[0] == "about":
                self.epochs += [document["epoch"]] if document["epoch"] not in self.epochs else []
            elif words[0] == "ledger":
                self.ledgers.append(document)
            elif words[1] == "void":
                self.voids.append(document)
                self._have.update(range(document["from"], document["to"] + 1))
            else:
                self._take(document, bytes(message.payload))
            self._news = True

    def _take(self, document: dict[str, Any], payload: bytes) -> None:
        if document["epoch"] not in self.epochs:
            self.epochs.append(document["epoch"])
        self.arrivals.append(Arrival(document["seq"], document["id"], payload))
        self._have.add(document["seq"])

    # --- speaking ---

    def _speak(self) -> None:
        while not self._stop.wait(_LOOK_S):
            with self._guard:
                words = self._words() if self.epochs and self._client.is_connected() else []
            for word in words:
                self.story.append((time.time(), f"said {word.decode(errors='replace')}"))
                self._client.publish(f"{ROOT}/ack", word, 1)
            if self._goes():
                self._leave()

    def _words(self) -> list[bytes]:
        if self.manner in ("withholding", "mute"):
            return []
        words = [self._ack()] if self._news or self._overdue() else []
        self._news = False
        if self.manner == "repeating":
            words = words * 3 + self._dice.sample(self._said, min(2, len(self._said)))
        elif self.manner == "confused":
            nonsense = self._dice.choice(_NONSENSE).replace(b"EPOCH", self.epochs[-1].encode())
            words += [nonsense, *self._dice.sample(self._said, min(3, len(self._said)))]
            self._dice.shuffle(words)
        elif self.manner == "asking" and self._have and self._dice.random() < 0.3:
            words.append(self._ask_for_anything())
        self._said = (self._said + words)[-50:]
        return words

    def _ack(self) -> bytes:
        stretches = ranges(self._have)
        through = stretches[0][1] if stretches and stretches[0][0] == 1 else 0
        resend = self._due()
        return self._word(through, [list(s) for s in stretches if s[0] > 1], [list(s) for s in resend])

    def _word(self, through: int, also: list[list[int]], resend: list[list[int]]) -> bytes:
        word = {"schema": "dho.ack/1", "epoch": self.epochs[-1], "through": through, "also": also, "resend": resend}
        return json.dumps({k: v for k, v in word.items() if v != []}).encode()

    def _ask_for_anything(self) -> bytes:
        first = self._dice.randint(1, max(self._have))
        last = min(max(self._have), first + self._dice.randint(0, 5))
        self.asked.update(range(first, last + 1))
        through = next(n for n in range(1, max(self._have) + 2) if n not in self._have) - 1
        return self._word(through, [], [[first, last]])

    def _overdue(self) -> bool:
        now = time.monotonic()
        return any(now - since > _PATIENCE_S for since in self._gap_since.values()) or bool(self._new_gaps())

    def _new_gaps(self) -> list[tuple[int, int]]:
        return [gap for gap in self._gaps() if gap[0] not in self._gap_since]

    def _gaps(self) -> list[tuple[int, int]]:
        return ranges(set(range(1, max(self._have, default=0))) - self._have)

    def _due(self) -> list[tuple[int, int]]:
        """Gaps that have stood long enough; they are asked for now, and again after as long."""
        now = time.monotonic()
        gaps = self._gaps()
        self._gap_since = {first: self._gap_since.get(first, now) for first, _ in gaps}
        due = [gap for gap in gaps if now - self._gap_since[gap[0]] > _PATIENCE_S]
        for first, last in due:
            self._gap_since[first] = now
            self.asked.update(range(first, last + 1))
        return due

    def _goes(self) -> bool:
        may = self._listening.is_set()
        return may and (self.manner == "away" or (self.manner == "absent" and self._dice.random() < 0.1))

    def _leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._stop.wait(self._dice.uniform(0.1, 0.8))
        while self.manner == "away" and not self._stop.wait(_LOOK_S):
            pass
        self._client = self._connect()


def ranges(places: Iterable[int]) -> list[tuple[int, int]]:
    """The stretches (inclusive) that these places make, in order."""
    found: list[tuple[int, int]] = []
    for place in sorted(places):
        if found and found[-1][1] == place - 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found
