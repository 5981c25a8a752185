"""What the hub tells of itself over MQTT: state, about, health and a twin for each device.

Retained, told again at every connection, and whenever they change.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from gateway import health
from gateway.collector import Collector
from gateway.env import Env, known_time
from gateway.making import Place
from gateway.topics import HubTopics
from gateway.waiting import woken
from gateway.watchdog import Watchdog

# Health is told at least this often; a change of codes is told at once.
_HEALTH_S = 60.0
# Changes within this time are told as one.
_GATHER_S = 0.2


class PublishDocument(Protocol):
    """Sends a document; nobody need wait for the answer."""

    def __call__(self, topic: str, document: Mapping[str, object], *, retain: bool) -> asyncio.Future[None]:
        """Resolves when the broker has it."""
        ...


class Documents:
    """Keeps the retained documents true."""

    def __init__(
        self,
        topics: HubTopics,
        publish: PublishDocument,
        env: Env,
        place: Place,
        *,
        facts: Mapping[str, object],
        watchdog: Watchdog,
    ) -> None:
        """`facts` go into `about`."""
        self._topics, self._publish, self._env, self._place = topics, publish, env, place
        self._facts, self.watchdog = facts, watchdog
        self._began = env.monotonic()
        self._devices: dict[str, tuple[Collector, Mapping[str, object]]] = {}
        self._parts: Callable[[], Mapping[str, object]] = dict
        self._codes: Callable[[], list[str]] = list
        self._told_codes: list[str] | None = None
        self._told_at = float("-inf")
        self._changed_devices: set[str] = set()
        self._wake = asyncio.Event()
        self._connected = False
        self._lost: str | None = None

    def add_device(self, collector: Collector, fixed: Mapping[str, object]) -> None:
        """A device whose twin is told; `fixed` is what the configuration says of it."""
        self._devices[collector.ref] = (collector, fixed)

    def set_health(self, parts: Callable[[], Mapping[str, object]], codes: Callable[[], list[str]]) -> None:
        """Where health comes from."""
        self._parts, self._codes = parts, codes

    def connected(self) -> None:
        """A connection is made: everything is told again, since the broker may be another one."""
        self._connected, self._lost = True, None
        self._tell(self._topics.state, health.state("ready", self._env.boot_id, known_time(self._env)))
        about = health.about(self._place.hub, self._place.epoch, self._env.boot_id, self._facts)
        self._tell(self._topics.about, {**about, "clock": self._env.hub_clock()})
        self._changed_devices = set(self._devices)
        self.mark_health()

    def disconnected(self, reason: str) -> bool:
        """The connection is gone; whether that is news (a loss is told once, not at each retry)."""
        news = self._connected or self._lost != reason
        self._connected, self._lost = False, reason
        return news

    def mark_device(self, ref: str) -> None:
        """Something of a device changed."""
        self._changed_devices.add(ref)
        self._wake.set()

    def mark_health(self) -> None:
        """Health must be told now."""
        self._told_at = float("-inf")
        self._wake.set()

    def health(self) -> dict[str, object]:
        """Health as it is now; it is told, too."""
        self.mark_health()
        return self._made(self._parts(), self._codes())

    async def run(self) -> None:
        """Tells what changed, and health now and then; and systemd that the data path moves; until cancelled."""
        pause = min(_HEALTH_S, self.watchdog.interval_s or _HEALTH_S)
        while True:
            await woken(self._wake, self._env, pause)
            parts = self._parts()
            self.watchdog.alive()
            if self._connected:
                self._tell_devices()
                self._tell_health(parts)
            await self._env.sleep(_GATHER_S)

    def _tell_devices(self) -> None:
        for ref in sorted(self._changed_devices):
            collector, fixed = self._devices[ref]
            now = {
                "connected": collector.connected,
                "code": collector.error.reason if collector.error else None,
                "counters": collector.counters.as_dict(),
            }
            self._tell(self._topics.device(ref), health.device(ref, fixed, collector.twin, now))
        self._changed_devices.clear()

    def _tell_health(self, parts: Mapping[str, object]) -> None:
        codes = self._codes()
        due = self._env.monotonic() - self._told_at >= _HEALTH_S
        if codes != self._told_codes or due:
            self._told_codes, self._told_at = codes, self._env.monotonic()
            self._tell(self._topics.health, self._made(parts, codes))

    def _made(self, parts: Mapping[str, object], codes: list[str]) -> dict[str, object]:
        uptime = {"uptime_s": round(self._env.monotonic() - self._began)}
        return health.health(known_time(self._env), self._env.boot_id, {**uptime, **parts}, codes)

    def _tell(self, topic: str, document: Mapping[str, object]) -> None:
        self._publish(topic, document, retain=True)
