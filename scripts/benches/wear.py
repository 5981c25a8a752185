"""Bytes written for one reading, from its insert to its release, beside bare SQLite; alone and in a burst.

`disk`: what the kernel says it had to write; `write()`: what was handed to it. The first sees whole blocks, and on some
kernels oddities with files that were made larger beforehand: trust the second more.
"""

import json
import sqlite3
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from benches import Row, at_most
from benches.rig import Rig, rig, written
from gateway.store.database import CHECKPOINT_PAGES, PAGE_BYTES
from tests.daemon.hub import ROOT, until

_PAYLOAD = "x" * 600
_ACK_S = 0.2


def measure(*, quick: bool = False) -> list[Row]:
    """Kilobytes per reading."""
    alone, burst = (150, 1000) if quick else (1000, 10_000)
    ours, together = _ours(alone, 0), _ours(burst, 1000)
    floor = _bare(alone)
    return [
        Row("written per reading, one at a time (disk)", ours[1], floor[1], "kB", at_most(15)),
        Row("written per reading, one at a time (write())", ours[0], floor[0], "kB", at_most(15)),
        Row("written per reading, burst of 1000/s (disk)", together[1], floor[1], "kB", at_most(2)),
        Row("written per reading, burst of 1000/s (write())", together[0], floor[0], "kB", at_most(2)),
    ]


class Receiver:
    """Remembers how far it has heard, and acknowledges all of it when it is told to."""

    def __init__(self, port: int) -> None:
        self.seq = 0
        self._epoch = ""
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="receiver")
        self._client.on_message = self._heard
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(f"{ROOT}/reading/weight", 1)
        self._client.loop_start()
        assert self._ready.wait(10)

    def _heard(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        document = json.loads(message.payload)
        self.seq, self._epoch = document["seq"], document["epoch"]

    def has_more_than(self, seq: int) -> bool:
        """Whether a reading came after this place."""
        return self.seq > seq

    def say(self) -> None:
        """The ack of all there is."""
        word = {"schema": "dho.ack/1", "epoch": self._epoch, "through": self.seq}
        self._client.publish(f"{ROOT}/ack", json.dumps(word), 1)

    def close(self) -> None:
        """Leaves."""
        self._client.disconnect()
        self._client.loop_stop()


def _ours(count: int, rate: int) -> tuple[float, float]:
    with rig() as bench:
        receiver = Receiver(bench.broker.port)
        bench.online()
        _warm(bench, receiver)
        before = written(bench.hub.pid)
        (_burst if rate else _singly)(bench, receiver, count, rate)
        _released(bench)
        after = written(bench.hub.pid)
        receiver.close()
    return (after[0] - before[0]) / count / 1000, (after[1] - before[1]) / count / 1000


def _warm(bench: Rig, receiver: Receiver) -> None:
    _singly(bench, receiver, 10, 0, first=90_000)
    _released(bench)


def _singly(bench: Rig, receiver: Receiver, count: int, _rate: int, first: int = 0) -> None:
    for number in range(first + 1, first + count + 1):
        before = receiver.seq
        bench.scale.weigh(number / 100)
        until(partial(receiver.has_more_than, before))
        receiver.say()
        _released(bench)


def _burst(bench: Rig, receiver: Receiver, count: int, rate: int) -> None:
    began, said, last = time.monotonic(), time.monotonic(), receiver.seq + count
    for number in range(1, count + 1):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        bench.scale.weigh(number / 100)
        if time.monotonic() - said > _ACK_S:
            receiver.say()
            said = time.monotonic()
    until(lambda: receiver.seq >= last, 60)
    receiver.say()


def _released(bench: Rig) -> None:
    path = bench.directory / "store" / "outbox.sqlite"
    link = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    until(lambda: link.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0, 60)
    link.close()


def _bare(count: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as name:
        link = sqlite3.connect(Path(name, "bare.sqlite"), isolation_level=None)
        for pragma in (f"page_size = {PAGE_BYTES}", "journal_mode = WAL", "synchronous = FULL"):
            link.execute(f"PRAGMA {pragma}")
        link.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        link.execute("CREATE TABLE outbox (seq INTEGER PRIMARY KEY, payload TEXT NOT NULL)")
        before = written("self")
        for seq in range(1, count + 1):
            link.execute("INSERT INTO outbox (seq, payload) VALUES (?, ?)", (seq, _PAYLOAD))
            link.execute("DELETE FROM outbox WHERE seq = ?", (seq,))
        after = written("self")
        link.close()
    return (after[0] - before[0]) / count / 1000, (after[1] - before[1]) / count / 1000
