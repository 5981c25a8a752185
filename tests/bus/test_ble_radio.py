"""The radio comes and goes: readings flow again, and until then the state says the right word."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest
from dbus_fast import Variant

from drivers.api import BleDriver, Characteristic
from drivers.uuids import full
from gateway.env import real_env
from gateway.simulator import frames
from gateway.simulator.ble_devices import Cuff, Scale
from gateway.simulator.bluez.names import ADAPTER
from gateway.simulator.bluez.radio import Advert
from gateway.simulator.bluez.virtual import VirtualBluetooth
from gateway.simulator.bus import PrivateBus
from gateway.simulator.peripheral import ALWAYS, Habits
from gateway.transport.ble.radio import BleDevice, Radio
from gateway.transport.ble.state import RadioState
from tests.aio import run, until
from tests.bus.listed_devices import HABITS, QUICK, Witness, is_, listed, running, stopped
from tests.bus.virtual_home import BUS_VARIABLE, virtual_bluetooth

pytestmark = pytest.mark.bus

WEIGHT = frames.weight("81.35")
PRESSURE = frames.blood_pressure(120, 80, 93)
NOWHERE = "unix:path=/nonexistent/bus"
STAYS = Habits(interval=0.02, linger=None)


@pytest.mark.parametrize("adapter", [None, "hci0"], ids=["any adapter", "named adapter"])
def test_an_adapter_switched_off_and_on_is_said_and_served_again(adapter: str | None) -> None:
    async def main() -> None:
        scale, witness, codes = Scale(habits=HABITS), Witness(), list[str]()
        async with (
            virtual_bluetooth([scale]) as bluetooth,
            running([listed(scale, witness)], adapter=adapter, on_change=lambda s: codes.append(s.code)) as radio,
        ):
            await until(is_(radio, "ready"))
            await bluetooth.power(False)
            await until(is_(radio, "bluetooth-off"))
            await bluetooth.power(True)
            await until(is_(radio, "ready"))
            scale.measure(WEIGHT)
            await until(lambda: witness.values == [WEIGHT])
        assert codes[-3:] == ["ready", "bluetooth-off", "ready"]

    run(main())


def test_an_adapter_switched_off_and_on_at_once_does_not_leave_the_scanner_deaf() -> None:
    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        async with virtual_bluetooth([scale]) as bluetooth, running([listed(scale, witness)]) as radio:
            await until(is_(radio, "ready"))
            await bluetooth.power(False)
            await bluetooth.power(True)
            scale.measure(WEIGHT)
            await until(lambda: witness.values == [WEIGHT])

    run(main())


def test_an_adapter_switched_off_in_a_contact_ends_it_and_the_rest_comes_later() -> None:
    async def main() -> None:
        cuff, witness = Cuff(habits=STAYS), Witness()
        async with virtual_bluetooth([cuff]) as bluetooth, running([listed(cuff, witness, quiet_s=0.5)]):
            cuff.measure(PRESSURE)
            await until(lambda: witness.values)
            await bluetooth.power(False)
            await until(lambda: witness.reasons)
            await bluetooth.power(True)
            second = frames.blood_pressure(131, 81, 94)
            cuff.measure(second)
            await until(lambda: second in witness.values)

    run(main())


@pytest.mark.parametrize("crash", [False, True], ids=["restarted", "crashed"])
@pytest.mark.parametrize("connected", [False, True], ids=["while scanning", "in a contact"])
def test_bluetoothd_may_restart(crash: bool, connected: bool) -> None:
    async def main() -> None:
        cuff, witness = Cuff(habits=STAYS), Witness()
        first, second = PRESSURE, frames.blood_pressure(131, 81, 94)
        async with virtual_bluetooth([cuff]) as bluetooth, running([listed(cuff, witness, quiet_s=0.5)]) as radio:
            await until(is_(radio, "ready"))
            if connected:
                cuff.measure(first)
                await until(lambda: witness.values)
            await bluetooth.restart(0.2, crash=crash)
            cuff.measure(second)
            await until(lambda: second in witness.values)
            await until(is_(radio, "ready"))
            assert not connected or witness.reasons

    run(main())


def test_an_adapter_that_is_switched_on_while_we_are_told_that_it_is_off_is_on() -> None:
    """BlueZ answers, and switches its adapter on a moment later: the signal may be heard before the answer."""

    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        async with virtual_bluetooth([scale]) as bluetooth, running([listed(scale, witness)]) as radio:
            await until(is_(radio, "ready"))
            for _ in range(5):
                bluetooth.faults.slow_power = 1
                await bluetooth.restart(0.1)
                await until(is_(radio, "ready"))
                assert not bluetooth.faults.slow_power, "the fault was met"
            scale.measure(WEIGHT)
            await until(lambda: witness.values == [WEIGHT])

    run(main())


def test_the_service_is_missed_while_it_is_away() -> None:
    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        async with virtual_bluetooth([scale]) as bluetooth, running([listed(scale, witness)]) as radio:
            await until(is_(radio, "ready"))
            restarting = asyncio.create_task(bluetooth.restart(0.5, crash=True))
            await until(is_(radio, "bluetooth-missing"))
            await restarting
            await until(is_(radio, "ready"))

    run(main())


def test_a_machine_without_bluez_is_named() -> None:
    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        async with PrivateBus() as bus:
            with bus_address(bus.address):
                async with running([listed(scale, witness)]) as radio:
                    await until(is_(radio, "bluetooth-missing"))

    run(main())


def test_a_machine_without_a_bus_is_named_and_the_bus_is_found_when_it_comes() -> None:
    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        with bus_address(NOWHERE):
            async with running([listed(scale, witness)]) as radio:
                await until(is_(radio, "bluetooth-missing"))
                async with virtual_bluetooth([scale]):
                    scale.measure(WEIGHT)
                    await until(lambda: witness.values == [WEIGHT])
                    assert radio.state.code == "ready"

    run(main())


def test_the_bus_may_break_and_come_back() -> None:
    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        weights = [frames.weight("81.35"), frames.weight("81.40")]
        with bus_address(NOWHERE):
            async with running([listed(scale, witness)]) as radio:
                for n, weight in enumerate(weights, start=1):
                    async with virtual_bluetooth([scale]):
                        scale.measure(weight)
                        await until(partial(witness.ended, n))
                    await until(is_(radio, "bluetooth-missing"))
        assert witness.values == weights

    run(main())


def test_an_adapter_that_is_not_there_is_named() -> None:
    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        async with virtual_bluetooth([scale]), running([listed(scale, witness)], adapter="hci7") as radio:
            await until(is_(radio, "bluetooth-adapter-missing"))

    run(main())


def test_silence_rebuilds_the_scanner_and_is_no_fault() -> None:
    """A home in which nothing advertises is normal; a scanner that went deaf looks the same, and is cured."""

    async def main() -> None:
        scale, witness, codes = Scale(habits=HABITS), Witness(), list[str]()
        limits = replace(QUICK, silence_s=0.3, not_discovering_s=0.3)
        async with (
            virtual_bluetooth([scale]),
            running([listed(scale, witness)], limits, on_change=lambda s: codes.append(s.code)) as radio,
        ):
            await until(lambda: radio.state.counters["scanners-built"] >= 4)
            scale.measure(WEIGHT)
            await until(lambda: witness.values == [WEIGHT])
        assert codes == ["ready"]

    run(main())


def test_an_adapter_that_stops_discovering_is_asked_again() -> None:
    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        limits = replace(QUICK, not_discovering_s=0.2)
        async with virtual_bluetooth([scale]) as bluetooth, running([listed(scale, witness)], limits) as radio:
            await until(is_(radio, "ready"))
            core = bluetooth._core
            core.tree.change(core.adapter, ADAPTER, {"Discovering": Variant("b", False)})
            await until(lambda: radio.state.counters["scanners-built"] == 2)
            scale.measure(WEIGHT)
            await until(lambda: witness.values == [WEIGHT])

    run(main())


def test_a_scanner_that_cannot_be_stopped_cleanly_is_replaced_all_the_same() -> None:
    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        limits = replace(QUICK, silence_s=0.3, not_discovering_s=0.3)
        async with virtual_bluetooth([scale]) as bluetooth, running([listed(scale, witness)], limits) as radio:
            await until(is_(radio, "ready"))
            bluetooth.faults.stop_in_progress = 2
            await until(lambda: bluetooth.faults.stop_in_progress == 0)
            scale.measure(WEIGHT)
            await until(lambda: witness.values == [WEIGHT])

    run(main())


# --- devices that are only listened to --------------------------------------------------------------------------------

BEACON = full(0x181B)


class Beacon(Scale):
    """Advertises what it measures."""

    payload = b"\x01"

    def advert(self) -> Advert:
        return replace(super().advert(), service_data={BEACON: self.payload, full(0xFE95): b"other"})


@pytest.mark.parametrize("passive", [False, True], ids=["active", "passive"])
def test_a_device_that_only_advertises_is_never_connected_to_and_repeats_are_one(passive: bool) -> None:
    async def main() -> None:
        beacon, witness = Beacon(habits=Habits(interval=0.02, awake=ALWAYS)), Witness()
        driver = BleDriver(
            name="beacon",
            kind="weight",
            services=(BEACON,),
            modes={},
            adverts=(Characteristic(BEACON, lambda _data: None),),
            quiet_s=0.3,
        )
        async with (
            virtual_bluetooth([beacon]) as bluetooth,
            running([BleDevice(beacon.address, driver, witness)], passive=passive) as radio,
        ):
            await until(lambda: len(witness.values) == 1)
            before = radio.state.last_advertisement_s
            assert before is not None
            beacon.payload = b"\x02"
            await until(lambda: len(witness.values) == 2)
            assert bluetooth.called("Connect") == 0
            assert witness.reasons == []
            bluetooth.faults.deaf = 1
            await until(lambda: witness.reasons)
        assert witness.frames == [(f"adv:{BEACON}", b"\x01"), (f"adv:{BEACON}", b"\x02")]
        assert witness.of("clock") == [None]
        assert witness.reasons == [None]

    run(main())


# --- stopping ---------------------------------------------------------------------------------------------------------


async def _idle(bluetooth: VirtualBluetooth, scale: Scale, radio: Radio) -> None:
    await until(is_(radio, "ready"))


async def _connecting(bluetooth: VirtualBluetooth, scale: Scale, radio: Radio) -> None:
    bluetooth.faults.connect_hang = 1
    scale.measure(WEIGHT)
    await until(lambda: bluetooth.called("Connect"))


async def _subscribing(bluetooth: VirtualBluetooth, scale: Scale, radio: Radio) -> None:
    bluetooth.faults.notify_hang = 1
    scale.measure(WEIGHT)
    await until(lambda: bluetooth.called("StartNotify"))


async def _in_contact(bluetooth: VirtualBluetooth, scale: Scale, radio: Radio) -> None:
    scale.measure(WEIGHT)
    await until(lambda: scale.confirmed)


async def _switched_off(bluetooth: VirtualBluetooth, scale: Scale, radio: Radio) -> None:
    await bluetooth.power(False)
    await until(is_(radio, "bluetooth-off"))


async def _just_started(bluetooth: VirtualBluetooth, scale: Scale, radio: Radio) -> None:
    await asyncio.sleep(0)


State = Callable[[VirtualBluetooth, Scale, Radio], Awaitable[None]]


@pytest.mark.parametrize("reach", [_just_started, _idle, _connecting, _subscribing, _in_contact, _switched_off])
@pytest.mark.parametrize("hung", [False, True], ids=["bus answers", "bus hangs"])
def test_the_radio_stops_within_two_seconds_whatever_it_is_doing(reach: State, hung: bool) -> None:
    async def main() -> None:
        scale, witness = Scale(habits=STAYS), Witness()
        async with virtual_bluetooth([scale]) as bluetooth:
            radio = Radio([listed(scale, witness)], real_env(), local_time=lambda: None)
            task = asyncio.create_task(radio.run())
            await reach(bluetooth, scale, radio)
            daemon = bluetooth._bus._process
            assert daemon is not None
            if hung:
                daemon.send_signal(signal.SIGSTOP)
            try:
                await stopped(task)
            finally:
                daemon.send_signal(signal.SIGCONT)
            assert len(witness.of("opened")) == len(witness.of("closed"))
            if not hung:
                await until(lambda: not bluetooth.connected(scale.address))
        leftover = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        assert len(leftover) <= 2, leftover

    run(main())


def test_changes_of_state_carry_since_when() -> None:
    async def main() -> None:
        states: list[RadioState] = []
        scale, witness = Scale(habits=HABITS), Witness()
        async with (
            virtual_bluetooth([scale]) as bluetooth,
            running([listed(scale, witness)], on_change=states.append) as radio,
        ):
            assert radio.state.code == "bluetooth-starting"
            await until(lambda: states)
            await bluetooth.power(False)
            await until(lambda: len(states) == 2)
        assert [s.code for s in states] == ["ready", "bluetooth-off"]
        assert states[0].since < states[1].since

    run(main())


@contextmanager
def bus_address(address: str) -> Iterator[None]:
    """What this process takes for the system's bus."""
    before = os.environ.get(BUS_VARIABLE)
    os.environ[BUS_VARIABLE] = address
    try:
        yield
    finally:
        if before is None:
            del os.environ[BUS_VARIABLE]
        else:
            os.environ[BUS_VARIABLE] = before
