"""The look-alike carries a measurement from a virtual device to the real bleak."""

import pytest
from bleak import BleakClient

from gateway.simulator import frames
from gateway.simulator.ble_devices import (
    PRESSURE_MEASUREMENT,
    SPOT_CHECK,
    WEIGHT_MEASUREMENT,
    Cuff,
    Oximeter,
    Scale,
)
from gateway.simulator.peripheral import Habits, VirtualDevice
from tests.aio import run, until
from tests.bus.virtual_home import find, subscribe, virtual_bluetooth

pytestmark = pytest.mark.bus

QUICK = Habits(interval=0.02, linger=0.1)

CASES = [
    (Oximeter, SPOT_CHECK, frames.spot_check(97, 61)),
    (Cuff, PRESSURE_MEASUREMENT, frames.blood_pressure(128, 82, 97, pulse=64)),
    (Scale, WEIGHT_MEASUREMENT, frames.weight("81.35")),
]


@pytest.mark.parametrize(("make", "uuid", "frame"), CASES, ids=["oximeter", "cuff", "scale"])
def test_a_measurement_reaches_bleak_and_the_device_hangs_up(
    make: type[Oximeter | Cuff | Scale], uuid: str, frame: bytes
) -> None:
    async def main() -> None:
        device: VirtualDevice = make(habits=QUICK)
        async with virtual_bluetooth([device]) as bluetooth:
            device.queue(uuid, frame)
            gone: list[object] = []
            async with BleakClient(await find(device.address), gone.append) as client:
                got = await subscribe(client, uuid)
                await until(lambda: gone)
            assert got == [frame]
            assert device.confirmed == [frame]
            assert device.pending == 0
            assert bluetooth.lost(device.address) == 0

    run(main())
