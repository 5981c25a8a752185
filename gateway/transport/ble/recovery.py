"""Keeps the radio alive: sees what is wrong with it, says so, and takes one remedy after the other.

The daemon has no rights of its own over the service or the machine: the service manager is asked over the bus, and a
polkit rule lets this user restart the Bluetooth service, and nothing else (systemd/50-dho-gateway-bluetooth.rules).
"""

from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field

from gateway.env import Env
from gateway.errors import GatewayError
from gateway.transport.ble.adapters import Adapter
from gateway.transport.ble.bluez import Bluez
from gateway.transport.ble.errors import (
    BLOCKED,
    MISSING,
    NEEDS_POWER_CYCLE,
    NO_ADAPTER,
    OFF,
    PERMISSION,
    SILENT,
    STARTING,
)
from gateway.transport.ble.hardware import Hardware
from gateway.transport.ble.ladder import Ladder, Rung, Silence, Trouble
from gateway.transport.ble.limits import Limits
from gateway.transport.ble.reboots import Reboots
from gateway.transport.ble.scanner import Scanner

_SYSTEMD = "org.freedesktop.systemd1"
_LOGIND = "org.freedesktop.login1"
# On older Raspberry Pi systems the first one brings the adapter up; where there is none, that is no fault.
UNITS = {Trouble.ADAPTER: ("hciuart.service", "bluetooth.service"), Trouble.DEAF: ("bluetooth.service",)}
_TROUBLES = {OFF: Trouble.OFF, NO_ADAPTER: Trouble.ADAPTER, PERMISSION: Trouble.PERSON}


@dataclass(frozen=True, slots=True)
class Care:
    """What may be done for the radio: the remedies, how seldom a reboot (None: never), who speaks for the kernel."""

    rungs: Collection[Rung] = tuple(Rung)
    reboots: Reboots | None = None
    hardware: Hardware = field(default_factory=Hardware)


class Recovery:
    """Looks after the radio for as long as `run` runs. `overrule` is told the code that says it best (None: the
    scanner's own does) and the rung that was taken."""

    def __init__(
        self,
        bluez: Bluez,
        scanner: Scanner,
        env: Env,
        limits: Limits,
        *,
        adapter: str | None,
        care: Care,
        overrule: Callable[[str | None, Rung | None], None],
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._bluez = bluez
        self._scanner = scanner
        self._env = env
        self._limits = limits
        self._wanted = adapter
        self._reboots = care.reboots
        self._hardware = care.hardware
        self._overrule = overrule
        allowed = [r for r in care.rungs if r is not Rung.REBOOT or care.reboots is not None]
        self._ladder = Ladder(allowed, limits.pace)
        self._silence = Silence(limits.pace)
        self._met = False

    def heard(self) -> None:
        """An advertisement was heard, of whomever."""
        self._silence.heard(self._env.monotonic())
        if self._ladder.rung is not None or self._ladder.exhausted:
            self._ladder.heard()
            self._overrule(None, None)

    async def run(self) -> None:
        """Runs until cancelled."""
        while True:
            trouble, code = self._look()
            rung = self._ladder.look(trouble, self._env.monotonic())
            if self._ladder.exhausted and self._met and trouble not in (Trouble.ADAPTER, Trouble.PERSON):
                code = NEEDS_POWER_CYCLE
            self._overrule(code, self._ladder.rung)
            if rung is not None and trouble is not None:
                await self._take(rung, trouble)
            await self._bluez.changed(self._limits.look_s)

    def _look(self) -> tuple[Trouble | None, str | None]:
        """What is wrong, and the code that says it better than the scanner does."""
        found = self._bluez_trouble()
        now = self._env.monotonic()
        if found is not None or self._scanner.deaf:
            self._silence.deaf(now)
        if found is not None:
            return found
        self._met = True
        if self._scanner.deaf >= self._limits.deaf_times:
            return Trouble.DEAF, None
        if self._silence.suspicious(now):
            return Trouble.SILENT, SILENT
        return None, None

    def _bluez_trouble(self) -> tuple[Trouble | None, str | None] | None:
        """None: BlueZ has an adapter that is switched on."""
        try:
            self._bluez.adapter(self._wanted)
        except GatewayError as error:
            if error.reason == STARTING:
                return None, None
            if error.reason == OFF and self._hardware.blocked():
                return Trouble.PERSON, BLOCKED
            if error.reason == MISSING and not self._hardware.adapters():
                # Where there is no adapter the service is not even started.
                return Trouble.ADAPTER, NO_ADAPTER
            return _TROUBLES.get(error.reason, Trouble.SERVICE), None
        return None

    async def _take(self, rung: Rung, trouble: Trouble) -> None:
        self.counters[f"recovery-{rung}"] += 1
        try:
            if rung is Rung.POWER:
                await self._power()
            elif rung is Rung.SERVICE:
                # The kernel holds on to a scan that it could not end, whoever restarts, until its adapter is off.
                with suppress(GatewayError):
                    await self._power()
                await self._restart(trouble)
            elif self._reboots is not None and self._reboots.take():
                await self._reboot()
        except GatewayError:
            self.counters[f"recovery-{rung}-refused"] += 1

    async def _power(self) -> None:
        adapter = self._adapter()
        if adapter is None:
            return
        if adapter.powered:
            await self._bluez.switch(adapter.name, False)
            await self._env.sleep(self._limits.off_s)
        await self._bluez.switch(adapter.name, True)

    def _adapter(self) -> Adapter | None:
        found = [a for name, a in sorted(self._bluez.adapters.items()) if self._wanted in (None, name)]
        return next((a for a in found if a.powered), found[0] if found else None)

    async def _restart(self, trouble: Trouble) -> None:
        path, manager = "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"
        *before, service = UNITS.get(trouble, ("bluetooth.service",))
        for unit in before:
            try:
                await self._bluez.call(path, manager, "RestartUnit", "ss", [unit, "replace"], service=_SYSTEMD)
            except GatewayError:
                self.counters["recovery-unit-absent"] += 1
        await self._bluez.call(path, manager, "RestartUnit", "ss", [service, "replace"], service=_SYSTEMD)

    async def _reboot(self) -> None:
        manager = "org.freedesktop.login1.Manager"
        await self._bluez.call("/org/freedesktop/login1", manager, "Reboot", "b", [False], service=_LOGIND)
