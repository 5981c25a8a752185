"""The Bluetooth transport before the virtual home: a contact that writes down what it is told, and a running radio."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from drivers.api import BleDriver
from drivers.ble.blood_pressure import DRIVER as PRESSURE
from drivers.ble.pulse_oximeter import DRIVER as OXIMETER
from drivers.ble.weight_scale import DRIVER as WEIGHT
from gateway.backoff import Backoff
from gateway.env import real_env
from gateway.errors import GatewayError
from gateway.simulator.ble_devices import Cuff, Oximeter, Scale
from gateway.simulator.bluez.scripted import ScriptedRadio
from gateway.simulator.bluez.virtual import VirtualBluetooth
from gateway.simulator.peripheral import Habits, VirtualDevice
from gateway.transport.ble.hardware import Hardware
from gateway.transport.ble.l2cap import Door, Endpoint
from gateway.transport.ble.radio import BleDevice, Care, Limits, Radio, Reboots
from gateway.transport.ble.state import RadioState

AT_ONCE = Backoff(first_s=0.02, cap_s=0.1, spread=0.0)
QUICK = Limits(
    settle_s=0.05,
    linger_s=0.05,
    hold_off_s=0.2,
    connect_s=5.0,
    gatt_s=2.0,
    stale_s=3.0,
    rebuild=AT_ONCE,
    retry=AT_ONCE,
    refused=AT_ONCE,
)
HABITS = Habits(interval=0.02, linger=0.1)


class _PluggedIn(Hardware):
    """A machine with an adapter, and no switch that blocks it."""

    def adapters(self) -> list[str]:
        return ["hci0"]

    def blocked(self) -> bool:
        return False


PLUGGED_IN = _PluggedIn()


class Shut:
    """No way past BlueZ: the kernel's Bluetooth, if there is any, has never heard of virtual devices."""

    def available(self) -> bool:
        return False

    async def connect(self, adapter: Endpoint, device: Endpoint, seconds: float) -> socket.socket:
        raise AssertionError


SHUT = Shut()


@dataclass
class Witness:
    """A contact: everything it is told, in order."""

    told: list[tuple[str, object]] = field(default_factory=list)
    frames: list[tuple[str, bytes]] = field(default_factory=list)
    record: int | None = None

    def opened(self) -> None:
        self.told.append(("opened", None))

    def frame(self, channel: str, data: bytes) -> None:
        self.told.append(("frame", channel))
        self.frames.append((channel, data))

    def facts(self, facts: Mapping[str, object]) -> None:
        self.told.append(("facts", dict(facts)))

    def clock(self, device_time: datetime | None) -> None:
        self.told.append(("clock", device_time))

    def closed(self, error: GatewayError | None) -> None:
        self.told.append(("closed", error))

    def cursor(self) -> int | None:
        return self.record

    def of(self, kind: str) -> list[object]:
        """What was told of one kind."""
        return [what for k, what in self.told if k == kind]

    @property
    def values(self) -> list[bytes]:
        """The values of all frames."""
        return [data for _channel, data in self.frames]

    def ended(self, times: int) -> bool:
        """Whether that many contacts are over."""
        return len(self.reasons) >= times

    @property
    def known(self) -> dict[str, object]:
        """All facts, merged."""
        merged: dict[str, object] = {}
        for facts in self.of("facts"):
            assert isinstance(facts, dict)
            merged |= facts
        return merged

    @property
    def reasons(self) -> list[str | None]:
        """Why contacts ended, in the project's words; None: by themselves."""
        return [error.reason if isinstance(error, GatewayError) else None for error in self.of("closed")]


@dataclass
class Typist:
    """A person who pairs: types what the device shows, or gives up (None)."""

    code: int | None = None
    same: bool = True
    asked: list[str] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    waits: bool = False

    async def read_code(self) -> int | None:
        self.asked.append("read")
        if self.waits:
            await self.answers.wait()
        return self.code

    async def same_code(self, code: int) -> bool:
        self.asked.append("same")
        self.shown.append(code)
        return self.same

    def show_code(self, code: int) -> None:
        self.asked.append("show")
        self.shown.append(code)

    def broken_off(self) -> None:
        self.asked.append("broken off")


def paired_before(bluetooth: VirtualBluetooth, device: VirtualDevice) -> None:
    """Hub and device have been paired in an earlier life."""
    assert isinstance(bluetooth.radio, ScriptedRadio)
    bluetooth.radio.remember(device.address)
    device.bond = True


def driver_of(device: VirtualDevice) -> BleDriver:
    """The driver of a virtual device."""
    return {Oximeter: OXIMETER, Cuff: PRESSURE, Scale: WEIGHT}[type(device)]


def listed(device: VirtualDevice, witness: Witness, **changes: object) -> BleDevice:
    """A virtual device on the list, with its driver changed as wanted."""
    return BleDevice(device.address, replace(driver_of(device), **changes), witness)  # type: ignore[arg-type]


@asynccontextmanager
async def running(
    devices: Sequence[BleDevice],
    limits: Limits = QUICK,
    *,
    local_time: Callable[[], datetime | None] = lambda: None,
    adapter: str | None = None,
    passive: bool = False,
    on_change: Callable[[RadioState], None] | None = None,
    hardware: Hardware | None = None,
    reboots: Reboots | None = None,
    may_contact: Callable[[], bool] = lambda: True,
    stored: Callable[[], bool] = lambda: True,
    door: Door = SHUT,
) -> AsyncIterator[Radio]:
    """A radio that runs until the block ends, and then ends within two seconds."""
    radio = Radio(
        devices,
        real_env(),
        local_time=local_time,
        adapter=adapter,
        passive=passive,
        limits=limits,
        on_change=on_change,
        care=Care(reboots=reboots, hardware=hardware or PLUGGED_IN),
        may_contact=may_contact,
        stored=stored,
        door=door,
    )
    task = asyncio.create_task(radio.run())
    try:
        yield radio
    finally:
        await stopped(task)


async def stopped(task: "asyncio.Task[None]") -> None:
    """Cancels the radio; AssertionError if it takes two seconds or ends otherwise."""
    assert not task.done(), "the radio ended by itself"
    task.cancel()
    done, _pending = await asyncio.wait({task}, timeout=2.0)
    assert done, "the radio did not end within two seconds"
    assert task.cancelled()


def is_(radio: Radio, code: str) -> Callable[[], bool]:
    """Whether the radio's state has this code."""
    return lambda: radio.state.code == code
