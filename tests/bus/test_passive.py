"""Passive scanning: no device is asked for more, and none is read less often."""

from dataclasses import replace

import pytest

from gateway.simulator import frames
from gateway.simulator.ble_devices import Scale
from tests.aio import run, until
from tests.bus.listed_devices import HABITS, QUICK, Witness, is_, listed, running
from tests.bus.virtual_home import virtual_bluetooth

pytestmark = pytest.mark.bus
WEIGHT = frames.weight("81.35")


def test_a_device_that_lies_still_is_read_each_time() -> None:
    """BlueZ says nothing of a device that is as strong as it was; it calls the monitor all the same."""

    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        async with virtual_bluetooth([scale]) as bluetooth, running([listed(scale, witness)], passive=True):
            await until(lambda: bluetooth.called("RegisterMonitor"))
            for _ in range(3):
                scale.measure(WEIGHT)
                await until(lambda: not scale.pending)
                await until(lambda: not scale.linked)
            assert witness.values == [WEIGHT] * 3
            assert bluetooth.called("StartDiscovery") == 0

    run(main())


def test_others_around_are_a_sign_of_life_and_nothing_more() -> None:
    async def main() -> None:
        limits = replace(QUICK, silence_s=0.5)
        stranger = Scale("Stranger", "C0:00:00:00:00:77", habits=replace(HABITS, awake=60.0))
        async with (
            virtual_bluetooth([stranger]) as bluetooth,
            running([listed(Scale(habits=HABITS), Witness())], limits, passive=True) as radio,
        ):
            await until(is_(radio, "ready"))
            stranger.measure(WEIGHT)
            await until(lambda: radio.state.last_advertisement_s is not None)
            assert bluetooth.called("Connect") == 0
            assert bluetooth.called("StartDiscovery") == 0

    run(main())


def test_where_nothing_is_heard_the_adapter_is_tried_actively_and_then_listens_again() -> None:
    async def main() -> None:
        limits = replace(QUICK, silence_s=0.2, not_discovering_s=0.5, quiet_s=0.1)
        scale, witness = Scale(habits=HABITS), Witness()
        async with virtual_bluetooth([scale]) as bluetooth, running([listed(scale, witness)], limits, passive=True):
            await until(lambda: bluetooth.called("StartDiscovery"))
            listened = bluetooth.called("RegisterMonitor")
            await until(lambda: bluetooth.called("RegisterMonitor") > listened)
            scale.measure(WEIGHT)
            await until(lambda: witness.values == [WEIGHT])

    run(main())


@pytest.mark.parametrize("fault", ["no_monitors", "released_monitors"])
def test_where_it_is_refused_active_scanning_takes_its_place(fault: str) -> None:
    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        async with virtual_bluetooth([scale]) as bluetooth:
            setattr(bluetooth.faults, fault, 1)
            async with running([listed(scale, witness)], passive=True) as radio:
                await until(is_(radio, "ready"))
                scale.measure(WEIGHT)
                await until(lambda: witness.values == [WEIGHT])
                assert bluetooth.called("RegisterMonitor") == 1
                assert bluetooth.called("StartDiscovery") >= 1

    run(main())


def test_bluez_that_restarts_is_listened_through_again() -> None:
    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        async with virtual_bluetooth([scale]) as bluetooth, running([listed(scale, witness)], passive=True) as radio:
            await until(is_(radio, "ready"))
            await bluetooth.restart()
            await until(lambda: bluetooth.called("RegisterMonitor") == 2)
            await until(is_(radio, "ready"))
            scale.measure(WEIGHT)
            await until(lambda: witness.values == [WEIGHT])
            assert bluetooth.called("StartDiscovery") == 0

    run(main())
