"""The receiver at work: stores what comes, acknowledges what is durable, asks for what is missing."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.env import Env
from gateway.errors import GatewayError, UnsendableError
from gateway.receiver.database import Database
from gateway.receiver.intake import Arrival, Intake, Key, Report
from gateway.receiver.messages import BadMessageError, parse_word
from gateway.receiver.ranges import Range
from gateway.topics import ACK_SCHEMA, HubTopics, Topic, TopicError, parse, receiver_filters
from gateway.uplink import Uplink, UplinkSettings

_AWAY = ("lost", "disconnected", "sleeping")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Whose readings, and how they are acknowledged.

    `hub` None: every hub of the tenant. `acknowledge` False: store and say nothing. `gather_s`: acks within this time
    become one. `patience_s`: how long a gap may stand before its hub is asked; `look_s`: how often gaps are looked for.
    """

    tenant: str
    hub: str | None = None
    acknowledge: bool = True
    gather_s: float = 0.2
    patience_s: float = 5.0
    look_s: float = 1.0


class Service:
    """Runs until cancelled. GatewayError from `run` if the database can no longer store."""

    def __init__(
        self, options: Options, settings: UplinkSettings, database: Database, env: Env, report: Report
    ) -> None:
        self._options, self._env, self._report = options, env, report
        self.intake = Intake(database, report, options.patience_s)
        self.uplink = Uplink(
            settings,
            env,
            None,
            receiver_filters(options.tenant, options.hub),
            self._connected,
            self._disconnected,
            self._message,
            self._listening,
        )
        self._batch: list[tuple[Arrival, asyncio.Future[None]]] = []
        self._unsaid: set[Key] = set()
        self._wake = asyncio.Event()
        self._away: set[str] = set()
        self._reason: str | None = None
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Receives; GatewayError when it cannot go on."""
        tasks = [asyncio.create_task(work) for work in (self.uplink.run(), self._acknowledge(), self._watch_gaps())]
        try:
            await asyncio.wait([self._broken, *tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in (*results, self._broken.exception() if self._broken.done() else None):
            if isinstance(result, Exception):
                raise result

    def summary(self) -> dict[str, object]:
        """What this run brought, and what is missing now."""
        counts = self.intake.counts
        names = ("received", "doubles", "voids", "amends", "refused", "conflicts")
        missing = sum(last - first + 1 for gaps in self.intake.missing().values() for first, last in gaps)
        ledgers = {name: counts[f"ledgers_{name}"] for name in ("match", "mismatch")}
        totals = self.intake.database.totals()
        counted = {name: counts[name] for name in names}
        return {"event": "summary", **counted, "missing": missing, "ledgers": ledgers, "stored": totals["readings"]}

    def _connected(self) -> None:
        self._reason = None
        self._unsaid.update(self.intake.current.items())
        self._wake.set()

    def _listening(self, refused: Sequence[str]) -> None:
        if refused:
            reason = "mqtt-subscription-refused"
            self._report({"event": "subscription.refused", "topics": list(refused), "reason": reason})
        else:
            self._report({"event": "connected"})

    def _disconnected(self, error: GatewayError | None) -> None:
        if error is not None and error.reason != self._reason:
            self._report({"event": "disconnected", "reason": error.reason})
            self._reason = error.reason

    def _message(self, topic: str, payload: bytes) -> asyncio.Future[None] | None:
        try:
            whose = parse(topic)
            if whose.family in ("reading", "ledger"):
                return self._keep(Arrival(topic, whose, payload))
            self._hear(whose, payload)
        except TopicError as error:
            self.intake.refuse(topic, "topic", str(error))
        except BadMessageError as error:
            self.intake.refuse(topic, error.place, error.reason)
        return None

    def _hear(self, whose: Topic, payload: bytes) -> None:
        if whose.family == "about":
            key = (whose.hub, parse_word(payload, "epoch"))
            self.intake.stream(key)
            self.intake.current[whose.hub] = key[1]
        elif parse_word(payload, "state") in _AWAY:
            self._away.add(whose.hub)
        else:
            self._returned(whose.hub)

    def _returned(self, hub: str) -> None:
        """The hub is there (again): it is told anew what is here, and what is missing has time to come."""
        self._away.discard(hub)
        if hub in self.intake.current:
            key = (hub, self.intake.current[hub])
            self.intake.streams[key].start_over()
            self._unsaid.add(key)
            self._wake.set()

    def _keep(self, arrival: Arrival) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        if not self._batch:
            loop.call_soon(self._commit)
        durable: asyncio.Future[None] = loop.create_future()
        self._batch.append((arrival, durable))
        return durable

    def _commit(self) -> None:
        batch, self._batch = self._batch, []
        try:
            touched = self.intake.take([arrival for arrival, _ in batch], self._env.now().isoformat())
        except GatewayError as error:
            for _, durable in batch:
                durable.set_exception(error)
            if not self._broken.done():
                self._broken.set_exception(error)
            return
        for _, durable in batch:
            durable.set_result(None)
        self._unsaid |= touched
        self._wake.set()

    async def _acknowledge(self) -> None:
        while True:
            await self._wake.wait()
            await self._env.sleep(self._options.gather_s)
            self._wake.clear()
            for key in sorted(self._unsaid):
                self._say(key, [])

    async def _watch_gaps(self) -> None:
        while True:
            await self._env.sleep(self._options.look_s)
            if self.uplink.connected:
                for hub, epoch in list(self.intake.current.items()):
                    if hub not in self._away:
                        self._ask((hub, epoch))

    def _ask(self, key: Key) -> None:
        due = self.intake.stream(key).due(self._env.monotonic())
        for first, last in due:
            self._report({"event": "gap.asked", "hub": key[0], "epoch": key[1], "from": first, "to": last})
        if due:
            self._say(key, due)

    def _say(self, key: Key, resend: Sequence[Range]) -> None:
        if not self._options.acknowledge or not self.uplink.connected:
            return
        hub, epoch = key
        ack = self.intake.stream(key).ack(epoch, resend)
        topic = HubTopics(self._options.tenant, hub).ack
        self._unsaid.discard(key)
        said = self.uplink.publish(topic, json.dumps(ack).encode(), properties={"schema": ACK_SCHEMA})
        said.add_done_callback(lambda done: self._said(done, key))

    def _said(self, done: "asyncio.Future[None]", key: Key) -> None:
        error = None if done.cancelled() else done.exception()
        if isinstance(error, UnsendableError):
            self._report({"event": "ack.refused", "hub": key[0], "epoch": key[1], "reason": error.reason})
        if error is not None:
            self._unsaid.add(key)  # said again with the next connection, or with the next ack
