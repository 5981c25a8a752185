"""The way out of the hub, real from the store to the forwarder, with a model of what lies beyond."""

import shutil
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from gateway.ack import Range
from gateway.backoff import CatchUp
from gateway.errors import TransientError
from gateway.forwarder import Forwarder, OutboxView, Waiting
from gateway.store import Store, quarantine
from gateway.supervisor import Supervisor
from gateway.voids import render_void
from tests.backend import Broker, Receiver
from tests.readings import draft
from tests.world import World, settle

HUB = "hub-0042"


class FaultyOutbox:
    """The outbox, on a medium whose writes and reads can be made to fail."""

    def __init__(self, outbox: OutboxView) -> None:
        self._outbox = outbox
        self.fail_in: dict[str, int] = {}
        self.faults = 0
        # From this place on nothing is handed out: it is not dated yet.
        self.barrier: int | None = None
        self.asked: list[tuple[int, int]] = []

    @property
    def last_seq(self) -> int:
        return self._outbox.last_seq

    @last_seq.setter
    def last_seq(self, seq: int) -> None:
        raise AssertionError("only the store gives places")

    def waiting(self, after: int, upto: int, limit: int) -> Sequence[Waiting]:
        self.asked.append((after, upto))
        rows: Sequence[Waiting] = self._ask("waiting", self._outbox.waiting, after, upto, limit)
        return [row for row in rows if self.barrier is None or row.seq < self.barrier]

    def oldest(self) -> int | None:
        seq: int | None = self._ask("oldest", self._outbox.oldest)
        return seq

    def mark_at_broker(self, seqs: Sequence[int]) -> None:
        self._ask("mark_at_broker", self._outbox.mark_at_broker, seqs)

    def release(self, ranges: Sequence[Range]) -> int:
        return int(self._ask("release", self._outbox.release, ranges))

    def send_again(self, ranges: Sequence[Range]) -> list[Range]:
        return list(self._ask("send_again", self._outbox.send_again, ranges))

    def set_aside(self, seq: int, reason: str, void: str) -> None:
        self._ask("set_aside", self._outbox.set_aside, seq, reason, void)

    def refused(self) -> Sequence[tuple[str, str, int]]:
        return self._outbox.refused()

    def offer_again(self, kind: str, reason: str, limit: int) -> Sequence[int]:
        seqs: Sequence[int] = self._ask("offer_again", self._outbox.offer_again, kind, reason, limit)
        return seqs

    def give_up(self, ranges: Sequence[Range], reason: str) -> None:
        self._ask("give_up", self._outbox.give_up, ranges, reason)

    def _ask(self, name: str, call: Any, *args: Any) -> Any:
        if self.fail_in.get(name):
            self.fail_in[name] -= 1
            if self.fail_in[name] == 0:
                self.faults += 1
                raise TransientError("store-io", name)
        return call(*args)


class Way:
    """A store, a forwarder under a supervisor, a broker and a receiver."""

    def __init__(
        self,
        directory: Path,
        *,
        confirm: Literal["receiver", "broker"] = "receiver",
        window: int = 5,
        world: World | None = None,
        catch_up_per_s: int = 0,
    ) -> None:
        self.world = world or World()
        self.broker = Broker()
        self.told: Counter[str] = Counter()
        self.failures: list[str] = []
        self._confirm, self._window, self._catch_up_per_s = confirm, window, catch_up_per_s
        self._kept = 0
        self._open(directory)
        self.receiver = Receiver(self.store.epoch)

    def _open(self, directory: Path) -> None:
        self.store = Store(directory)
        self.outbox = FaultyOutbox(self.store.outbox)
        self.forwarder = Forwarder(
            self.outbox,
            self.broker.publish,
            self.world.env,
            void=partial(render_void, HUB, self.store.epoch),
            confirm=self._confirm,
            window=self._window,
            told=self._tell,
            catch_up=CatchUp(self._catch_up_per_s),
        )
        self.supervisor = Supervisor(self.world.env, lambda event, fields: self.failures.append(str(fields)))

    def _tell(self, what: str, how_many: int) -> None:
        self.told[what] += how_many

    async def start(self) -> None:
        """The daemon's task begins."""
        self.supervisor.start("forwarder", self.forwarder.run)
        await settle()

    async def stop(self) -> None:
        """An orderly end."""
        if self.broker.up:
            self.broker.cut(self.forwarder)
        assert await self.supervisor.stop(5) == []
        self.store.close()

    async def crash(self, *, damaged: bool = False) -> None:
        """The process is gone without a word: what the files hold is all that is left, and `damaged` is not trusted."""
        files = self.store.directory
        left = files.with_name(f"{files.name}+")
        shutil.copytree(files, left)
        self.broker.up = False
        self.broker.on_the_way = []
        await self.supervisor.stop(5)
        self.store.close()
        shutil.rmtree(files)
        if damaged:
            quarantine.mark(left)
        self._open(left)
        await self.start()

    async def keep(self, count: int = 1) -> None:
        """New readings."""
        names = [f"reading {self._kept + i}" for i in range(1, count + 1)]
        self._kept += count
        self.store.keep([draft(name) for name in names])
        self.forwarder.stored()
        await settle()

    async def connect(self) -> None:
        """The uplink is up."""
        self.broker.connect(self.forwarder)
        await settle()

    async def cut(self) -> None:
        """The uplink is lost."""
        self.broker.cut(self.forwarder)
        await settle()

    async def take(self, count: int | None = None) -> None:
        """The broker takes what is on the way (the first `count`) and says so."""
        for sent in self.broker.on_the_way[:count]:
            self.broker.take(sent)
        await settle()

    async def take_everything(self) -> None:
        """The broker takes until nothing comes any more."""
        await settle()
        while self.broker.on_the_way:
            await self.take()

    async def deliver(self, *, resend: bool = True) -> None:
        """The receiver stores what the broker has, and acknowledges."""
        self.receiver.take_all(self.broker)
        self.forwarder.acknowledge(self.receiver.ack(self.store.outbox.last_seq, resend=resend))
        await settle()

    async def quiet(self) -> None:
        """Everything works for a while: after this nothing may be missing."""
        if not self.broker.up:
            await self.connect()
        for wait in [120] * 10 + [86_400] * 10:
            await self.take_everything()
            await self.deliver()
            if not self.broker.on_the_way and not self.waiting:
                return
            await self.world.advance(wait)
        raise AssertionError(f"never came to rest: {self.waiting} waiting, failures {self.failures[-3:]}")

    @property
    def waiting(self) -> int:
        """How many messages nobody has confirmed."""
        return self.store.outbox.depth().waiting

    @property
    def flying(self) -> list[int]:
        """The places on the way."""
        return [sent.first for sent in self.broker.on_the_way]

    @property
    def sent(self) -> list[int]:
        """The places of all readings that were ever sent, in order."""
        return [seq for kind, seq in self.broker.log if kind != "void"]

    def check_complete(self) -> None:
        """Each reading that was kept is there once by id, as it was kept, and the sequence has no gap."""
        query = "SELECT lower(hex(id)), seq FROM reading WHERE seq > 0"  # below: of an earlier epoch, long released
        places = dict(self.store._connection.execute(query).fetchall())
        got = {name.replace("-", ""): seq for name, seq in self.receiver.seq_of.items()}
        assert self.receiver.known == set(range(1, self.store.outbox.last_seq + 1))
        assert self.receiver.moved <= self.receiver.voids.keys() | self.receiver.untold
        refused = {seq for (seq,) in self.store._connection.execute("SELECT seq FROM aside")}
        assert {name: seq for name, seq in places.items() if seq not in refused} == {
            name: seq for name, seq in got.items() if seq not in refused
        }
