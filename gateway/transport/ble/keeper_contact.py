"""One contact's subscriptions with the notify keeper."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic

from gateway.errors import GatewayError
from gateway.transport.ble.hushing import Hushing
from gateway.transport.ble.kept import Exported, Kept
from gateway.transport.ble.limits import Limits
from gateway.transport.ble.link import Take


class Keeper(Protocol):
    """What a contact needs of the keeper."""

    counters: Counter[str]
    limits: Limits

    async def start(self, kept: Kept, uuid: str) -> None:
        """StartNotify; one that stands already is one. Raises GatewayError."""
        ...

    async def stop(self, kept: Kept, uuid: str) -> None:
        """StopNotify. Raises GatewayError."""
        ...

    def begun(self, kept: Kept, contact: "KeeperContact") -> None:
        """The device's values belong to this contact."""
        ...

    def finished(self, kept: Kept) -> None:
        """The contact is over."""
        ...

    def learn(self, address: str, **facts: object) -> None:
        """Facts of a device, told when they are news."""
        ...

    def knows(self, address: str, name: str) -> object:
        """A fact; None where it is not known."""
        ...


class KeeperContact:
    """One contact's subscriptions: made before the link where they can be, ended so that the device will wait."""

    def __init__(self, keeper: Keeper, kept: Kept, *, hush_at_once: bool, more_s: float) -> None:
        self._keeper = keeper
        self._kept = kept
        self._hushing = Hushing(max(keeper.limits.hush_s, more_s), self.hush, at_once=hush_at_once)
        # Whether the device was left, after its last contact, as one that was asked for values.
        self.remembered = False
        self._before: tuple[object, int] | None = None
        self._takes: dict[str, Take] = {}
        self._others: set[str] = set()

    @property
    def protected(self) -> bool:
        """Whether values are asked for before the link is there."""
        return self._kept.bonded and self._kept.primed

    @property
    def hushed(self) -> bool:
        """Whether the device was told to wait until it is asked again."""
        return self._kept.hushed

    async def prepare(self, takes: Mapping[str, Take]) -> None:
        """Before connecting: values go to `takes` from now on; whatever can be asked for now, is. Never raises."""
        self._takes = dict(takes)
        kept, keeper = self._kept, self._keeper
        keeper.begun(kept, self)
        if not kept.bonded or kept.connected:
            return
        self._before = (keeper.knows(kept.address, "cleared"), kept.links)
        self.remembered = self._before[0] is False
        if not kept.primed:
            keeper.counters["unprimed-connections"] += 1
            if keeper.knows(kept.address, "cleared") is not True:
                keeper.counters["unprotected-first-connections"] += 1
        # BlueZ asks by itself as soon as there is a link. Said now, so that it is also known when the power goes.
        keeper.learn(kept.address, cleared=False)
        for uuid in sorted(kept.wanted & kept.exported.keys()):
            # Also where it stands by all we know: BlueZ has the last word.
            with suppress(GatewayError):
                await keeper.start(kept, uuid)

    async def subscribe(self, client: BleakClient, characteristic: BleakGATTCharacteristic) -> None:
        """Asks for a characteristic's values; what stands already is asked for once more, which costs no air."""
        uuid, path = characteristic.uuid.lower(), str(characteristic.obj[0])
        kept = self._kept
        known = kept.exported.get(uuid)
        if known is None or known.path != path:
            # Our connection has not been told of it yet.
            kept.exported[uuid] = Exported(path, "indicate" in characteristic.properties)
        if uuid not in kept.wanted:
            self._others.add(uuid)
        await self._keeper.start(kept, uuid)
        if kept.bonded and uuid in kept.wanted:
            self._keeper.learn(kept.address, cleared=False)

    def value(self, uuid: str, data: bytes) -> None:
        """A value came. A moment after the last indication the device is hushed."""
        take = self._takes.get(uuid)
        if take is None:
            return
        take(data)
        exported = self._kept.exported.get(uuid)
        if exported is not None and exported.indicates:
            self._hushing.indicated()

    def may_hush(self) -> None:
        """Nothing more is asked of the device."""
        self._hushing.allow()

    async def hush(self) -> bool:
        """Has a bonded, connected device wait until it is asked again; whether it was told so.

        Not before it is known whether it sends unasked: that shows at its second contact only.
        """
        kept, keeper = self._kept, self._keeper
        asked = sorted(u for u in kept.standing & kept.wanted & kept.exported.keys() if kept.exported[u].indicates)
        unknown = keeper.knows(kept.address, "early_sender") is None
        if kept.hushed or not (kept.bonded and kept.connected and asked) or unknown:
            return False
        kept.hushed = True
        try:
            for uuid in asked:
                await keeper.stop(kept, uuid)
        except GatewayError:
            return False
        if kept.connected:
            keeper.learn(kept.address, cleared=True)
        return kept.connected

    async def finish(self, hurry: bool) -> None:
        """The link is down, or is given up. Never raises."""
        await self._hushing.end()
        kept = self._kept
        self._unlearn()
        unwanted = kept.standing & self._others if kept.bonded else set(kept.standing)
        try:
            for uuid in () if hurry else sorted(unwanted):
                with suppress(GatewayError):
                    await self._keeper.stop(kept, uuid)
        finally:
            self._keeper.finished(kept)

    def _unlearn(self) -> None:
        """There was no link after all: the device is as it was."""
        if self._before is not None and self._before[1] == self._kept.links:
            self._keeper.learn(self._kept.address, cleared=self._before[0])
