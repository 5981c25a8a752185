"""What a device does, the real bleak sees: alike over the scripted radio and over a real ATT and SMP stack.

A difference between the two is a mistake of the scripted one.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from bleak import BleakClient, BleakScanner
from bleak.args.bluez import BlueZScannerArgs
from bleak.assigned_numbers import AdvertisementDataType
from bleak.exc import BleakDBusError, BleakError, BleakGATTProtocolError
from dbus_fast import DBusError

from drivers.uuids import full
from gateway.simulator import frames
from gateway.simulator.ble_devices import (
    PRESSURE_MEASUREMENT,
    SPOT_CHECK,
    WEIGHT_MEASUREMENT,
    Cuff,
    Oximeter,
    Scale,
)
from gateway.simulator.bluez.core import Timing
from gateway.simulator.bluez.names import DEVICE, GATT_CHARACTERISTIC
from gateway.simulator.bluez.radio import Peripheral, Radio
from gateway.simulator.peripheral import BATTERY_LEVEL, CURRENT_TIME, MODEL, Habits, VirtualDevice
from gateway.simulator.record_device import RECORD_ACCESS
from tests.aio import run, until
from tests.bus.dbus_client import dbus_client
from tests.bus.virtual_home import EACH_TIME, find, hear, subscribe, virtual_bluetooth

pytestmark = pytest.mark.bus

MakeRadio = Callable[[Iterable[Peripheral]], Radio]
QUICK = Habits(interval=0.02, linger=0.1)
PATIENT = Habits(interval=0.02, linger=None)
EARLY = Habits(interval=0.02, linger=0.3, early=0.0)
PRESSURES = [frames.blood_pressure(120 + n, 80, 93, pulse=60 + n) for n in range(3)]
TIMING = Timing(no_agent=0.2)
COMES_TO_NOTHING: tuple[type[Exception], ...] = (TimeoutError,)


async def bond(cuff: Cuff) -> None:
    """Pairs and fetches one measurement."""
    cuff.measure(PRESSURES[0])
    async with BleakClient(await find(cuff.address), pair=True) as client:
        got = await subscribe(client, PRESSURE_MEASUREMENT)
        await until(lambda: got == [PRESSURES[0]])
        await until(lambda: not client.is_connected)
    await until(lambda: not cuff.linked)
    cuff.confirmed.clear()


@pytest.mark.parametrize(
    ("make", "uuid", "frame"),
    [
        (Oximeter, SPOT_CHECK, frames.spot_check(97, 61)),
        (Cuff, PRESSURE_MEASUREMENT, PRESSURES[0]),
        (Scale, WEIGHT_MEASUREMENT, frames.weight("81.35")),
    ],
    ids=["oximeter", "cuff", "scale"],
)
def test_a_measurement_arrives_and_the_device_hangs_up(
    radio: MakeRadio, make: type[Oximeter | Cuff | Scale], uuid: str, frame: bytes
) -> None:
    async def main() -> None:
        device: VirtualDevice = make(habits=QUICK)
        async with virtual_bluetooth([device], radio=radio) as bluetooth:
            device.queue(uuid, frame)
            gone = asyncio.Event()
            async with BleakClient(await find(device.address), lambda _client: gone.set()) as client:
                got = await subscribe(client, uuid)
                await gone.wait()
            assert got == device.confirmed == [frame]
            assert bluetooth.lost(device.address) == 0

    run(main())


def test_a_device_with_nothing_to_give_is_not_heard(radio: MakeRadio) -> None:
    async def main() -> None:
        async with virtual_bluetooth([Scale(habits=QUICK)], radio=radio):
            assert await hear(Scale().address, 0.2) is None

    run(main())


def test_information_battery_and_clock_are_read_and_the_clock_is_set(radio: MakeRadio) -> None:
    async def main() -> None:
        noon = datetime(2026, 3, 1, 12, 0, 0)  # noqa: DTZ001 (a device's clock has no zone)
        scale = Scale(habits=PATIENT, model="S-1", battery=55, now=lambda: noon)
        scale.skew = timedelta(hours=-3)
        async with virtual_bluetooth([scale], radio=radio):
            scale.measure(frames.weight(80))
            async with BleakClient(await find(scale.address)) as client:
                assert await client.read_gatt_char(MODEL) == b"S-1"
                assert await client.read_gatt_char(BATTERY_LEVEL) == b"\x37"
                told = bytes(await client.read_gatt_char(CURRENT_TIME))
                assert frames.read_current_time(told) == noon - timedelta(hours=3)
                await client.write_gatt_char(CURRENT_TIME, frames.current_time(noon), response=True)
                assert scale.clock() == noon

    run(main())


def test_a_refused_write_tells_its_att_error(radio: MakeRadio) -> None:
    async def main() -> None:
        scale = Scale(habits=PATIENT)
        async with virtual_bluetooth([scale], radio=radio):
            scale.measure(frames.weight(80))
            scale.refuse(CURRENT_TIME, 0x80)
            async with BleakClient(await find(scale.address)) as client:
                with pytest.raises(BleakGATTProtocolError) as refused:
                    await client.write_gatt_char(CURRENT_TIME, frames.current_time(scale.clock()), response=True)
                assert refused.value.code == 0x80

    run(main())


def test_stored_records_come_by_record_access_and_stay_in_the_device(radio: MakeRadio) -> None:
    async def main() -> None:
        oximeter = Oximeter(habits=PATIENT)
        stored = [frames.spot_check(90 + n, 60) for n in range(3)]
        async with virtual_bluetooth([oximeter], radio=radio):
            oximeter.store(*stored)
            async with BleakClient(await find(oximeter.address)) as client:
                values = await subscribe(client, SPOT_CHECK)
                answers = await subscribe(client, RECORD_ACCESS)
                await client.write_gatt_char(RECORD_ACCESS, b"\x01\x01", response=True)
                await until(lambda: answers)
            assert values == stored
            assert answers == [b"\x06\x00\x01\x01"]
            assert oximeter.records == stored

    run(main())


def test_record_access_before_subscribing_is_improperly_configured(radio: MakeRadio) -> None:
    async def main() -> None:
        oximeter = Oximeter(habits=PATIENT)
        async with virtual_bluetooth([oximeter], radio=radio):
            oximeter.store(frames.spot_check(95, 60))
            async with BleakClient(await find(oximeter.address)) as client:
                with pytest.raises(BleakError, match="mproperly"):
                    await client.write_gatt_char(RECORD_ACCESS, b"\x01\x01", response=True)

    run(main())


def test_a_bonded_cuff_gives_its_memory_at_each_contact_and_pairs_once(radio: MakeRadio) -> None:
    async def main() -> None:
        cuff = Cuff(habits=QUICK, needs_bond=True)
        async with virtual_bluetooth([cuff], radio=radio) as bluetooth, dbus_client() as installer:
            await installer.register_agent()
            await bond(cuff)
            for _ in range(2):
                cuff.measure(*PRESSURES)
                async with BleakClient(await find(cuff.address), pair=True) as client:
                    got = await subscribe(client, PRESSURE_MEASUREMENT)
                    await until(lambda: not client.is_connected)
                assert got == PRESSURES
            assert bluetooth.called("Pair") == 1

    run(main())


def test_without_an_agent_pairing_fails(radio: MakeRadio) -> None:
    async def main() -> None:
        cuff = Cuff(habits=PATIENT, needs_bond=True)
        async with virtual_bluetooth([cuff], TIMING, radio=radio):
            cuff.measure(*PRESSURES)
            with pytest.raises(BleakDBusError, match="AuthenticationFailed"):
                await BleakClient(await find(cuff.address), pair=True).connect()

    run(main())


def test_without_an_agent_a_subscription_that_needs_a_bond_comes_to_nothing(radio: MakeRadio) -> None:
    async def main() -> None:
        cuff = Cuff(habits=PATIENT, needs_bond=True)
        async with virtual_bluetooth([cuff], TIMING, radio=radio):
            cuff.measure(*PRESSURES)
            async with BleakClient(await find(cuff.address)) as client:
                with pytest.raises(COMES_TO_NOTHING):
                    await asyncio.wait_for(subscribe(client, PRESSURE_MEASUREMENT), 0.5)
                assert client.is_connected
            assert cuff.pending == len(PRESSURES)

    run(main())


def test_with_an_agent_a_subscription_that_needs_a_bond_makes_one(radio: MakeRadio) -> None:
    async def main() -> None:
        cuff = Cuff(habits=QUICK, needs_bond=True)
        async with virtual_bluetooth([cuff], radio=radio) as bluetooth, dbus_client() as installer:
            await installer.register_agent()
            cuff.measure(*PRESSURES)
            async with BleakClient(await find(cuff.address)) as client:
                got = await subscribe(client, PRESSURE_MEASUREMENT)
                await until(lambda: got == PRESSURES)
            assert bluetooth.radio.bonded(cuff.address)

    run(main())


def test_the_passkey_on_the_device_is_asked_for_and_a_wrong_one_is_refused(radio: MakeRadio) -> None:
    async def main() -> None:
        cuff = Cuff(habits=QUICK, needs_bond=True, passkey=123456)
        typed = iter((654321, 123456))
        async with virtual_bluetooth([cuff], radio=radio), dbus_client() as installer:
            installer.passkey = lambda: next(typed)
            await installer.register_agent()
            cuff.measure(PRESSURES[0])
            with pytest.raises(BleakDBusError, match="AuthenticationFailed"):
                await BleakClient(await find(cuff.address), pair=True).connect()
            await until(lambda: not cuff.linked)
            await bond_again(cuff)
            assert installer.asked == ["RequestPasskey", "RequestPasskey"]

    run(main())


async def bond_again(cuff: Cuff) -> None:
    async with BleakClient(await find(cuff.address), pair=True) as client:
        got = await subscribe(client, PRESSURE_MEASUREMENT)
        await until(lambda: got == [PRESSURES[0]])


def test_a_rejecting_agent_leaves_no_bond(radio: MakeRadio) -> None:
    async def main() -> None:
        cuff = Cuff(habits=PATIENT, needs_bond=True, passkey=123456)
        async with virtual_bluetooth([cuff], radio=radio) as bluetooth, dbus_client() as installer:
            await installer.register_agent()
            cuff.measure(PRESSURES[0])
            with pytest.raises(BleakDBusError, match="AuthenticationFailed"):
                await BleakClient(await find(cuff.address), pair=True).connect()
            assert not bluetooth.radio.bonded(cuff.address)

    run(main())


def test_a_device_that_lost_its_bond_cannot_be_reached_until_it_is_paired_anew(radio: MakeRadio) -> None:
    async def main() -> None:
        cuff = Cuff(habits=QUICK, needs_bond=True)
        async with virtual_bluetooth([cuff], radio=radio) as bluetooth, dbus_client() as installer:
            await installer.register_agent()
            await bond(cuff)
            cuff.forget_bond()
            cuff.measure(PRESSURES[0])
            for _ in range(2):
                path = str((await find(cuff.address)).details["path"])
                # The second now and then, the first mostly: after it bleak would make link after link.
                with pytest.raises(DBusError, match=r"le-connection-abort-by-local|br-connection-canceled"):
                    await installer.call(path, DEVICE, "Connect")
                await until(lambda: not cuff.linked)
            await bluetooth.remove_device(cuff.address)
            await bond_again(cuff)
            assert bluetooth.called("Pair") == 2

    run(main())


def test_an_early_senders_values_are_confirmed_and_lost_when_nobody_listens(radio: MakeRadio) -> None:
    async def main() -> None:
        cuff = Cuff(habits=EARLY, needs_bond=True)
        async with virtual_bluetooth([cuff], radio=radio) as bluetooth, dbus_client() as installer:
            await installer.register_agent()
            await bond(cuff)
            cuff.measure(*PRESSURES)
            client = BleakClient(await find(cuff.address))
            await client.connect()
            got = await subscribe(client, PRESSURE_MEASUREMENT)
            await until(lambda: not client.is_connected)
            await client.disconnect()
            assert cuff.confirmed == PRESSURES
            assert got == []
            assert bluetooth.lost(cuff.address) == 3

    run(main())


@pytest.mark.parametrize("latency", [0.0, 0.03], ids=["at once", "30 ms"])
def test_an_early_senders_values_all_arrive_when_a_subscription_stands_before_the_link(
    radio: MakeRadio, latency: float
) -> None:
    async def main() -> None:
        cuff = Cuff(habits=replace(EARLY, latency=latency), needs_bond=True)
        async with virtual_bluetooth([cuff], radio=radio) as bluetooth, dbus_client() as keeper:
            await keeper.register_agent()
            await bond(cuff)
            await keeper.listen()
            (path,) = await keeper.characteristics(PRESSURE_MEASUREMENT)
            await keeper.call(path, GATT_CHARACTERISTIC, "StartNotify")
            cuff.measure(*PRESSURES)
            client = BleakClient(await find(cuff.address))
            # On a slow link the cuff is gone before its services are discovered: connecting fails, nothing is lost.
            with suppress(BleakError):
                await client.connect()
            await until(lambda: not cuff.linked and not client.is_connected)
            await client.disconnect()
            assert [value for _path, value in keeper.values] == PRESSURES
            assert bluetooth.lost(cuff.address) == 0

    run(main())


def test_an_early_sender_that_was_unsubscribed_waits_to_be_asked(radio: MakeRadio) -> None:
    async def main() -> None:
        cuff = Cuff(habits=EARLY, needs_bond=True)
        async with virtual_bluetooth([cuff], radio=radio) as bluetooth, dbus_client() as installer:
            await installer.register_agent()
            cuff.measure(PRESSURES[0])
            async with BleakClient(await find(cuff.address), pair=True) as client:
                got = await subscribe(client, PRESSURE_MEASUREMENT)
                await until(lambda: got)
                await client.stop_notify(PRESSURE_MEASUREMENT)
            await until(lambda: not cuff.linked)
            cuff.measure(*PRESSURES)
            async with BleakClient(await find(cuff.address)) as client:
                again = await subscribe(client, PRESSURE_MEASUREMENT)
                await until(lambda: again == PRESSURES)
            assert bluetooth.lost(cuff.address) == 0

    run(main())


def test_a_device_nobody_subscribes_to_hangs_up_and_keeps_its_values(radio: MakeRadio) -> None:
    async def main() -> None:
        scale = Scale(habits=Habits(interval=0.02, idle=0.3))
        async with virtual_bluetooth([scale], radio=radio):
            scale.measure(frames.weight(80))
            async with BleakClient(await find(scale.address)) as client:
                await until(lambda: not client.is_connected)
            assert scale.pending == 1
            assert scale.confirmed == []

    run(main())


def test_a_device_that_lies_still_is_told_of_again_only_where_that_is_asked_for(radio: MakeRadio) -> None:
    async def main() -> None:
        scale = Scale(habits=PATIENT)
        async with virtual_bluetooth([scale], radio=radio):
            scale.measure(frames.weight(80))
            began = asyncio.get_running_loop().time()
            assert await times_told(20, 10.0, EACH_TIME) == 20
            enough = 2 * (asyncio.get_running_loop().time() - began)
            assert await times_told(20, enough, BlueZScannerArgs()) < 10

    run(main())


async def times_told(most: int, within: float, bluez: BlueZScannerArgs) -> int:
    """How often bleak tells of any device, `most` times at most."""
    told = asyncio.Semaphore(0)
    async with BleakScanner(lambda _device, _data: told.release(), bluez=bluez):
        for number in range(most):
            try:
                await asyncio.wait_for(told.acquire(), within)
            except TimeoutError:
                return number
    return most


@pytest.mark.parametrize(("flags", "found"), [(b"\x06", True), (b"\x04", False)], ids=["it fits", "it does not"])
def test_passive_scanning_finds_a_device_by_pattern(radio: MakeRadio, flags: bytes, found: bool) -> None:
    async def main() -> None:
        scale, heard = Scale(habits=PATIENT), asyncio.Event()
        async with virtual_bluetooth([scale], radio=radio):
            scale.measure(frames.weight(80))
            async with BleakScanner(
                lambda _device, _data: heard.set(),
                scanning_mode="passive",
                bluez={"or_patterns": [(0, AdvertisementDataType.FLAGS, flags)]},
            ):
                with suppress(TimeoutError):
                    await asyncio.wait_for(heard.wait(), 10.0 if found else 1.0)
            assert heard.is_set() == found

    run(main())


def test_services_keep_their_places_from_one_connection_to_the_next(radio: MakeRadio) -> None:
    async def main() -> None:
        scale = Scale(habits=PATIENT)
        async with virtual_bluetooth([scale], radio=radio), dbus_client() as other:
            scale.measure(frames.weight(80))
            places = []
            for _ in range(2):
                async with BleakClient(await find(scale.address)) as client:
                    assert client.services.get_characteristic(full(0x2A9D)) is not None
                    places.append(await other.characteristics(WEIGHT_MEASUREMENT))
                await until(lambda: not scale.linked)
            assert places[0] == places[1] == await other.characteristics(WEIGHT_MEASUREMENT)

    run(main())
