"""The configured devices: each with its driver, its collector, and the transport that reaches it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Literal

from drivers.api import BleDriver, Driver, Line, SerialDriver
from drivers.session import Session
from gateway.alarms import of_radio
from gateway.attribution import Standing
from gateway.collector import Collector, Hooks
from gateway.env import Env, local_time
from gateway.errors import GatewayError
from gateway.identity import device_ref
from gateway.keeping import Kept
from gateway.making import Place
from gateway.owning import Owner
from gateway.settings import BleDevice, SerialDevice, Settings
from gateway.store import Store
from gateway.transport.serial_port import SerialPort
from gateway.whose import Whose

if TYPE_CHECKING:
    from gateway.transport.ble.radio import Radio, RadioState, Reboots

Start = Callable[[str, Callable[[], Awaitable[None]]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Whom the instruments tell: of readings on disk (device, what became of them), of events (name, fields), of a
    device whose twin changed, of the radio's state when its code changed."""

    kept: Callable[[str, Sequence[Kept]], None]
    note: Callable[[str, Mapping[str, object]], None]
    changed: Callable[[str], None]
    radio: Callable[["RadioState"], None]


@dataclass(frozen=True, slots=True)
class Instrument:
    """One configured device."""

    settings: SerialDevice | BleDevice
    driver: Driver
    collector: Collector

    @property
    def fixed(self) -> dict[str, object]:
        """What the configuration says of it and may leave the hub."""
        return {"kind": self.driver.kind, "driver": self.driver.name, "transport": self.driver.transport}

    @property
    def options(self) -> dict[str, object]:
        """What the driver's conversation may know of the configuration."""
        told = self.settings.table()
        return {name: told[name] for name in ("mode", "select_format", "user", "consent") if name in told}


class Instruments:
    """All of them. `radio` is there once Bluetooth has been loaded."""

    def __init__(
        self,
        settings: Settings,
        drivers: Mapping[str, Driver],
        store: Store,
        env: Env,
        place: Place,
        told: Told,
        whose: Whose | None = None,
    ) -> None:
        """`whose` None: nobody keeps assignments."""
        self._whose = whose
        self._settings, self._store, self._env, self._place, self._told = settings, store, env, place, told
        self.all = [self._instrument(device, drivers[device.driver]) for device in settings.device]
        self.radio: Radio | None = None

    def resume(self) -> None:
        """Tells of each, and goes on with what an earlier run left unfinished."""
        for ref, kept in self._store.taken_in:
            self._told.kept(ref, [kept])
        for index, one in enumerate(self.all):
            self._told.note("device.configured", {"index": index, "device": one.collector.ref, **one.fixed})
            one.collector.resume()

    def start(self, start: Start) -> None:
        """Starts everything that runs for them."""
        for one in self.all:
            start(f"collector:{one.collector.ref}", one.collector.run)
            if isinstance(one.settings, SerialDevice) and isinstance(one.driver, SerialDriver):
                start(f"serial:{one.collector.ref}", self._serial_port(one, one.settings, one.driver).run)
        if any(isinstance(one.settings, BleDevice) for one in self.all):
            start("bluetooth", self._bluetooth)

    def save_unkept(self) -> None:
        """What the store has not taken is saved beside it, for the next start; for the end of the daemon."""
        drafts = [draft for one in self.all for draft in one.collector.unkept]
        if not drafts:
            return
        told = {"readings": len(drafts)}
        try:
            self._store.save_unkept(drafts)
        except GatewayError as error:
            self._told.note("reading.lost", {**told, "reason": error.reason, "detail": error.detail})
        else:
            self._told.note("readings.saved", told)

    def codes(self) -> list[str]:
        """What is wrong with them, as keys of the catalogue."""
        codes = [one.collector.error.reason for one in self.all if one.collector.error is not None]
        if self.radio is not None:
            state = self.radio.state
            codes += [*state.warnings, *([] if state.code == "ready" else [state.code])]
        return codes

    def alarms(self) -> list[str]:
        """The alarms of their radio."""
        return [] if self.radio is None else of_radio(self.radio.state.code, self.radio.state.rung)

    def _instrument(self, device: SerialDevice | BleDevice, driver: Driver) -> Instrument:
        address = device.port if isinstance(device, SerialDevice) else device.address
        ref = device_ref(self._store.id_key, address)
        hooks = Hooks(kept=self._told.kept, note=self._told.note, changed=partial(self._told.changed, ref))
        collector = Collector(
            ref,
            Session(driver, device.mode),
            self._store,
            self._env,
            self._place,
            hooks,
            users=device.users,
            owner=self._owner(ref, device, driver),
            twin=self._store.twin(ref),
        )
        return Instrument(device, driver, collector)

    def _owner(self, ref: str, device: SerialDevice | BleDevice, driver: Driver) -> Owner | None:
        if self._whose is None:
            return None
        standing = Standing(device.users, device.household, device.visit, driver.memory)
        return self._whose.add(ref, standing, radio=isinstance(device, BleDevice))

    def _serial_port(self, one: Instrument, settings: SerialDevice, driver: SerialDriver) -> SerialPort:
        line = None if settings.line is None else parse_line(settings.line)
        zone = self._place.zone
        return SerialPort(
            settings.port, driver, one.collector, self._env, line=line, timezone=zone, options=one.options
        )

    async def _bluetooth(self) -> None:
        # bleak is loaded only where a device needs it, and beside the loop, so that serial readings need not wait.
        module = await asyncio.to_thread(import_module, "gateway.transport.ble.radio")
        devices = [
            module.BleDevice(one.settings.address, one.driver, one.collector, one.options, one.collector.twin)
            for one in self.all
            if isinstance(one.settings, BleDevice) and isinstance(one.driver, BleDriver)
        ]
        self.radio = module.Radio(
            devices,
            self._env,
            adapter=self._settings.bluetooth.adapter,
            passive=self._settings.bluetooth.passive,
            local_time=self._local_time,
            on_change=self._told.radio,
            care=module.Care(reboots=self._reboots(module)),
            # What a device remembers stays there while it could not be kept here.
            may_contact=lambda: self._store.trouble is None,
            stored=lambda: self._store.trouble is None and not any(one.collector.unkept for one in self.all),
        )
        await self.radio.run()

    def _reboots(self, module: ModuleType) -> "Reboots | None":
        return module.Reboots(self._store.directory, self._env) if self._settings.bluetooth.allow_reboot else None

    def _local_time(self) -> datetime | None:
        """Wall time of the home (naive), None while the hub's clock is not to be trusted."""
        return local_time(self._env, self._place.zone)


def parse_line(text: str) -> Line:
    """Line settings as the configuration writes them: `9600 8N1`."""
    baud, frame = text.split()
    bits: Literal[7, 8] = 7 if frame[0] == "7" else 8
    parity: Literal["N", "E", "O"] = "E" if frame[1] == "E" else "O" if frame[1] == "O" else "N"
    return Line(int(baud), bits, parity, 2 if frame[2] == "2" else 1)
