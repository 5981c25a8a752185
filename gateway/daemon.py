"""The daemon: builds the parts from the settings, joins them, and runs them under one supervisor."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from drivers.api import BleDriver, Driver, SerialDriver
from drivers.session import Session
from gateway import health
from gateway.ack import BadAckError, parse_ack
from gateway.collector import Collector, Hooks
from gateway.counters import Counters
from gateway.documents import Documents
from gateway.env import Env
from gateway.errors import GatewayError
from gateway.forwarder import Forwarder, render_void
from gateway.identity import device_ref
from gateway.keeping import Kept
from gateway.log import Log
from gateway.machine import look
from gateway.making import Place
from gateway.settings import BleDevice, SerialDevice, Settings, secret_path
from gateway.store import Store
from gateway.supervisor import Supervisor
from gateway.topics import VOID, HubTopics, TopicError, parse
from gateway.transport.serial_port import SerialPort
from gateway.uplink import Tls, Uplink, UplinkSettings, read_secret
from gateway.watchdog import from_environment

if TYPE_CHECKING:
    from gateway.transport.ble.radio import Radio, RadioState

_STOP_S = 4.0
_GOODBYE_S = 1.0
_CREDENTIALS = "CREDENTIALS_DIRECTORY"
_WARNINGS = (".refused", ".failed", ".ended", ".lost")


@dataclass(frozen=True, slots=True)
class _Instrument:
    """One configured device: its settings, its driver, and who turns its bytes into readings."""

    settings: SerialDevice | BleDevice
    driver: Driver
    collector: Collector


class Daemon:
    """Everything the hub runs. RefusedError from the constructor when the store cannot be used."""

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
        self._settings, self._env, self._log = settings, env, log
        self._counters = Counters()
        self._store = Store(Path(settings.store.path))
        self._topics = HubTopics(settings.hub.tenant, settings.hub.id)
        self._place = Place(
            hub=settings.hub.id,
            epoch=self._store.epoch,
            id_key=self._store.id_key,
            zone=ZoneInfo(settings.hub.timezone),
            simulated=simulated,
        )
        self._supervisor = Supervisor(env, self._note)
        self._uplink = self._make_uplink()
        self._forwarder = Forwarder(
            self._store.outbox,
            self._publish_reading,
            env,
            void=partial(render_void, settings.hub.id, self._store.epoch),
            confirm=settings.delivery.confirm,
            window=settings.delivery.window,
            told=self._told,
        )
        self._instruments = [self._instrument(device, drivers[device.driver]) for device in settings.device]
        self._radio: Radio | None = None
        self._documents = Documents(
            self._topics, self._publish_document, env, self._place, facts=facts, watchdog=from_environment(os.environ)
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until `stop` is set, then stops everything in under five seconds, losing nothing."""
        self._log.info("daemon.started", hub=self._place.hub, epoch=self._place.epoch, boot=self._env.boot_id)
        for index, instrument in enumerate(self._instruments):
            self._log.info("device.configured", index=index, device=instrument.collector.ref, **_fixed(instrument))
            instrument.collector.resume()
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
        for instrument in self._instruments:
            start(f"collector:{instrument.collector.ref}", instrument.collector.run)
            if isinstance(instrument.settings, SerialDevice):
                start(f"serial:{instrument.collector.ref}", self._serial_port(instrument).run)
        if any(isinstance(i.settings, BleDevice) for i in self._instruments):
            start("bluetooth", self._bluetooth)

    async def _stop(self) -> None:
        goodbye = self._publish_document(
            self._topics.state, health.state("disconnected", self._env.boot_id, self._env.now()), retain=True
        )
        await asyncio.wait({goodbye}, timeout=_GOODBYE_S)
        late = await self._supervisor.stop(_STOP_S - _GOODBYE_S)
        if late:
            self._log.warning("daemon.stopped_late", tasks=late)
        self._store.close()
        self._log.info("daemon.stopped")

    # Parts

    def _instrument(self, device: SerialDevice | BleDevice, driver: Driver) -> _Instrument:
        address = device.port if isinstance(device, SerialDevice) else device.address
        ref = device_ref(self._store.id_key, address)
        hooks = Hooks(kept=self._kept, note=self._note, changed=partial(self._changed, ref))
        collector = Collector(
            ref,
            Session(driver, device.mode),
            self._store,
            self._env,
            self._place,
            hooks,
            users=device.users,
            twin=self._store.twin(ref),
        )
        return _Instrument(device, driver, collector)

    def _serial_port(self, instrument: _Instrument) -> SerialPort:
        assert isinstance(instrument.settings, SerialDevice)  # noqa: S101  # narrowed by whoever calls
        assert isinstance(instrument.driver, SerialDriver)  # noqa: S101
        return SerialPort(
            instrument.settings.port,
            instrument.driver,
            instrument.collector,
            self._env,
            timezone=self._place.zone,
            options=_options(instrument.settings),
        )

    async def _bluetooth(self) -> None:
        # bleak is loaded only where a device needs it, and beside the loop, so that serial readings need not wait.
        module = await asyncio.to_thread(import_module, "gateway.transport.ble.radio")
        devices = [
            module.BleDevice(i.settings.address, i.driver, i.collector, _options(i.settings))
            for i in self._instruments
            if isinstance(i.settings, BleDevice) and isinstance(i.driver, BleDriver)
        ]
        self._radio = module.Radio(
            devices,
            self._env,
            adapter=self._settings.bluetooth.adapter,
            passive=self._settings.bluetooth.passive,
            local_time=self._local_time,
            on_change=self._radio_changed,
        )
        await self._radio.run()

    def _make_uplink(self) -> Uplink:
        return Uplink(
            uplink_settings(self._settings, os.environ.get(_CREDENTIALS)),
            self._env,
            will=(self._topics.state, health.encode(health.state("lost", self._env.boot_id, None))),
            subscriptions=[self._topics.ack],
            on_connect=self._connected,
            on_disconnect=self._disconnected,
            on_message=self._message,
        )

    # What the uplink tells

    def _connected(self) -> None:
        self._log.info("uplink.connected")
        self._documents.connected()
        self._forwarder.connected()

    def _disconnected(self, error: GatewayError | None) -> None:
        self._forwarder.disconnected()
        reason = error.reason if error else "ended"
        if self._documents.disconnected(reason):
            self._log.warning("uplink.lost", reason=reason, detail=error.detail if error else "")

    def _message(self, topic: str, payload: bytes) -> None:
        try:
            family = parse(topic).family
        except TopicError:
            family = None
        if family != "ack":
            self._counters.add("messages_ignored")
            return
        try:
            ack = parse_ack(payload, self._store.epoch, self._store.outbox.last_seq)
        except BadAckError as error:
            self._counters.add("acks_ignored")
            self._log.warning("ack.refused", reason=str(error))
            return
        self._counters.add("acks")
        self._forwarder.acknowledge(ack)

    # What goes out

    def _publish_reading(self, kind: str, payload: bytes) -> asyncio.Future[None]:
        topic = self._topics.void if kind == VOID else self._topics.reading(kind)
        return self._uplink.publish(topic, payload)

    def _publish_document(self, topic: str, document: Mapping[str, object], *, retain: bool) -> asyncio.Future[None]:
        return self._uplink.publish(topic, health.encode(document), retain=retain)

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

    def _told(self, what: str, how_many: int) -> None:
        self._counters.add(what, how_many)

    def _changed(self, ref: str) -> None:
        self._documents.mark_device(ref)

    def _radio_changed(self, state: "RadioState") -> None:
        self._note("bluetooth.changed", {"code": state.code})
        self._documents.mark_health()

    def _local_time(self) -> datetime | None:
        """Wall time of the home (naive), None while the hub's clock is not to be trusted."""
        if self._env.hub_clock() == "unsynchronised":
            return None
        return self._env.now().astimezone(self._place.zone).replace(tzinfo=None)

    def _describe(self) -> None:
        """Gives the documents their parts: callables, so that each document is made of what is true then."""
        for instrument in self._instruments:
            self._documents.add_device(instrument.collector, _fixed(instrument))
        self._documents.set_health(self._health, self._codes)

    def _health(self) -> dict[str, object]:
        depth = self._store.outbox.depth()
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
            "store": {"bytes": self._store.size_bytes()},
            "machine": health.machine(look(self._store.directory)),
            "radio": None if self._radio is None else _radio(self._radio.state),
            "clock": {"state": self._env.hub_clock()},
            "counters": {**self._counters.as_dict(), "task_failures": sum(self._supervisor.failures.values())},
        }

    def _codes(self) -> list[str]:
        codes = [i.collector.error.reason for i in self._instruments if i.collector.error is not None]
        if self._radio is not None and self._radio.state.code != "ready":
            codes.append(self._radio.state.code)
        if self._env.hub_clock() == "unsynchronised":
            codes.append("clock-unsynchronised")
        return codes


def uplink_settings(settings: Settings, credentials: str | None) -> UplinkSettings:
    """How to reach the broker, with `credential:` names turned into paths."""
    mqtt = settings.mqtt

    def path(value: str | None) -> str | None:
        return None if value is None else secret_path(value, credentials)

    def secret(value: str | None) -> str | None:
        found = path(value)
        return None if found is None else read_secret(found)

    tls = Tls(ca_file=path(mqtt.ca_file), cert_file=path(mqtt.cert_file), key_file=path(mqtt.key_file))
    return UplinkSettings(
        host=mqtt.host,
        port=mqtt.port,
        client_id=f"dho-{settings.hub.tenant}-{settings.hub.id}",
        tls=None if mqtt.insecure_plaintext else tls,
        username=secret(mqtt.username_file),
        password=secret(mqtt.password_file),
        protocol=mqtt.protocol,
        keepalive_s=mqtt.keepalive_s,
        window=max(settings.delivery.window * 2, 40),
    )


def _options(device: SerialDevice | BleDevice) -> dict[str, object]:
    """What a driver's conversation may know of the configuration."""
    return device.model_dump(include={"user", "consent", "mode"}, exclude_none=True)


def _radio(state: "RadioState") -> dict[str, object]:
    age = state.last_advertisement_s
    return {
        "code": state.code,
        "last_advertisement_s": None if age is None else round(age),
        "connections": state.connections,
        "counters": dict(state.counters),
    }


def _fixed(instrument: _Instrument) -> dict[str, object]:
    driver = instrument.driver
    return {"kind": driver.kind, "driver": driver.name, "transport": driver.transport}
