"""The further virtual devices, each with something it should not do, over both radios."""

from collections.abc import Callable, Iterable
from datetime import datetime

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakGATTProtocolError

from gateway.simulator import frames
from gateway.simulator.ble_devices import PRESSURE_MEASUREMENT, SPOT_CHECK, WEIGHT_MEASUREMENT, Cuff, Oximeter, Scale
from gateway.simulator.ble_more_devices import (
    BODY_COMPOSITION,
    GENDER,
    GLUCOSE,
    GLUCOSE_CONTEXT,
    HEART_RATE,
    INTERMEDIATE_TEMPERATURE,
    TEMPERATURE,
    USER_CONTROL,
    BodyScale,
    GlucoseMeter,
    HeartRateStrap,
    Thermometer,
)
from gateway.simulator.bluez.core import Timing
from gateway.simulator.bluez.radio import Peripheral, Radio
from gateway.simulator.broadcaster import WEIGHT_SCALE, MiScale
from gateway.simulator.peripheral import Habits
from gateway.simulator.record_device import BUSY, RECORD_ACCESS
from tests.aio import run, until
from tests.bus.virtual_home import find, subscribe, virtual_bluetooth

pytestmark = pytest.mark.bus

MakeRadio = Callable[[Iterable[Peripheral]], Radio]
QUICK = Habits(interval=0.02, linger=0.1)
PATIENT = Habits(interval=0.02, linger=None)
NOON = datetime(2026, 3, 1, 12, 0, 0)  # noqa: DTZ001 (a device's clock has no zone)


def test_a_thermometer_gives_values_on_the_way_and_then_the_measurement(radio: MakeRadio) -> None:
    async def main() -> None:
        thermometer = Thermometer(habits=QUICK)
        async with virtual_bluetooth([thermometer], radio=radio):
            thermometer.rise(frames.temperature("36.1"), frames.temperature("36.8"))
            thermometer.measure(frames.temperature("37.0", NOON, site=9))
            async with BleakClient(await find(thermometer.address)) as client:
                final = await subscribe(client, TEMPERATURE)
                rising = await subscribe(client, INTERMEDIATE_TEMPERATURE)
                await until(lambda: not client.is_connected)
            assert rising == [frames.temperature("36.1"), frames.temperature("36.8")]
            assert final == [frames.temperature("37.0", NOON, site=9)]

    run(main())


def test_a_heart_rate_strap_that_lost_contact_says_so_in_its_stream(radio: MakeRadio) -> None:
    async def main() -> None:
        strap = HeartRateStrap(habits=QUICK)
        beats = [frames.heart_rate(62, contact=True, intervals=(990, 1010)), frames.heart_rate(0, contact=False)]
        async with virtual_bluetooth([strap], radio=radio):
            strap.measure(*beats)
            async with BleakClient(await find(strap.address)) as client:
                got = await subscribe(client, HEART_RATE)
                await until(lambda: not client.is_connected)
            assert got == beats

    run(main())


async def ask_glucose(client: BleakClient, *requests: bytes) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Measurements, contexts and answers to the requests, one after the other."""
    values = await subscribe(client, GLUCOSE)
    contexts = await subscribe(client, GLUCOSE_CONTEXT)
    answers = await subscribe(client, RECORD_ACCESS)
    for number, request in enumerate(requests, start=1):
        await client.write_gatt_char(RECORD_ACCESS, request, response=True)
        await until(lambda: len(answers) == number)  # noqa: B023 (awaited inside the loop)
    return values, contexts, answers


def test_a_glucose_meter_reports_from_a_sequence_number_on_with_contexts(radio: MakeRadio) -> None:
    async def main() -> None:
        meter = GlucoseMeter(habits=PATIENT)
        drops = [frames.glucose(n, NOON, "5.5", offset=-60, context=n == 2) for n in range(3)]
        async with virtual_bluetooth([meter], radio=radio):
            meter.measure(drops[0])
            meter.measure(drops[1])
            meter.measure(drops[2], frames.glucose_context(2, meal=1))
            async with BleakClient(await find(meter.address)) as client:
                since_1, everything_after = b"\x01\x03\x01\x01\x00", b"\x01\x03\x01\x03\x00"
                values, contexts, answers = await ask_glucose(client, since_1, everything_after)
            assert values == drops[1:]
            assert contexts == [frames.glucose_context(2, meal=1)]
            assert answers == [b"\x06\x00\x01\x01", b"\x06\x00\x01\x06"]
            assert meter.records == drops

    run(main())


def test_a_glucose_meter_counts_its_records_and_is_busy_at_times(radio: MakeRadio) -> None:
    async def main() -> None:
        meter = GlucoseMeter(habits=PATIENT)
        async with virtual_bluetooth([meter], radio=radio):
            meter.measure(frames.glucose(7, NOON, "6.1"))
            async with BleakClient(await find(meter.address)) as client:
                _values, _contexts, answers = await ask_glucose(client, b"\x04\x01")
                meter.refuse(RECORD_ACCESS, BUSY)
                with pytest.raises(BleakGATTProtocolError) as busy:
                    await client.write_gatt_char(RECORD_ACCESS, b"\x01\x01", response=True)
                assert busy.value.code == BUSY
            assert answers == [b"\x05\x00\x01\x00"]

    run(main())


def test_a_silent_meter_takes_a_request_and_never_answers(radio: MakeRadio) -> None:
    async def main() -> None:
        meter = GlucoseMeter(habits=Habits(interval=0.02, linger=0.2, idle=0.5))
        meter.silent = True
        async with virtual_bluetooth([meter], radio=radio):
            meter.measure(frames.glucose(7, NOON, "6.1"))
            async with BleakClient(await find(meter.address)) as client:
                values = await subscribe(client, GLUCOSE)
                answers = await subscribe(client, RECORD_ACCESS)
                await client.write_gatt_char(RECORD_ACCESS, b"\x01\x01", response=True)
                await until(lambda: not client.is_connected)
            assert values == answers == []
            assert meter.has_news

    run(main())


def test_a_body_scale_says_nothing_until_a_user_has_consented(radio: MakeRadio) -> None:
    async def main() -> None:
        scale = BodyScale(habits=QUICK)
        scale.users = {1: 1234}
        weight = frames.weight("71.5", NOON, user=1)
        parts = [frames.body_composition("22.1", NOON, user=1, part=True), frames.body_composition("22.1", ohms="452")]
        async with virtual_bluetooth([scale], radio=radio):
            scale.measure(weight, *parts)
            async with BleakClient(await find(scale.address)) as client:
                answers = await subscribe(client, USER_CONTROL)
                weights = await subscribe(client, WEIGHT_MEASUREMENT)
                compositions = await subscribe(client, BODY_COMPOSITION)
                await client.write_gatt_char(USER_CONTROL, b"\x02\x01\x00\x00", response=True)
                await until(lambda: answers == [b"\x20\x02\x05"])
                assert weights == []
                await client.write_gatt_char(GENDER, b"\x01", response=True)
                await client.write_gatt_char(USER_CONTROL, b"\x02\x01" + (1234).to_bytes(2, "little"), response=True)
                await until(lambda: not client.is_connected)
            assert answers[1] == b"\x20\x02\x01"
            assert weights == [weight]
            assert compositions == parts
            assert scale.values[GENDER] == b"\x01"

    run(main())


def test_a_body_scale_registers_a_new_user(radio: MakeRadio) -> None:
    async def main() -> None:
        scale = BodyScale(habits=PATIENT)
        async with virtual_bluetooth([scale], radio=radio):
            scale.measure(frames.weight(70))
            async with BleakClient(await find(scale.address)) as client:
                answers = await subscribe(client, USER_CONTROL)
                await client.write_gatt_char(USER_CONTROL, b"\x01\x0b\x00", response=True)
                await until(lambda: answers == [b"\x20\x01\x01\x01"])
            assert scale.users == {1: 11}

    run(main())


def test_a_broadcasting_scale_is_heard_but_cannot_be_connected_to(radio: MakeRadio) -> None:
    async def main() -> None:
        scale = MiScale(habits=Habits(interval=0.02))
        shown = [frames.mi_scale("70.1", NOON, stable=False), frames.mi_scale("70.25", NOON)]
        heard: list[bytes] = []

        def note(_device: BLEDevice, data: AdvertisementData) -> None:
            payload = data.service_data.get(WEIGHT_SCALE)
            if payload is not None and payload not in heard:
                heard.append(payload)

        async with virtual_bluetooth([scale], Timing(connect=0.3), radio=radio):
            scale.broadcast(*shown)
            async with BleakScanner(note):
                await until(lambda: heard == shown)
            client = BleakClient(await find(scale.address), timeout=0.5)
            with pytest.raises(TimeoutError):
                await client.connect()

    run(main())


def test_a_cuff_that_never_forgets_gives_everything_again(radio: MakeRadio) -> None:
    async def main() -> None:
        cuff = Cuff(habits=QUICK, keeps_memory=True)
        first, second = frames.blood_pressure(130, 85, when=NOON), frames.blood_pressure(125, 80, when=NOON)
        got: list[list[bytes]] = []
        async with virtual_bluetooth([cuff], radio=radio):
            for frame in (first, second):
                cuff.measure(frame)
                async with BleakClient(await find(cuff.address)) as client:
                    got.append(await subscribe(client, PRESSURE_MEASUREMENT))
                    await until(lambda: not client.is_connected)
        assert got == [[first], [first, second]]

    run(main())


def test_a_device_that_hangs_up_midway_gives_the_rest_next_time(radio: MakeRadio) -> None:
    async def main() -> None:
        scale = Scale(habits=Habits(interval=0.02, linger=0.1, hang_up_after=2))
        weights = [frames.weight(kilograms) for kilograms in (70, 71, 72)]
        got: list[bytes] = []
        async with virtual_bluetooth([scale], radio=radio):
            scale.measure(*weights)
            for _ in range(2):
                async with BleakClient(await find(scale.address)) as client:
                    values = await subscribe(client, WEIGHT_MEASUREMENT)
                    await until(lambda: not client.is_connected)
                got += values
            assert got == weights == scale.confirmed

    run(main())


def test_a_stuttering_oximeter_sends_each_value_more_than_once(radio: MakeRadio) -> None:
    async def main() -> None:
        oximeter = Oximeter(habits=Habits(interval=0.02, linger=0.1, repeats=3))
        async with virtual_bluetooth([oximeter], radio=radio):
            oximeter.measure(frames.spot_check(96, 70, NOON))
            async with BleakClient(await find(oximeter.address)) as client:
                got = await subscribe(client, SPOT_CHECK)
                await until(lambda: not client.is_connected)
            assert got == 3 * [frames.spot_check(96, 70, NOON)]

    run(main())
