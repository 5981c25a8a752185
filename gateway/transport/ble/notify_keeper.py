"""The notify keeper: has BlueZ ask for a bonded device's values before there is a link.

Some devices remember who subscribed and send as soon as the link is encrypted; bluetoothd confirms that whether or not
anybody listens, and the device deletes what was confirmed. BlueZ delivers such values to a StartNotify that stood
before the link did, on the objects it keeps exported for a bonded device (src/gatt-client.c,
characteristic_start_notify and btd_gatt_client_connected). So one stands for every measurement characteristic of every
bonded listed device, on the gateway's own connection, found by UUID each time. The keeper is the only one who
subscribes: each further subscriber would make BlueZ signal each value once more.

After a restart of bluetoothd or of the hub the objects are missing until one link was made: such a device is
`unprimed`. What protects it then lies in the device: a moment after the last value it is told to wait until it is asked
again (`hush`), and the subscription stands again once the link is down. Never auto-connect: it outlives this program,
and then empties devices into nothing.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from dbus_fast import Message, MessageType, Variant

from gateway.env import Env
from gateway.errors import GatewayError
from gateway.transport.ble.adapters import OBJECTS, PROPERTIES, SERVICE
from gateway.transport.ble.bluez import DEVICE, Bluez
from gateway.transport.ble.errors import BUSY
from gateway.transport.ble.keeper_contact import KeeperContact
from gateway.transport.ble.kept import CHARACTERISTIC, Interfaces, Kept
from gateway.transport.ble.limits import Limits

_LOADS = 5

Unasked = Callable[[str, str, bytes], None]
Learnt = Callable[[str, Mapping[str, object]], None]


@dataclass(slots=True)
class _LastValue:
    path: str = ""
    data: bytes = b""
    serial: int = 0
    at: float = float("-inf")


class NotifyKeeper:
    """Keeps subscriptions standing for as long as `run` runs, and hands on every value, in the D-Bus handler itself.

    `wanted` gives the UUIDs of the measurement characteristics of each listed address; `known` what an earlier run
    learnt of it. `unasked` gets values for which no contact is under way, `begun` is told when one is. `learnt` hears
    facts: `bonded`, `primed`, `early_sender` (it sends before it is asked), `cleared` (it was told to wait until it is
    asked).
    """

    def __init__(
        self,
        bluez: Bluez,
        env: Env,
        limits: Limits,
        wanted: Mapping[str, frozenset[str]],
        known: Mapping[str, Mapping[str, object]],
        *,
        adapter: str | None,
        unasked: Unasked,
        begun: Callable[[str], None],
        learnt: Learnt,
        changed: Callable[[], None],
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._bluez = bluez
        self._env = env
        self._adapter = adapter
        self._unasked = unasked
        self._begun = begun
        self._learnt = learnt
        self._changed = changed
        self._kept = {address: Kept(address, uuids) for address, uuids in wanted.items()}
        self._facts: dict[str, dict[str, object]] = {a: dict(known.get(a, {})) for a in wanted}
        self._by_path: dict[str, Kept] = {}
        self._contacts: dict[str, KeeperContact] = {}
        self.limits = limits
        self._last = _LastValue()
        self._loaded = asyncio.Event()
        self._stirred = False
        self._wake = asyncio.Event()
        self._warned = False
        bluez.guests.append(self)

    @property
    def unprimed(self) -> int:
        """How many bonded devices cannot be protected at their next connection."""
        return sum(kept.bonded and not kept.primed for kept in self._kept.values())

    @property
    def cache_off(self) -> bool:
        """Whether BlueZ forgets the objects of a bonded device at disconnect: main.conf says [GATT] Cache=no."""
        return any(kept.uncached for kept in self._kept.values())

    async def run(self) -> None:
        """Runs until cancelled."""
        while True:
            retry = False
            try:
                await self._put_in_order()
            except GatewayError:
                retry = True
            self._tell()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.limits.stand_retry_s if retry else None):
                    await self._wake.wait()
            self._wake.clear()

    def contact(self, address: str, *, hush_at_once: bool, more_s: float) -> KeeperContact:
        """For one contact with a device. `hush_at_once`: it need not wait for a conversation to end. `more_s`: so long
        after a value another may belong to it."""
        return KeeperContact(self, self._kept[address], hush_at_once=hush_at_once, more_s=more_s)

    async def loaded(self) -> None:
        """Returns when it is known what BlueZ has, or it takes too long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.limits.bus_s):
                await self._loaded.wait()

    def exposed(self, address: str) -> bool:
        """Whether what a device sends unasked would be lost if BlueZ connected to it now, by all we know."""
        kept = self._kept[address]
        waits = self.knows(address, "cleared") is True or self.knows(address, "early_sender") is False
        return kept.bonded and not kept.connected and not kept.primed and not waits

    def hold(self, address: str, on: bool) -> None:
        """Whether to ask the device for nothing until its contact has begun: it is being paired."""
        self._kept[address].held = on
        self._wake.set()

    def begun(self, kept: Kept, contact: KeeperContact) -> None:
        """From now on its values belong to this contact."""
        kept.held = False
        self._begun(kept.address)
        self._contacts[kept.address] = contact

    # --- BlueZ and its signals (Guest) ---

    def ready(self) -> None:
        """BlueZ answers, or there is another adapter."""
        self._loaded.clear()
        self._wake.set()

    def voided(self) -> None:
        """What BlueZ told is void."""
        self._loaded.clear()
        for kept in self._kept.values():
            kept.forget()

    def heard(self, message: Message) -> None:
        """Signals about listed devices."""
        if message.message_type is not MessageType.SIGNAL:
            return
        match message.member:
            case "PropertiesChanged":
                self._properties(message)
            case "InterfacesAdded":
                self._appeared(message.body[0], message.body[1])
            case "InterfacesRemoved":
                self._removed(message.body[0], message.body[1])

    def _owner(self, path: str) -> Kept | None:
        return self._by_path.get("/".join(path.split("/", 5)[:5]))

    def _appeared(self, path: str, interfaces: Interfaces) -> None:
        kept = self._owner(path)
        if kept is not None:
            self._stirred = True
            kept.appeared(path, interfaces)
            self._wake.set()

    def _removed(self, path: str, interfaces: Iterable[str]) -> None:
        kept = self._owner(path)
        # A device's Battery1 goes with each link, from the object of the device itself.
        if kept is not None and {DEVICE, CHARACTERISTIC} & set(interfaces):
            self._stirred = True
            kept.removed(path)
            self._wake.set()

    def _properties(self, message: Message) -> None:
        path, interface, changed = message.path or "", message.body[0], message.body[1]
        kept = self._owner(path)
        if kept is None:
            return
        if interface == DEVICE:
            self._stirred = True
            kept.changed(changed)
            if {"Paired", "Connected"} & changed.keys():
                self._wake.set()
        elif interface == CHARACTERISTIC:
            self._characteristic(kept, path, changed, message.serial or 0)

    def _characteristic(self, kept: Kept, path: str, changed: Mapping[str, Variant], serial: int) -> None:
        uuid = kept.uuid_of(path)
        if uuid is None:
            return
        if "Value" in changed:
            data = bytes(changed["Value"].value)
            if not (kept.exported[uuid].indicates and self._repeated(path, data, serial)):
                self._value(kept, uuid, data)
        if "Notifying" in changed:
            (kept.notifying.add if changed["Notifying"].value else kept.notifying.discard)(uuid)

    def _repeated(self, path: str, data: bytes, serial: int) -> bool:
        """BlueZ signals each value once for each program that listens, one right after the other.

        The device itself cannot indicate twice so fast: it waits for a confirmation in between.
        """
        now, last = self._env.monotonic(), self._last
        again = (path, data, serial) == (last.path, last.data, last.serial + 1)
        self._last = _LastValue(path, data, serial, now)
        if again and now - last.at <= self.limits.repeat_s:
            self.counters["repeated-signals"] += 1
            return True
        return False

    def _value(self, kept: Kept, uuid: str, data: bytes) -> None:
        contact = self._contacts.get(kept.address)
        if contact is None:
            if uuid in kept.wanted:
                self._unasked(kept.address, uuid, data)
        else:
            contact.value(uuid, data)
        self._judge(kept, uuid, remembered=contact is not None and contact.remembered)

    def _judge(self, kept: Kept, uuid: str, *, remembered: bool) -> None:
        """The first value of a link to a bonded device shows whether it sends before it is asked."""
        if kept.judged or not kept.bonded or uuid not in kept.wanted:
            return
        kept.judged = True
        facts = self._facts[kept.address]
        if not kept.resolved and uuid not in kept.notifying:
            self.counters["early-values"] += 1
            self.learn(kept.address, early_sender=True)
        elif remembered and "early_sender" not in facts:
            self.learn(kept.address, early_sender=False)

    # --- what stands ---

    async def _put_in_order(self) -> None:
        if not self._loaded.is_set():
            await self._load()
        failed: GatewayError | None = None
        for kept in self._kept.values():
            for uuid in kept.missing():
                try:
                    await self.start(kept, uuid)
                except GatewayError as error:
                    failed = error
        if failed is not None:
            raise failed

    async def _load(self) -> None:
        """Rules first, then what there is: nothing happens unseen in between. GatewayError where there is no BlueZ."""
        below = f"/org/bluez/{self._bluez.adapter(self._adapter).name}/"
        epoch = self._bluez.epoch
        paths = {address: f"{below}dev_{address.replace(':', '_')}" for address in self._kept}
        for _ in range(_LOADS):
            await self._bluez.listen(rule for path in paths.values() for rule in _rules(path))
            self._stirred = False
            self._by_path = {path: self._kept[address] for address, path in paths.items()}
            objects = await self._bluez.objects()
            found = _located(objects, below, self._kept)
            if self._bluez.epoch != epoch:
                return
            # A device that changes its address keeps the path of the one it was first seen with.
            if found.items() <= paths.items() and not self._stirred:
                break
            paths |= found
        for address, path in paths.items():
            self._kept[address].forget()
            self._kept[address].path = path
        for path in sorted(objects):
            owner = self._owner(path)
            if owner is not None:
                owner.appeared(path, objects[path])
        self._loaded.set()

    async def start(self, kept: Kept, uuid: str) -> None:
        """StartNotify; one that stands already is one."""
        found = kept.exported.get(uuid)
        if found is None:
            return
        try:
            await self._bluez.call(found.path, CHARACTERISTIC, "StartNotify")
        except GatewayError as error:
            if error.reason != BUSY:
                raise
        # The object may have gone since BlueZ answered.
        if kept.exported.get(uuid) is found:
            kept.standing.add(uuid)

    async def stop(self, kept: Kept, uuid: str) -> None:
        """StopNotify."""
        found = kept.exported.get(uuid)
        kept.standing.discard(uuid)
        if found is not None:
            await self._bluez.call(found.path, CHARACTERISTIC, "StopNotify")

    def finished(self, kept: Kept) -> None:
        """The contact is over: what must stand, stands again as soon as the link is down."""
        self._contacts.pop(kept.address, None)
        self._wake.set()

    def learn(self, address: str, **facts: object) -> None:
        """Facts of a device, told when they are news."""
        news = {name: value for name, value in facts.items() if self._facts[address].get(name) != value}
        self._facts[address] |= news
        if news:
            self._learnt(address, news)

    def knows(self, address: str, name: str) -> object:
        """A fact; None where it is not known."""
        return self._facts[address].get(name)

    def _tell(self) -> None:
        if not self._loaded.is_set():
            return
        for address, kept in self._kept.items():
            self.learn(address, bonded=kept.bonded, **({"primed": kept.primed} if kept.bonded else {}))
        if self.cache_off != self._warned:
            self._warned = self.cache_off
            self._changed()


def _rules(path: str) -> Iterable[str]:
    """Its properties and those of everything below it; what is added and removed, itself and below."""
    yield (
        f"type='signal',sender='{SERVICE}',interface='{PROPERTIES}',member='PropertiesChanged',path_namespace='{path}'"
    )
    for place in (path, f"{path}/"):
        yield f"type='signal',sender='{SERVICE}',interface='{OBJECTS}',arg0path='{place}'"


def _located(objects: Mapping[str, Interfaces], below: str, wanted: Iterable[str]) -> dict[str, str]:
    """Where the devices with these addresses are."""
    found: dict[str, str] = {}
    listed = set(wanted)
    for path, interfaces in objects.items():
        address = interfaces.get(DEVICE, {}).get("Address")
        if address is not None and path.startswith(below) and str(address.value).upper() in listed:
            found[str(address.value).upper()] = path
    return found
