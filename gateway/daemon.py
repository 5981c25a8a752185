"""The daemon: builds the parts from the settings, joins them, and runs them under one supervisor."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from drivers.api import Driver
from gateway import health
from gateway.ack import BadAckError, parse_ack
from gateway.acts.api import WIPES, Context
from gateway.acts.listing import listed
from gateway.acts.records import Records
from gateway.alarms import STORE_DAMAGED
from gateway.announcing import Announcer
from gateway.backoff import CatchUp
from gateway.capacity import Capacity
from gateway.commands import COMMANDS
from gateway.commands.api import Tools
from gateway.commands.desk import Desk
from gateway.counters import Counters
from gateway.dating import Dating
from gateway.decisions import Decisions
from gateway.deviation import Occurrence
from gateway.documents import Documents
from gateway.egress import DOCUMENT_REFUSED, Egress
from gateway.env import Env, known_time
from gateway.errors import GatewayError
from gateway.forwarder import Forwarder
from gateway.housekeeping import Housekeeping
from gateway.instruments import Instruments, Told
from gateway.keeping import Kept
from gateway.ledgers import Ledgers
from gateway.log import Log
from gateway.machine import look
from gateway.making import Place
from gateway.reading import Reading
from gateway.screening import REASON
from gateway.settings import Settings
from gateway.store.audit import moment
from gateway.store.opening import open_store
from gateway.supervisor import Supervisor
from gateway.timebase import Undated
from gateway.topics import READING_SCHEMA, VOID, VOID_SCHEMA, HubTopics, TopicError, parse
from gateway.uplink import Uplink, UplinkSettings, configured
from gateway.voids import render_void
from gateway.watchdog import from_environment

if TYPE_CHECKING:
    from gateway.transport.ble.radio import Radio, RadioState

_STOP_S = 4.0
_GOODBYE_S = 1.0
_CREDENTIALS = "CREDENTIALS_DIRECTORY"
_WARNINGS = (".refused", ".failed", ".ended", ".lost")


class Daemon:
    """Everything the hub runs. RefusedError from the constructor when the store cannot be used."""

    damaged = False
    _end: asyncio.Event

    def __init__(
        self,
        settings: Settings,
        drivers: Mapping[str, Driver],
        env: Env,
        log: Log,
        *,
        facts: Mapping[str, object],
        simulated: bool = False,
    ) -> None:
        """`facts` go into `about` (versions, configuration hash); `simulated` marks every reading."""
        self._settings, self._log = settings, log
        self._counters = Counters()
        self._store = open_store(settings.store, os.environ.get(_CREDENTIALS))
        zone = ZoneInfo(settings.hub.timezone)
        self._dating = self._make_dating(env, zone)
        # Everybody goes by the same trust in the clock.
        self._env = env = replace(env, hub_clock=self._dating.hub_clock)
        self._store.deviations.moment = partial(moment, env)
        self._topics = HubTopics(settings.hub.tenant, settings.hub.id)
        self._place = self._make_place(zone, simulated=simulated)
        self._supervisor = Supervisor(env, self._note)
        self._uplink = self._make_uplink()
        self._egress = Egress(self._uplink.publish, self._withheld, env.monotonic)
        self._announcer = Announcer(self._store.events, self._publish_event, self._count_late, env)
        self._forwarder = self._make_forwarder()
        told = Told(kept=self._kept, note=self._note, changed=self._changed, radio=self._radio_changed)
        self._decisions = Decisions(self._context(drivers), self._note, self._acted)
        whose = self._decisions.whose
        self._instruments = Instruments(settings, drivers, self._store, env, self._place, told, whose)
        whose.reload()
        known = {**facts, "signing_key": self._store.signing_fingerprint()}
        self._documents = Documents(
            self._topics, self._publish_document, env, self._place, facts=known, watchdog=from_environment(os.environ)
        )
        self._house = self._make_housekeeping()
        self._desk = self._make_desk()

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until `stop` is set, then stops everything in under five seconds, losing nothing.

        Ends by itself when the database turns out to be `damaged`: the next start puts it aside.
        """
        self._end = stop
        self._log.info("daemon.started", hub=self._place.hub, epoch=self._place.epoch, boot=self._env.boot_id)
        self._instruments.resume()
        self._describe()
        self._start()
        self._documents.watchdog.ready("ready")
        await stop.wait()
        self._documents.watchdog.stopping()
        await self._stop()

    def _start(self) -> None:
        start = self._supervisor.start
        start("uplink", self._uplink.run)
        start("forwarder", self._forwarder.run)
        start("documents", self._documents.run)
        start("dating", self._dating.run)
        self._decisions.start(start)
        start("events", self._announcer.run)
        start("housekeeping", self._house.run)
        self._instruments.start(start)

    async def _stop(self) -> None:
        self._decisions.whose.stopping()
        goodbye = self._publish_document(
            self._topics.state, health.state("disconnected", self._env.boot_id, known_time(self._env)), retain=True
        )
        await asyncio.wait({goodbye}, timeout=_GOODBYE_S)
        late = await self._supervisor.stop(_STOP_S - _GOODBYE_S)
        if late:
            self._log.warning("daemon.stopped_late", tasks=late)
        self._instruments.save_unkept()
        with suppress(GatewayError) if self.damaged else nullcontext():
            self._store.close()
        self._log.info("daemon.stopped")

    # Parts

    def _make_dating(self, env: Env, zone: ZoneInfo) -> Dating:
        return Dating(
            self._store.undated, env, zone, self._dated, lambda: self._uplink.connected, settled=self._settled
        )

    def _make_place(self, zone: ZoneInfo, *, simulated: bool) -> Place:
        store = self._store
        return Place(hub=self._settings.hub.id, epoch=store.epoch, id_key=store.id_key, zone=zone, simulated=simulated)

    def _make_forwarder(self) -> Forwarder:
        return Forwarder(
            self._store.outbox,
            self._publish_reading,
            self._env,
            void=partial(render_void, self._place.hub, self._store.epoch),
            confirm=self._settings.delivery.confirm,
            window=self._settings.delivery.window,
            told=self._told,
            catch_up=CatchUp(self._settings.delivery.catch_up_per_s),
        )

    def _make_housekeeping(self) -> Housekeeping:
        store, env = self._store, self._env
        self._capacity = Capacity(store.places, store.room, env)
        ledgers = Ledgers(store.places, store.outbox, self._place.hub, store.epoch, env)
        most = store.room.max_bytes
        publish, others = self._publish_document, self._instruments.alarms
        return Housekeeping(store, most, ledgers, self._topics, publish, env, self._note, others)

    def _make_desk(self) -> Desk:
        tools = Tools(ledger=self._ledger, health=self._documents.health)
        return Desk(COMMANDS, tools, self._publish_result, self._env, self._note, self._counters.add)

    def _context(self, drivers: Mapping[str, Driver]) -> Context:
        records = Records(self._store, self._env)
        return Context(
            store=self._store,
            env=self._env,
            hub=self._place.hub,
            zone=self._place.zone,
            devices=listed(self._settings, drivers, self._store.id_key),
            audit=records.audit,
            deviate=records.deviate,
            unkept=lambda: sum(len(one.collector.unkept) for one in self._instruments.all),
        )

    def _uplink_settings(self) -> UplinkSettings:
        hub, window = self._settings.hub, self._settings.delivery.window
        # Documents go beside the readings.
        return configured(
            self._settings.mqtt, f"dho-{hub.tenant}-{hub.id}", os.environ.get(_CREDENTIALS), max(2 * window, 40)
        )

    def _make_uplink(self) -> Uplink:
        return Uplink(
            self._uplink_settings(),
            self._env,
            will=(self._topics.state, health.encode(health.state("lost", self._env.boot_id, None))),
            subscriptions=[self._topics.ack, self._topics.commands],
            on_connect=self._connected,
            on_disconnect=self._disconnected,
            on_message=self._message,
        )

    # What the uplink tells

    def _connected(self) -> None:
        self._log.info("uplink.connected")
        self._documents.connected()
        self._forwarder.connected()
        self._announcer.connected()
        self._house.connected()

    def _disconnected(self, error: GatewayError | None) -> None:
        self._forwarder.disconnected()
        self._announcer.disconnected()
        self._house.disconnected()
        reason = error.reason if error else "ended"
        if self._documents.disconnected(reason):
            self._log.warning("uplink.lost", reason=reason, detail=error.detail if error else "")

    def _message(self, topic: str, payload: bytes) -> asyncio.Future[None] | None:
        try:
            whose = parse(topic)
        except TopicError:
            whose = None
        if whose is not None and whose.family == "command" and len(whose.words) == 2:
            return self._desk.take(*whose.words, payload)
        if whose is not None and whose.family == "ack":
            self._acknowledged(payload)
        else:
            self._counters.add("messages_ignored")
        return None

    def _acknowledged(self, payload: bytes) -> None:
        try:
            ack = parse_ack(payload, self._store.epoch, self._store.outbox.last_seq)
        except BadAckError as error:
            self._counters.add("acks_ignored")
            self._log.warning("ack.refused", reason=str(error))
            return
        self._counters.add("acks")
        self._forwarder.acknowledge(ack)

    def _ledger(self, first: int | None, last: int | None) -> dict[str, object] | None:
        self._house.hurry()
        return self._house.ledgers.ask(first, last)

    # What goes out

    def _publish_reading(self, kind: str, payload: bytes) -> asyncio.Future[None]:
        topic = self._topics.void if kind == VOID else self._topics.reading(kind)
        schema = VOID_SCHEMA if kind == VOID else READING_SCHEMA
        return self._egress.publish(topic, payload, properties={"schema": schema})

    def _publish_document(
        self, topic: str, document: Mapping[str, object] | None, *, retain: bool
    ) -> asyncio.Future[None]:
        if document is None:
            return self._uplink.publish(topic, b"", retain=retain)
        properties = {"schema": str(document["schema"])}
        return self._egress.publish(topic, health.encode(document), retain=retain, properties=properties)

    def _publish_event(self, name: str, document: Mapping[str, object]) -> asyncio.Future[None]:
        return self._publish_document(self._topics.event(name), document, retain=False)

    def _withheld(self, topic: str, place: str) -> None:
        """The guard has refused a message; a reading's becomes a deviation where it is set aside."""
        family = topic.removeprefix(f"{self._topics.root}/").partition("/")[0]
        self._counters.add("withheld")
        self._log.warning("message.refused", reason=REASON, family=family, place=place)
        if family != "reading":
            # It is counted and in the log, also where the medium refuses to write it down.
            with suppress(GatewayError):
                self._store.deviations.add(Occurrence(REASON, f"{family}: {place}", 0))

    def _count_late(self) -> None:
        now = known_time(self._env)
        if now is not None:
            self._store.count_late(now)

    def _publish_result(self, name: str, number: str, document: Mapping[str, object]) -> asyncio.Future[None]:
        return self._publish_document(self._topics.result(name, number), document, retain=False)

    # What the parts tell

    def _kept(self, ref: str, kept: Sequence[Kept]) -> None:
        for one in kept:
            if one.seq is not None:
                self._log.info("reading.stored", id=one.id, seq=one.seq, device=ref)
            elif not one.duplicate:
                self._log.info("reading.held", id=one.id, device=ref)
        self._forwarder.stored()

    def _note(self, event: str, fields: Mapping[str, object]) -> None:
        level = self._log.warning if event.endswith(_WARNINGS) else self._log.info
        level(event, **fields)
        if fields.get("reason") == STORE_DAMAGED and not self.damaged:
            self._give_up()

    def _give_up(self) -> None:
        """The database is damaged: nothing it says is to be trusted. A start puts it aside and saves what can be."""
        self.damaged = True
        with suppress(GatewayError):  # the start looks for itself
            self._store.mark_damaged()
        self._log.error("daemon.store_damaged")
        self._end.set()

    def _dated(self, how_many: int) -> None:
        self._counters.add("dated_later", how_many)
        self._forwarder.stored()

    def _settled(self, reading: Reading, what: Undated) -> tuple[Reading, str]:
        return self._decisions.whose.settled(reading, what)

    def _acted(self, name: str) -> None:
        if name == WIPES:
            # When the person last measured is theirs, too; the broker is told without it.
            for one in self._instruments.all:
                one.collector.twin.pop("last_reading_at", None)
                self._changed(one.collector.ref)
        self._documents.mark_health()
        self._forwarder.changed()

    def _told(self, what: str, how_many: int) -> None:
        self._counters.add(what, how_many)

    def _changed(self, ref: str) -> None:
        self._documents.mark_device(ref)

    def _radio_changed(self, state: "RadioState") -> None:
        self._note("bluetooth.changed", {"code": state.code, "rung": state.rung})
        self._documents.mark_health()
        self._house.hurry()

    def _describe(self) -> None:
        """Gives the documents their parts: callables, so that each document is made of what is true then."""
        for one in self._instruments.all:
            self._documents.add_device(one.collector, one.fixed)
        self._documents.set_health(self._health, self._codes)

    def _health(self) -> dict[str, object]:
        depth, machine = self._store.outbox.depth(), look(self._store.directory)
        now = self._env.now()
        return {
            "outbox": {
                "waiting": depth.waiting,
                "at_broker": depth.at_broker,
                "oldest_age_s": health.age_s(depth.oldest_received_at, now),
                "aside": self._store.outbox.aside(),
                "held": self._store.held(),
                "last_seq": self._store.outbox.last_seq,
            },
            "store": self._capacity.part(self._store.size_bytes(), machine.disk_free_bytes),
            "machine": health.machine(machine),
            "radio": _radio(self._instruments.radio),
            "clock": {"state": self._env.hub_clock()},
            "records": {
                "audit_head": self._store.audit.head(),
                "open_deviations": self._store.deviations.open_counts(),
            },
            "counters": {**self._counters.as_dict(), "task_failures": sum(self._supervisor.failures.values())},
        }

    def _codes(self) -> list[str]:
        lost = ["clock-unsynchronised"] if self._env.hub_clock() == "unsynchronised" else []
        deaf = ["mqtt-subscription-refused"] if self._uplink.state.refused_subscriptions else []
        mute = [DOCUMENT_REFUSED] if self._egress.refused else []
        return self._instruments.codes() + self._house.codes() + lost + deaf + mute


def _radio(radio: "Radio | None") -> dict[str, object] | None:
    if radio is None:
        return None
    state = radio.state
    age = state.last_advertisement_s
    return {
        "code": state.code,
        "last_advertisement_s": None if age is None else round(age),
        "connections": state.connections,
        "unprimed": state.unprimed,
        "rung": state.rung,
        "counters": dict(state.counters),
    }
