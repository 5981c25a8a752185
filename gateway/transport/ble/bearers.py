"""When a link is made over our own ATT bearer: where BlueZ would lose what comes, and the bearer can be had."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from drivers.api import BleDriver
from gateway.transport.ble.bluez import Bluez
from gateway.transport.ble.l2cap import Door
from gateway.transport.ble.limits import Limits
from gateway.transport.ble.link import Link
from gateway.transport.ble.notify_keeper import NotifyKeeper
from gateway.transport.ble.session import measuring
from gateway.transport.ble.telling import Telling

if TYPE_CHECKING:
    from gateway.transport.ble.bearer_link import BearerLink

# Attempts in a row without a channel, after which BlueZ is to try.
_ATTEMPTS = 3


class Bearers:
    """`stored` says whether what devices have told is kept."""

    def __init__(
        self, door: Door, bluez: Bluez, keeper: NotifyKeeper, limits: Limits, stored: Callable[[], bool]
    ) -> None:
        self._door = door
        self._bluez = bluez
        self._keeper = keeper
        self._limits = limits
        self._stored = stored
        self._failures: Counter[str] = Counter()
        self._latest: BearerLink | None = None
        bluez.on_void.append(self._failures.clear)

    def needed(self, address: str) -> bool:
        """Whether the next link to a device is to be one of ours."""
        return self._keeper.exposed(address) and self._failures[address] < _ATTEMPTS and self._door.available()

    def link(self, address: str, path: str, driver: BleDriver, telling: Telling) -> Link:
        """A link past BlueZ, to the device with this object path. What it brings goes through `telling`."""
        # Loaded where it is needed, which is on few hubs.
        from gateway.transport.ble.bearer_link import BearerLink, Case  # noqa: PLC0415

        case = Case(
            address=address,
            path=path,
            measuring=measuring(driver),
            hush_s=max(self._limits.hush_s, driver.more_s),
            hush_at_once=driver.talk is None,
            stored=lambda: telling.taken and self._stored(),
        )
        self._latest = BearerLink(self._door, self._bluez, self._keeper, self._limits, case)
        return self._latest

    def ended(self, address: str, link: Link) -> bool:
        """Whether it was one of ours, and there was a channel.

        A device that cannot be had this way, or must not, is left to BlueZ.
        """
        ours = self._latest
        if ours is None or ours is not link:
            return False
        if ours.unfit:
            self._failures[address] = _ATTEMPTS
        elif ours.made:
            self._failures[address] = 0
        else:
            self._failures[address] += 1
        return ours.made
