"""BlueZ's edges, as the real bleak meets them: what is refused, dropped, forgotten, and how it recovers."""

import asyncio
import os
import subprocess
import sys

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakDBusError, BleakError
from dbus_fast import DBusError, Variant

from gateway.simulator import frames
from gateway.simulator.ble_devices import PRESSURE_MEASUREMENT, WEIGHT_MEASUREMENT, Cuff, Scale
from gateway.simulator.bluez.core import Timing
from gateway.simulator.bluez.names import ADAPTER, DEVICE, GATT_CHARACTERISTIC
from gateway.simulator.bluez.scripted import ScriptedRadio
from gateway.simulator.peripheral import ALWAYS, MODEL, Habits
from tests.aio import run, until
from tests.bus.dbus_client import dbus_client
from tests.bus.virtual_home import EACH_TIME, find, hear, subscribe, virtual_bluetooth

pytestmark = pytest.mark.bus

QUICK = Habits(interval=0.02, linger=0.1)
PATIENT = Habits(interval=0.02, linger=None)
ADAPTER_PATH = "/org/bluez/hci0"
WEIGHT = frames.weight(80)


def new_scale(habits: Habits = QUICK) -> Scale:
    """A scale somebody has stepped on."""
    scale = Scale(habits=habits)
    scale.queue(WEIGHT_MEASUREMENT, WEIGHT)
    return scale


async def collect(scale: Scale) -> list[bytes]:
    """Scans, connects and takes what comes until the scale hangs up."""
    async with BleakClient(await find(scale.address)) as client:
        got = await subscribe(client, WEIGHT_MEASUREMENT)
        await until(lambda: not client.is_connected)
    return got


async def find_again(address: str) -> None:
    """Finds the device as soon as bleak has heard that the adapter is back."""
    async with asyncio.timeout(5):
        while True:
            try:
                await find(address)
            except BleakBluetoothNotAvailableError:
                await asyncio.sleep(0.01)
            else:
                return


def test_a_link_aborted_twice_is_made_by_bleak_itself() -> None:
    async def main() -> None:
        scale = new_scale()
        async with virtual_bluetooth([scale]) as bluetooth:
            bluetooth.faults.abort_by_local = 2
            assert await collect(scale) == [WEIGHT]
            assert bluetooth.called("Connect") == 3

    run(main())


def test_a_connect_that_is_in_progress_is_refused_and_works_later() -> None:
    async def main() -> None:
        scale = new_scale()
        async with virtual_bluetooth([scale]) as bluetooth:
            bluetooth.faults.connect_in_progress = 1
            with pytest.raises(BleakDBusError) as refused:
                await BleakClient(await find(scale.address)).connect()
            assert refused.value.dbus_error == "org.bluez.Error.InProgress"
            assert await collect(scale) == [WEIGHT]

    run(main())


def test_a_hanging_connect_ends_with_bleaks_own_timeout_and_is_cancelled() -> None:
    async def main() -> None:
        scale = new_scale()
        async with virtual_bluetooth([scale]) as bluetooth:
            bluetooth.faults.connect_hang = 1
            with pytest.raises(TimeoutError):
                await BleakClient(await find(scale.address), timeout=0.3).connect()
            assert bluetooth.called("Disconnect") == 1
            assert await collect(scale) == [WEIGHT]

    run(main())


def test_an_unbonded_device_is_forgotten_some_time_after_it_was_last_seen() -> None:
    async def main() -> None:
        scale = Scale(habits=Habits(interval=0.02, awake=0.1))
        async with virtual_bluetooth([scale], Timing(temporary=0.3)) as bluetooth:
            scale.measure(WEIGHT)
            device = await find(scale.address)
            path = device.details["path"]
            async with dbus_client() as other:
                assert path in await other.objects()
                await until(lambda: not bluetooth.knows(scale.address))
                assert path not in await other.objects()
                with pytest.raises(DBusError) as gone:
                    await other.call(path, DEVICE, "Connect")
                assert gone.value.type == "org.freedesktop.DBus.Error.UnknownObject"
            with pytest.raises(BleakError, match="not found"):
                await BleakClient(device, timeout=2).connect()
            assert not bluetooth.connected(scale.address)

    run(main())


def test_a_link_lost_in_discovery_fails_the_connect() -> None:
    async def main() -> None:
        scale = new_scale()
        async with virtual_bluetooth([scale]) as bluetooth:
            bluetooth.faults.drop_in_discovery = 1
            with pytest.raises(BleakError, match="failed to discover services"):
                await BleakClient(await find(scale.address)).connect()
            assert await collect(scale) == [WEIGHT]

    run(main())


def test_a_read_in_progress_is_repeated_by_bleak() -> None:
    async def main() -> None:
        scale = new_scale(PATIENT)
        async with virtual_bluetooth([scale]) as bluetooth:
            bluetooth.faults.read_in_progress = 3
            async with BleakClient(await find(scale.address)) as client:
                assert await client.read_gatt_char(MODEL)
            assert bluetooth.called("ReadValue") == 4

    run(main())


def test_a_refused_stop_of_discovery_is_recovered_by_bleak() -> None:
    async def main() -> None:
        scale = new_scale()
        async with virtual_bluetooth([scale]) as bluetooth:
            bluetooth.faults.stop_in_progress = 1
            await find(scale.address)
            assert bluetooth.called("StopDiscovery") == 2
            assert await collect(scale) == [WEIGHT]

    run(main())


def test_a_subscription_that_hangs_can_be_given_up() -> None:
    async def main() -> None:
        scale = new_scale()
        async with virtual_bluetooth([scale]) as bluetooth:
            bluetooth.faults.notify_hang = 1
            async with BleakClient(await find(scale.address)) as client:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(subscribe(client, WEIGHT_MEASUREMENT), 0.2)
            assert await collect(scale) == [WEIGHT]

    run(main())


def test_switching_the_adapter_off_ends_links_and_refuses_scans() -> None:
    async def main() -> None:
        scale = new_scale(PATIENT)
        async with virtual_bluetooth([scale]) as bluetooth:
            gone = asyncio.Event()
            async with BleakClient(await find(scale.address), lambda _client: gone.set()):
                async with dbus_client() as other:
                    await other.set_property(ADAPTER_PATH, ADAPTER, "Powered", Variant("b", False))
                await gone.wait()
            with pytest.raises(BleakBluetoothNotAvailableError):
                await find(scale.address)
            await bluetooth.power(True)
            await find_again(scale.address)

    run(main())


def test_a_scanner_is_deaf_without_a_word_after_the_adapter_was_off_and_on() -> None:
    async def main() -> None:
        scale = new_scale(PATIENT)
        async with virtual_bluetooth([scale]) as bluetooth:
            heard: list[str] = []
            scanner = BleakScanner(lambda device, _data: heard.append(device.address), bluez=EACH_TIME)
            await scanner.start()
            await until(lambda: heard)
            await bluetooth.power(False)
            await bluetooth.power(True)
            await asyncio.sleep(0.1)
            heard.clear()
            await asyncio.sleep(0.2)
            assert heard == []
            with pytest.raises(BleakDBusError, match="No discovery started"):
                await scanner.stop()
            await find_again(scale.address)

    run(main())


def test_a_deaf_adapter_hears_again_when_it_was_off_and_on() -> None:
    async def main() -> None:
        scale = new_scale(PATIENT)
        async with virtual_bluetooth([scale]) as bluetooth:
            bluetooth.faults.deaf = 1
            assert await hear(scale.address, 0.2) is None
            await bluetooth.power(False)
            await bluetooth.power(True)
            await find_again(scale.address)

    run(main())


def test_nothing_is_heard_while_a_link_is_being_made() -> None:
    async def main() -> None:
        scale, other = new_scale(PATIENT), Scale("Other", "C0:00:00:00:00:99", habits=PATIENT)
        async with virtual_bluetooth([scale, other]) as bluetooth:
            device = await find(scale.address)
            bluetooth.faults.connect_hang = 1
            connecting = asyncio.ensure_future(BleakClient(device, timeout=1).connect())
            await until(lambda: bluetooth.called("Connect"))
            other.measure(WEIGHT)
            assert await hear(other.address, 0.3) is None
            with pytest.raises(TimeoutError):
                await connecting
            await find(other.address)

    run(main())


@pytest.mark.parametrize("crash", [False, True], ids=["restart", "crash"])
def test_a_restart_of_bluetoothd_ends_links_and_forgets_services_but_no_bond(crash: bool) -> None:
    async def main() -> None:
        cuff = Cuff(habits=PATIENT, needs_bond=True)
        cuff.measure(frames.blood_pressure(120, 80))
        async with virtual_bluetooth([cuff]) as bluetooth, dbus_client() as other:
            await other.register_agent()
            gone = asyncio.Event()
            async with BleakClient(await find(cuff.address), lambda _client: gone.set(), pair=True) as client:
                await subscribe(client, PRESSURE_MEASUREMENT)
                (path,) = await other.characteristics(PRESSURE_MEASUREMENT)
                await bluetooth.restart(crash=crash)
                await gone.wait()
            objects = await other.objects()
            device = path.split("/service", maxsplit=1)[0]
            assert objects[device][DEVICE]["Paired"] is True
            assert await other.characteristics(PRESSURE_MEASUREMENT) == []
            with pytest.raises(DBusError) as unknown:
                await other.call(path, GATT_CHARACTERISTIC, "StartNotify")
            assert unknown.value.type == "org.freedesktop.DBus.Error.UnknownObject"
            await other.register_agent()
            cuff.measure(frames.blood_pressure(121, 80))
            async with BleakClient(await find(cuff.address)) as client:
                got = await subscribe(client, PRESSURE_MEASUREMENT)
                await until(lambda: got)
            assert bluetooth.called("Pair") == 1

    run(main())


def test_an_adapter_that_is_unplugged_takes_everything_but_bonds_and_agents_with_it() -> None:
    async def main() -> None:
        cuff = Cuff(habits=PATIENT, needs_bond=True)
        cuff.measure(frames.blood_pressure(120, 80))
        async with virtual_bluetooth([cuff]) as bluetooth, dbus_client() as other:
            await other.register_agent()
            async with BleakClient(await find(cuff.address), pair=True) as client:
                await bluetooth.unplug()
                await until(lambda: not client.is_connected)
            assert ADAPTER_PATH not in await other.objects()
            with pytest.raises(BleakBluetoothNotAvailableError):
                await find(cuff.address)
            bluetooth.plug_in()
            await find_again(cuff.address)
            (device,) = [p for p, interfaces in (await other.objects()).items() if DEVICE in interfaces]
            about = (await other.objects())[device][DEVICE]
            assert about["Paired"] is True
            assert about["Trusted"] is True
            async with BleakClient(await find(cuff.address)) as client:
                got = await subscribe(client, PRESSURE_MEASUREMENT)
                await until(lambda: got)
            assert bluetooth.called("Pair") == 1

    run(main())


def test_start_notify_is_accepted_while_away_and_a_repeat_is_in_progress() -> None:
    async def main() -> None:
        scale = new_scale()
        async with virtual_bluetooth([scale]), dbus_client() as other:
            await collect(scale)
            await until(lambda: not scale.linked)
            (path,) = await other.characteristics(WEIGHT_MEASUREMENT)
            await other.call(path, GATT_CHARACTERISTIC, "StartNotify")
            with pytest.raises(DBusError) as repeat:
                await other.call(path, GATT_CHARACTERISTIC, "StartNotify")
            assert repeat.value.type == "org.bluez.Error.InProgress"

    run(main())


def test_a_value_is_signalled_once_for_each_program_that_asked_and_not_at_all_otherwise() -> None:
    async def main() -> None:
        scale = new_scale(PATIENT)
        async with virtual_bluetooth([scale]) as bluetooth, dbus_client() as first, dbus_client() as second:
            await first.listen()
            async with BleakClient(await find(scale.address)):
                (path,) = await first.characteristics(WEIGHT_MEASUREMENT)
                await first.call(path, GATT_CHARACTERISTIC, "StartNotify")
                await until(lambda: first.values == [(path, WEIGHT)])
                await second.call(path, GATT_CHARACTERISTIC, "StartNotify")
                scale.measure(WEIGHT)
                await until(lambda: first.values == 3 * [(path, WEIGHT)])
            assert bluetooth.lost(scale.address) == 0

    run(main())


def test_a_session_ends_with_its_program_and_values_are_then_lost() -> None:
    async def main() -> None:
        cuff = Cuff(habits=Habits(interval=0.02, linger=0.1, early=0.0), needs_bond=True)
        async with virtual_bluetooth([cuff]) as bluetooth:
            async with dbus_client() as keeper:
                await keeper.register_agent()
                cuff.measure(WEIGHT)
                async with BleakClient(await find(cuff.address), pair=True) as client:
                    await subscribe(client, PRESSURE_MEASUREMENT)
                    await until(lambda: not client.is_connected)
                (path,) = await keeper.characteristics(PRESSURE_MEASUREMENT)
                await keeper.call(path, GATT_CHARACTERISTIC, "StartNotify")
            cuff.measure(frames.blood_pressure(120, 80))
            async with BleakClient(await find(cuff.address)) as client:
                await until(lambda: not client.is_connected)
            assert bluetooth.lost(cuff.address) == 1

    run(main())


def test_a_value_whose_confirmation_was_lost_comes_again() -> None:
    async def main() -> None:
        scale = new_scale()
        async with virtual_bluetooth([scale]) as bluetooth:
            assert isinstance(bluetooth.radio, ScriptedRadio)
            bluetooth.radio.cut_before_confirmation = 1
            assert await collect(scale) == [WEIGHT]
            assert scale.confirmed == []
            assert await collect(scale) == [WEIGHT]
            assert scale.confirmed == [WEIGHT]

    run(main())


def test_a_device_out_of_reach_ends_the_link_and_keeps_its_values() -> None:
    async def main() -> None:
        scale = Scale(habits=Habits(interval=0.02, awake=ALWAYS, linger=0.1))
        async with virtual_bluetooth([scale]) as bluetooth:
            assert isinstance(bluetooth.radio, ScriptedRadio)
            async with BleakClient(await find(scale.address)) as client:
                await bluetooth.radio.remove(scale.address)
                await until(lambda: not client.is_connected)
                scale.measure(WEIGHT)
            assert await hear(scale.address, 0.2) is None
            bluetooth.radio.add(scale)
            assert await collect(scale) == [WEIGHT]

    run(main())


def test_removing_a_device_takes_its_bond_and_its_objects() -> None:
    async def main() -> None:
        scale = new_scale(PATIENT)
        async with virtual_bluetooth([scale]) as bluetooth, dbus_client() as other:
            await other.register_agent()
            async with BleakClient(await find(scale.address), pair=True) as client:
                assert bluetooth.radio.bonded(scale.address)
                await client.unpair()
            assert not bluetooth.radio.bonded(scale.address)
            assert await other.characteristics(WEIGHT_MEASUREMENT) == []

    run(main())


_OTHER_PROCESS = """
import asyncio, sys
from bleak import BleakClient, BleakScanner

async def main():
    each_time = {"filters": {"DuplicateData": True}}
    device = await BleakScanner.find_device_by_address(sys.argv[1], timeout=10, bluez=each_time)
    got = asyncio.get_running_loop().create_future()
    async with BleakClient(device) as client:
        await client.start_notify(sys.argv[2], lambda _c, value: got.set_result(bytes(value)))
        print((await got).hex())

asyncio.run(main())
"""


def test_a_program_in_another_process_takes_it_for_the_machines_bluetooth() -> None:
    async def main() -> None:
        scale = new_scale(PATIENT)
        async with virtual_bluetooth([scale]) as bluetooth:
            program = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                _OTHER_PROCESS,
                scale.address,
                WEIGHT_MEASUREMENT,
                env=os.environ | bluetooth.environ,
                stdout=subprocess.PIPE,
            )
            told, _ = await program.communicate()
            assert told.decode().strip() == WEIGHT.hex()

    run(main(), timeout=30)
