"""What a contact does besides taking values: clock, facts and conversation, none of which may cost a reading."""

from collections.abc import Generator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from drivers.api import (
    Await,
    Characteristic,
    ClockRead,
    DecodeError,
    Done,
    Info,
    Read,
    Refused,
    Reply,
    Step,
    TalkContext,
    TimedOut,
    Value,
    Write,
)
from drivers.ble.blood_pressure import DRIVER as PRESSURE
from drivers.ble.device_time import CURRENT_TIME
from drivers.ble.pulse_oximeter import spot_check
from drivers.ble.racp import RACP as RECORD_ACCESS
from gateway.simulator import frames
from gateway.simulator.ble_devices import (
    CONTINUOUS,
    PRESSURE_MEASUREMENT,
    SPOT_CHECK,
    Cuff,
    Oximeter,
)
from gateway.simulator.bluez.radio import AttError
from gateway.simulator.peripheral import ALWAYS, MODEL, Habits, local_now
from gateway.transport.ble.radio import BleDevice
from tests.aio import run, until
from tests.bus.listed_devices import HABITS, QUICK, Witness, driver_of, listed, running
from tests.bus.virtual_home import virtual_bluetooth

pytestmark = pytest.mark.bus

SPOT = frames.spot_check(97, 61)
PRESSURES = [frames.blood_pressure(120 + n, 80, 93) for n in range(3)]
WEIGHT = frames.weight("81.35")


# --- the device's clock -----------------------------------------------------------------------------------------------


def test_the_clock_is_told_as_it_was_before_it_was_set() -> None:
    """Readings carry the old time: its error must be known although the clock is put right."""

    async def main() -> None:
        cuff, witness = Cuff(habits=HABITS), Witness()
        cuff.skew = timedelta(minutes=-7)
        driver = {"set_clock": "before-subscribing", "clocks": (CURRENT_TIME,)}
        async with virtual_bluetooth([cuff]), running([listed(cuff, witness, **driver)], local_time=local_now):
            cuff.measure(PRESSURES[0])
            await until(lambda: witness.reasons)
        told = witness.of("clock")[0]
        assert isinstance(told, datetime)
        assert abs(local_now() + timedelta(minutes=-7) - told) < timedelta(seconds=10)
        assert abs(cuff.skew) < timedelta(seconds=3)

    run(main())


@pytest.mark.parametrize(
    ("rule", "trusted", "skew", "set_"),
    [
        ("after-values", True, timedelta(minutes=7), True),
        ("after-values", True, timedelta(seconds=2), False),
        ("after-values", False, timedelta(minutes=7), False),
        ("never", True, timedelta(minutes=7), False),
    ],
    ids=["wrong", "right enough", "hub not trusted", "driver says never"],
)
def test_a_clock_is_set_only_where_it_is_wrong_and_the_hub_knows(
    rule: str, trusted: bool, skew: timedelta, set_: bool
) -> None:
    async def main() -> None:
        cuff, witness = Cuff(habits=Habits(interval=0.02, linger=0.5)), Witness()
        cuff.skew = skew
        local_time = local_now if trusted else lambda: None
        async with virtual_bluetooth([cuff]), running([listed(cuff, witness, set_clock=rule)], local_time=local_time):
            cuff.measure(PRESSURES[0])
            await until(lambda: witness.reasons)
        assert (abs(cuff.skew) < timedelta(seconds=3)) == (set_ or skew < timedelta(seconds=3))
        assert (cuff.skew == skew) != set_

    run(main())


def test_a_device_without_a_clock_is_told_so_once() -> None:
    async def main() -> None:
        cuff, witness = Cuff(habits=HABITS), Witness()
        async with virtual_bluetooth([cuff]), running([listed(cuff, witness, clocks=())]):
            cuff.measure(PRESSURES[0])
            await until(lambda: witness.reasons)
        assert witness.of("clock") == [None]

    run(main())


class StubbornClock(Cuff):
    """Shows a wrong time and will not have it changed."""

    def write(self, uuid: str, data: bytes) -> None:
        raise AttError(0x80)


@pytest.mark.parametrize("rule", ["before-subscribing", "after-values"])
def test_a_clock_that_cannot_be_set_costs_no_reading(rule: str) -> None:
    async def main() -> None:
        cuff, witness = StubbornClock(habits=Habits(interval=0.02, linger=0.5)), Witness()
        cuff.skew = timedelta(minutes=7)
        entry = BleDevice(cuff.address, replace(PRESSURE, set_clock=rule), witness)  # type: ignore[arg-type]
        async with virtual_bluetooth([cuff]) as bluetooth, running([entry], local_time=local_now):
            cuff.measure(PRESSURES[0])
            await until(lambda: witness.reasons)
            assert bluetooth.called("WriteValue") == 1
        assert witness.values == PRESSURES[:1]
        assert witness.reasons == [None]

    run(main())


def test_a_clock_that_cannot_be_read_costs_no_reading() -> None:
    async def main() -> None:
        cuff, witness = Cuff(habits=HABITS), Witness()
        cuff.refuse(CURRENT_TIME.uuid, 0x80, 0x80)
        async with virtual_bluetooth([cuff]), running([listed(cuff, witness)], local_time=local_now):
            cuff.measure(PRESSURES[0])
            await until(lambda: witness.reasons)
        assert witness.of("clock") == [None]
        assert witness.values == PRESSURES[:1]
        assert witness.reasons == [None]

    run(main())


# --- facts ------------------------------------------------------------------------------------------------------------


def test_facts_are_read_once_a_day_and_after_the_subscription() -> None:
    async def main() -> None:
        cuff, witness = Cuff(habits=Habits(interval=0.02, linger=0.5), model="BP-7", battery=63), Witness()
        async with virtual_bluetooth([cuff]) as bluetooth, running([listed(cuff, witness, clocks=())]):
            cuff.measure(PRESSURES[0])
            await until(lambda: witness.reasons)
            assert witness.known["model"] == "BP-7"
            assert witness.known["battery"] == 63
            assert isinstance(witness.known["rssi"], int)
            read = bluetooth.called("ReadValue")
            assert read > 0
            cuff.measure(PRESSURES[1])
            await until(lambda: len(witness.reasons) == 2)
            assert bluetooth.called("ReadValue") == read

    run(main())


def test_facts_are_read_though_nothing_is_measured() -> None:
    async def main() -> None:
        cuff, witness = Cuff(habits=Habits(interval=0.02, awake=ALWAYS), model="BP-7"), Witness()
        async with virtual_bluetooth([cuff]), running([listed(cuff, witness, quiet_s=0.3)]):
            await until(lambda: witness.reasons)
        assert witness.known["model"] == "BP-7"
        assert witness.values == []

    run(main())


def test_old_facts_are_read_again_after_a_value_only() -> None:
    async def main() -> None:
        cuff, witness = Cuff(habits=Habits(interval=0.02, linger=0.5, awake=ALWAYS)), Witness()
        limits = replace(QUICK, facts_age_s=0.0)
        async with virtual_bluetooth([cuff]) as bluetooth, running([listed(cuff, witness, clocks=())], limits):
            cuff.measure(PRESSURES[0])
            await until(lambda: witness.reasons)
            first = bluetooth.called("ReadValue")
            await until(lambda: bluetooth.called("StartNotify") == 2)
            cuff.measure(PRESSURES[1])
            await until(lambda: bluetooth.called("ReadValue") > first)
            calls = [member for member, _ in bluetooth.calls]
        assert witness.values == PRESSURES[:2]
        assert calls.index("ReadValue", len(calls) - calls[::-1].index("StartNotify")) > 0

    run(main())


def test_facts_that_do_not_decode_harm_nothing() -> None:
    async def main() -> None:
        cuff, witness = Cuff(habits=Habits(interval=0.02, linger=0.3)), Witness()
        bad = Info(CURRENT_TIME.uuid, listed(cuff, witness).driver.info[0].decode)
        async with virtual_bluetooth([cuff]), running([listed(cuff, witness, info=(bad,))]):
            cuff.refuse(CURRENT_TIME.uuid, 0x80, 0x80)
            cuff.measure(*PRESSURES)
            await until(lambda: witness.reasons)
        assert witness.values == PRESSURES
        assert witness.reasons == [None]

    run(main())


# --- conversations ----------------------------------------------------------------------------------------------------


def test_a_conversation_reads_writes_waits_and_is_refused_over_the_link() -> None:
    replies: list[Reply] = []

    def talk(context: TalkContext) -> Generator[Step, Reply, None]:
        assert context.cursor == 41
        assert context.options == {"user": 2}
        replies.append((yield Read(MODEL)))
        replies.append((yield Write(MODEL, b"x")))
        replies.append((yield Read("00000000-0000-0000-0000-000000000000")))
        replies.append((yield Await(0.05)))
        replies.append((yield ClockRead(datetime(2026, 1, 12, 7, 41))))  # noqa: DTZ001 - a device's time has no zone

    async def main() -> None:
        habits = Habits(interval=0.02, linger=1.0)
        oximeter, witness = Oximeter(habits=habits, model="OX-1"), Witness(record=41)
        only = (Characteristic(SPOT_CHECK, spot_check),)
        driver = replace(driver_of(oximeter), talk=talk, clocks=(), characteristics=only)
        entry = BleDevice(oximeter.address, driver, witness, {"user": 2})
        async with virtual_bluetooth([oximeter]), running([entry]):
            oximeter.measure(SPOT)
            await until(lambda: witness.reasons)
        assert replies == [Value(MODEL, b"OX-1"), Refused(3), Refused(None), TimedOut(), Done()]
        assert witness.of("clock") == [datetime(2026, 1, 12, 7, 41)]  # noqa: DTZ001
        assert witness.reasons == [None]

    run(main())


def test_values_still_come_when_the_conversation_went_wrong() -> None:
    def talk(_context: TalkContext) -> Generator[Step, Reply, None]:
        yield Await(0.05)
        raise DecodeError("bad-answer", 0, "not what was asked for")

    async def main() -> None:
        oximeter, witness = Oximeter(habits=HABITS), Witness()
        async with virtual_bluetooth([oximeter]), running([listed(oximeter, witness, talk=talk)]):
            oximeter.measure(SPOT)
            await until(lambda: witness.reasons)
        assert witness.values == [SPOT]
        assert witness.reasons == ["conversation-failed"]

    run(main())


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_characteristic_that_may_be_missing_may_be_refused_too() -> None:
    async def main() -> None:
        oximeter, witness = Oximeter(habits=HABITS), Witness()
        oximeter.refuse(CONTINUOUS, 0x80)
        async with virtual_bluetooth([oximeter]), running([listed(oximeter, witness)]):
            oximeter.measure(SPOT)
            await until(lambda: witness.reasons)
        assert witness.values == [SPOT]
        assert witness.reasons == [None]

    run(main())


@pytest.mark.parametrize("device", [Cuff, Oximeter])
def test_a_device_that_refuses_every_subscription_is_named_and_tried_again(device: type[Cuff | Oximeter]) -> None:
    async def main() -> None:
        virtual, witness = device(habits=HABITS), Witness()
        for uuid in (PRESSURE_MEASUREMENT, SPOT_CHECK, CONTINUOUS, RECORD_ACCESS):
            virtual.refuse(uuid, 0x80)
        sent = PRESSURES[0] if device is Cuff else SPOT
        async with virtual_bluetooth([virtual]), running([listed(virtual, witness)]):
            virtual.measure(sent)
            await until(lambda: len(witness.reasons) == 2)
        assert witness.reasons == ["ble-refused", None]
        assert witness.values == [sent]

    run(main())
