"""The one scanner of the process: always listening, built anew whenever it may have gone deaf.

A scanner goes deaf without a word when its adapter is switched off and on, when bluetoothd restarts, and when the
kernel refuses to go on. So it is watched: by the state of its adapter, and by whether anything at all is heard. A
silent home is normal: then the scanner is rebuilt and nobody is told.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass

from bleak import BleakAdapter, BleakScanner
from bleak.args.bluez import BlueZDiscoveryFilters
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakDBusError

from gateway.env import Env
from gateway.errors import GatewayError
from gateway.transport.ble.bluez import Bluez
from gateway.transport.ble.deadline import StoppedError, within
from gateway.transport.ble.errors import DEAF, FOREIGN, READY, translate
from gateway.transport.ble.limits import Limits
from gateway.transport.ble.passive import NO_RSSI, PassiveScanner

# Else BlueZ tells of a device again only when its RSSI has changed by 8 dB or more (src/device.c, device_set_rssi): one
# that lies still on its shelf would be heard once, or not at all if it is paired.
EACH_TIME = BlueZDiscoveryFilters(DuplicateData=True)
_IN_PROGRESS = "org.bluez.Error.InProgress"


@dataclass(frozen=True, slots=True)
class Sighting:
    """A listed device as just heard; `rssi` in dBm, None where it was found connected already."""

    device: BLEDevice
    rssi: int | None

    @property
    def path(self) -> str:
        """The device's D-Bus object path."""
        return str(self.device.details["path"])


@dataclass(slots=True)
class _Since:
    """Of one scanner, by the monotonic clock: its start, when its adapter was last asked for a sign of life, was last
    seen scanning, and began to scan without a pause."""

    start: float
    asked: float
    discovering: float
    run: float


Built = BleakScanner | PassiveScanner
Heard = Callable[[BLEDevice, AdvertisementData], None]
Found = Callable[[Sighting], None]


class Scanner:
    """Scans for as long as `run` runs.

    `heard` is called for every advertisement, of whomever; `found` for devices that are connected already when
    scanning starts, and so do not advertise; `report` whenever the state of the radio is known: `ready` or a reason.
    `paused` says whether a connection is being made, for which BlueZ suspends scanning. `deaf` counts how often in a
    row the adapter refused to scan, or stopped by itself; `built` how many scanners there were. `services` are those of
    the listed devices, `lists` says whether an address is one of theirs. `passive`: it asks no device for more, but
    where it has heard nothing for long it finds out actively whether the adapter still obeys.
    """

    def __init__(
        self,
        bluez: Bluez,
        env: Env,
        limits: Limits,
        *,
        heard: Heard,
        found: Found,
        report: Callable[[str], None],
        paused: Callable[[], bool],
        services: Collection[str],
        lists: Callable[[str], bool],
        adapter: str | None = None,
        passive: bool = False,
    ) -> None:
        self.last_heard: float | None = None
        self.built = 0
        self.deaf = 0
        self._bluez = bluez
        self._env = env
        self._limits = limits
        self._heard = heard
        self._found = found
        self._report = report
        self._paused = paused
        self._services = sorted(set(services))
        self._lists = lists
        self._adapter = adapter
        self._passive = passive
        self._trying = False
        self._stuck_in: int | None = None
        self._void = asyncio.Event()
        bluez.on_void.append(self._void.set)

    async def run(self) -> None:
        """Runs until cancelled; a scanner that cannot be had is tried for again and again."""
        failures = 0
        while True:
            try:
                await self._scan()
                failures = 0
            except GatewayError as error:
                failures += 1
                self._refused(error.reason)
                await self._bluez.changed(self._limits.rebuild.wait_s(failures, 0.0))

    def _refused(self, reason: str) -> None:
        if reason == DEAF:
            if self._paused():
                # The kernel does one thing after the other: this says nothing of the adapter.
                return
            # Passive scanning needs more of BlueZ and of the kernel than active does.
            self._passive = False
            self.deaf += 1
        self._report(reason)

    async def _scan(self) -> None:
        """One scanner, from its building until it is not to be trusted any more."""
        adapter = self._bluez.adapter(self._adapter).name
        epoch = self._bluez.epoch
        self._void.clear()
        scanner = self._scanner(adapter)
        try:
            try:
                await within(self._limits.scan_start_s, scanner.start())
                await within(self._limits.scan_start_s, self._connected_already(adapter))
            except FOREIGN as error:
                raise translate(error, "scan") from error
            self.built += 1
            if self._listens:
                self._report(READY)
            await self._until_doubtful(scanner, adapter, epoch)
        finally:
            await self._stop(scanner, epoch)

    @property
    def _listens(self) -> bool:
        """Whether this scanner is a passive one."""
        return self._passive and not self._trying

    def _scanner(self, adapter: str) -> Built:
        if self._listens:
            return PassiveScanner(self._bluez, adapter, self._lists, self._detected)
        return BleakScanner(self._detected, bluez={"adapter": adapter, "filters": EACH_TIME})

    def _detected(self, device: BLEDevice, advertisement: AdvertisementData) -> None:
        if advertisement.rssi != NO_RSSI:
            self.last_heard = self._env.monotonic()
            self.deaf = 0
            self._stuck_in = None
            self._heard(device, advertisement)

    async def _connected_already(self, adapter: str) -> None:
        """A program that was killed leaves its links standing, and a linked device does not advertise."""
        known = await BleakAdapter.get(bluez={"adapter": adapter})
        for device in await known.get_connected_devices(self._services):
            self._found(Sighting(device, None))

    async def _until_doubtful(self, scanner: Built, name: str, epoch: int) -> None:
        since = _Since(*[self._env.monotonic()] * 4)
        while True:
            adapter = self._bluez.adapters.get(name)
            if self._bluez.epoch != epoch or adapter is None or not adapter.powered:
                return
            scans = adapter.discovering and self._stuck_in != epoch
            if self._stands_still(since, scans):
                return
            if self._silent(since.start, self._limits.silence_s):
                self._trying = self._passive
                return
            if scans and not self._listens and self._silent(since.asked, self._limits.quiet_s):
                if not await self._obeys(scanner, epoch):
                    return
                since.asked = self._env.monotonic()
                self.deaf = 0
                if self._trying:
                    self._trying = False
                    return
            await self._bluez.changed(self._look_s)

    def _stands_still(self, since: _Since, scans: bool) -> bool:
        """Says how it is; whether the adapter has not been scanning for so long that this is no pause."""
        now, limit = self._env.monotonic(), self._limits.not_discovering_s
        if scans:
            # Only now: a scan that was accepted need not be one.
            self._report(READY)
        else:
            since.run = now
        if scans or self._listens or self._paused():
            since.discovering = now
        if now - since.run > limit:
            self.deaf = 0
        if now - since.discovering <= limit:
            return False
        self.deaf += 1
        self._report(DEAF)
        return True

    @property
    def _look_s(self) -> float:
        return min(self._limits.silence_s, self._limits.not_discovering_s, 2 * self._limits.quiet_s) / 4

    async def _obeys(self, scanner: Built, epoch: int) -> bool:
        """Whether the adapter ends its scan and begins it anew.

        In a home where nothing advertises this is the one thing that tells an adapter that hangs from one that hears
        nothing: BlueZ answers for both, and only ending a scan waits for the adapter itself. A bluetoothd that is slow
        to answer says nothing of the adapter.
        """
        await self._stop(scanner, epoch)
        if self._stuck_in == epoch:
            return False
        try:
            await within(self._limits.scan_start_s, scanner.start(), self._void)
        except (StoppedError, *FOREIGN):
            # The next scanner finds out why.
            return False
        return True

    def _silent(self, start: float, seconds: float) -> bool:
        since = start if self.last_heard is None else max(start, self.last_heard)
        return self._env.monotonic() - since > seconds and not self._paused()

    async def _stop(self, scanner: Built, epoch: int) -> None:
        """A scanner that BlueZ has forgotten cannot be stopped ("No discovery started"); bleak lets go of it anyway.

        Where a scan cannot be stopped, the adapter does not obey, and BlueZ will go on saying that it scans: that is
        then no sign of anything, until the adapter is switched off and on or something is heard.
        """
        task = asyncio.current_task()
        well = self._bluez.epoch == epoch and not (task and task.cancelling())
        try:
            if well:
                await within(self._limits.answer_s, scanner.stop(), self._void)
            else:
                await within(self._limits.hurry_s, scanner.stop())
        except BleakDBusError as error:
            if well and error.dbus_error == _IN_PROGRESS and not self._paused():
                self._stuck_in = epoch
                self.deaf = max(self.deaf, self._limits.deaf_times)
                self._report(DEAF)
        except (GatewayError, StoppedError, *FOREIGN):
            return
