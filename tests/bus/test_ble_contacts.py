"""What listed devices send reaches their contacts, in order, and nobody else is touched."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from gateway.simulator import frames
from gateway.simulator.ble_devices import (
    CONTINUOUS,
    PRESSURE_MEASUREMENT,
    SPOT_CHECK,
    Cuff,
    Oximeter,
    Scale,
)
from gateway.simulator.bluez.core import Timing
from gateway.simulator.peripheral import Habits
from tests.aio import run, until
from tests.bus.listed_devices import HABITS, QUICK, Witness, listed, running
from tests.bus.virtual_home import virtual_bluetooth

pytestmark = pytest.mark.bus

SPOT = frames.spot_check(97, 61)
PRESSURES = [frames.blood_pressure(120 + n, 80, 93) for n in range(3)]
WEIGHT = frames.weight("81.35")


@pytest.mark.parametrize(
    ("device", "sent"),
    [(Oximeter, [SPOT]), (Cuff, PRESSURES), (Scale, [WEIGHT])],
    ids=["oximeter", "cuff", "scale"],
)
def test_values_are_told_between_opened_and_closed(device: type[Oximeter | Cuff | Scale], sent: list[bytes]) -> None:
    async def main() -> None:
        virtual, witness = device(habits=HABITS), Witness()
        async with virtual_bluetooth([virtual]) as bluetooth, running([listed(virtual, witness)]) as radio:
            virtual.measure(*sent)
            await until(lambda: witness.reasons)
            assert witness.values == sent
            assert virtual.confirmed == sent
            assert witness.reasons == [None]
            assert [k for k, _ in witness.told if k != "facts"][:1] == ["opened"]
            assert len(witness.of("clock")) == 1
            assert bluetooth.lost(virtual.address) == 0
            assert not bluetooth.connected(virtual.address)
            assert radio.state.code == "ready"
            await until(lambda: radio.state.counters.get("contacts") == 1)
            assert radio.state.connections == 0

    run(main())


def test_the_same_device_is_served_again_and_each_value_once() -> None:
    async def main() -> None:
        cuff, witness = Cuff(habits=Habits(interval=0.02, linger=0.05)), Witness()
        async with virtual_bluetooth([cuff]), running([listed(cuff, witness)]):
            for n, frame in enumerate(PRESSURES, start=1):
                cuff.measure(frame)
                await until(partial(witness.ended, n))
        assert witness.values == PRESSURES

    run(main())


def test_devices_are_left_alone_while_nothing_could_be_kept_and_served_when_it_can() -> None:
    async def main() -> None:
        cuff, witness = Cuff(habits=HABITS), Witness()
        room = False
        async with (
            virtual_bluetooth([cuff]) as bluetooth,
            running([listed(cuff, witness)], may_contact=lambda: room) as radio,
        ):
            cuff.measure(*PRESSURES)
            await until(lambda: radio.state.last_advertisement_s is not None)
            await asyncio.sleep(0.3)
            assert not bluetooth.connected(cuff.address)
            assert witness.of("opened") == []
            room = True
            await until(lambda: witness.reasons)
            assert witness.values == PRESSURES

    run(main())


def test_foreign_devices_cause_no_connection_attempt() -> None:
    async def main() -> None:
        foreign = [Oximeter(address=f"C1:00:00:00:00:{n:02X}", habits=HABITS) for n in range(20)]
        scale, witness = Scale(habits=HABITS), Witness()
        async with virtual_bluetooth([*foreign, scale]) as bluetooth, running([listed(scale, witness)]) as radio:
            for device in foreign:
                device.measure(SPOT)
            await until(lambda: radio.state.last_advertisement_s is not None)
            scale.measure(WEIGHT)
            await until(lambda: witness.reasons)
            connected = {path for member, path in bluetooth.calls if member == "Connect"}
            assert {path[-17:].replace("_", ":") for path in connected} == {scale.address}
            assert all(device.pending == 1 for device in foreign)

    run(main())


def test_addresses_are_compared_whatever_their_case() -> None:
    async def main() -> None:
        scale, witness = Scale(address="C0:AB:CD:00:00:13", habits=HABITS), Witness()
        entry = listed(scale, witness)
        lower = type(entry)(entry.address.lower(), entry.driver, entry.contact)
        async with virtual_bluetooth([scale]), running([lower]):
            scale.measure(WEIGHT)
            await until(lambda: witness.values == [WEIGHT])

    run(main())


def test_two_devices_at_once_are_served_one_after_the_other() -> None:
    async def main() -> None:
        cuff, scale = Cuff(habits=HABITS), Scale(habits=HABITS)
        first, second = Witness(), Witness()
        most = 0
        async with (
            virtual_bluetooth([cuff, scale]) as bluetooth,
            running([listed(cuff, first), listed(scale, second)]),
        ):
            cuff.measure(*PRESSURES)
            scale.measure(WEIGHT)

            def both() -> bool:
                nonlocal most
                most = max(most, sum(bluetooth.connected(d.address) for d in (cuff, scale)))
                return bool(first.reasons and second.reasons)

            await until(both, step=0.001)
        assert (first.values, second.values) == (PRESSURES, [WEIGHT])
        assert most == 1

    run(main())


def test_subscription_comes_before_every_read() -> None:
    async def main() -> None:
        cuff, witness = Cuff(habits=HABITS), Witness()
        async with (
            virtual_bluetooth([cuff]) as bluetooth,
            running([listed(cuff, witness, set_clock="after-values")]),
        ):
            cuff.measure(PRESSURES[0])
            await until(lambda: witness.reasons)
            called = [member for member, _ in bluetooth.calls if member in {"StartNotify", "ReadValue", "WriteValue"}]
        assert called[0] == "StartNotify"
        assert "ReadValue" in called

    run(main())


def test_record_access_is_subscribed_last_and_stored_records_are_fetched() -> None:
    async def main() -> None:
        oximeter, witness = Oximeter(habits=HABITS), Witness()
        stored = [frames.spot_check(90 + n, 60) for n in range(5)]
        async with virtual_bluetooth([oximeter]) as bluetooth, running([listed(oximeter, witness)]):
            oximeter.store(*stored)
            await until(lambda: witness.reasons)
            subscribed = [path for member, path in bluetooth.calls if member == "StartNotify"]
        assert witness.values == stored
        assert len(subscribed) == 3
        assert subscribed[-1] == max(subscribed), "the control point is the last characteristic of the service"
        assert {channel for channel, _ in witness.frames} == {SPOT_CHECK}

    run(main())


# --- the end of a contact ---------------------------------------------------------------------------------------------


def test_a_device_that_never_hangs_up_is_let_go_after_its_quiet_time() -> None:
    async def main() -> None:
        cuff, witness = Cuff(habits=Habits(interval=0.02, linger=None)), Witness()
        async with virtual_bluetooth([cuff]) as bluetooth, running([listed(cuff, witness, quiet_s=0.4)]):
            cuff.measure(*PRESSURES)
            await until(lambda: witness.reasons)
            assert not bluetooth.connected(cuff.address)
        assert witness.values == PRESSURES
        assert witness.reasons == [None]

    run(main())


def test_a_device_that_never_stops_sending_is_let_go_in_the_end() -> None:
    async def main() -> None:
        oximeter, witness = Oximeter(habits=Habits(interval=0.02, linger=None)), Witness()
        limits = type(QUICK)(session_s=0.8, settle_s=0.05, hold_off_s=5.0)
        async with virtual_bluetooth([oximeter]), running([listed(oximeter, witness, talk=None)], limits):

            def fed() -> bool:
                if oximeter.pending == 0:
                    oximeter.stream(frames.continuous(97, 60))
                return bool(witness.reasons)

            await until(fed, step=0.01)
        assert len(witness.values) > 10
        assert {channel for channel, _ in witness.frames} == {CONTINUOUS}
        assert witness.reasons == [None]

    run(main())


@pytest.mark.parametrize("streaming", [True, False], ids=["streams on", "says no more"])
def test_a_device_that_stays_gives_way_when_another_waits(streaming: bool) -> None:
    async def main() -> None:
        oximeter, scale = Oximeter(habits=Habits(interval=0.02, linger=None)), Scale(habits=HABITS)
        first, second = Witness(), Witness()
        limits = replace(QUICK, shared_s=0.5, quiet_shared_s=0.2, hold_off_s=5.0)
        async with (
            virtual_bluetooth([oximeter, scale]),
            running([listed(oximeter, first, talk=None, quiet_s=60.0), listed(scale, second)], limits),
        ):
            oximeter.measure(SPOT)
            await until(lambda: first.values)
            scale.measure(WEIGHT)

            def fed() -> bool:
                if streaming and oximeter.pending == 0:
                    oximeter.stream(frames.continuous(97, 60))
                return bool(second.reasons)

            await until(fed, step=0.01)
        assert second.values == [WEIGHT]
        assert first.reasons == [None]

    run(main())


# --- interruptions ----------------------------------------------------------------------------------------------------


def test_a_device_that_hangs_up_midway_is_done_not_failed() -> None:
    async def main() -> None:
        cuff, witness = Cuff(habits=Habits(interval=0.02, linger=None, latency=0.02)), Witness()
        async with virtual_bluetooth([cuff]) as bluetooth, running([listed(cuff, witness)]):
            cuff.measure(*PRESSURES)
            await until(lambda: witness.values)
            bluetooth.radio.drop(cuff.address)  # type: ignore[attr-defined]  # the scripted radio
            await until(lambda: set(witness.values) == set(PRESSURES))
        assert witness.reasons[0] is None

    run(main())


def test_no_contact_leaves_a_subscription_that_repeats_values() -> None:
    """Ten contacts, and the tenth value is still signalled once: every D-Bus connection of a contact was closed."""

    async def main() -> None:
        scale, witness = Scale(habits=Habits(interval=0.02, linger=0.02)), Witness()
        limits = type(QUICK)(hold_off_s=0.06, linger_s=0.02, settle_s=0.02)
        sent = [frames.weight(f"{70 + n}.00") for n in range(10)]
        async with (
            virtual_bluetooth([scale], Timing(temporary=5.0)),
            running([listed(scale, witness, clocks=(), info=())], limits),
        ):
            for n, frame in enumerate(sent, start=1):
                scale.measure(frame)
                await until(partial(witness.ended, n))
        assert witness.values == sent

    run(main())


def test_a_fault_in_keeping_a_value_is_reported_and_the_next_value_is_taken() -> None:
    class Failing(Witness):
        def frame(self, channel: str, data: bytes) -> None:
            super().frame(channel, data)
            if len(self.values) == 1:
                raise LookupError("a bug")

    async def main() -> None:
        cuff, witness = Cuff(habits=HABITS), Failing()
        async with virtual_bluetooth([cuff]), running([listed(cuff, witness)]):
            cuff.measure(*PRESSURES)
            await until(lambda: witness.reasons)
        assert witness.values == PRESSURES
        assert witness.reasons == ["ble-fault"]

    run(main())


def test_frames_carry_their_characteristic() -> None:
    async def main() -> None:
        cuff, witness = Cuff(habits=HABITS), Witness()
        async with virtual_bluetooth([cuff]), running([listed(cuff, witness)]):
            cuff.measure(PRESSURES[0])
            await until(lambda: witness.reasons)
        assert witness.frames == [(PRESSURE_MEASUREMENT, PRESSURES[0])]

    run(main())
