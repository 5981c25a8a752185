"""Instruments with a maker's own protocol are read end to end: virtual radio, the real bleak, driver, acts."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from drivers.api import Act, Bad, BleDriver, Measurement
from drivers.ble import (
    and_ua651ble,
    and_uc352ble,
    berry_bm1000,
    beurer_bm54,
    beurer_po60,
    cms50d_bt,
    contec_sp10w,
    jumper_jpd500f,
    mi_body_composition,
    mi_scale,
    nonin_3230,
    omron_hem,
    pc_60fw,
)
from drivers.session import Session
from gateway.env import real_env
from gateway.errors import GatewayError
from gateway.simulator import vendor_frames
from gateway.simulator.bluez.radio import Peripheral
from gateway.simulator.broadcaster import MiScale
from gateway.simulator.peripheral import Habits, VirtualDevice
from gateway.simulator.vendor_ble_devices import CMS50DBT, PC60FW, PO60, SP10W, Berry, Jumper, Nonin3230, OmronCuff
from gateway.simulator.vendor_habits import BM54, UA651BLE, UC352BLE, MiBodyScale
from gateway.transport.ble.radio import BleDevice
from tests.aio import run, until
from tests.bus.listed_devices import HABITS, Typist, Witness, paired_before, running
from tests.bus.virtual_home import virtual_bluetooth

pytestmark = pytest.mark.bus

# A conversation has pauses: a device that takes part in one does not hang up in them.
TALKS = Habits(interval=0.02, linger=3.0)
NOW = datetime(2026, 3, 14, 7, 45, 12)  # noqa: DTZ001 - a device's clock


class Reader(Witness):
    """A contact that decodes what it is told, as the collector does."""

    def __init__(self, driver: BleDriver) -> None:
        super().__init__()
        self.driver = driver
        self.acts: list[Act] = []
        self.refused: list[str] = []
        self._session = Session(driver)
        self._now = real_env().monotonic

    def frame(self, channel: str, data: bytes) -> None:
        super().frame(channel, data)
        self._take(self._session.feed(channel, data, self._now()))

    def closed(self, error: GatewayError | None) -> None:
        super().closed(error)
        self._take(self._session.end(self._now()))

    def _take(self, outcomes: Sequence[Act | Bad]) -> None:
        self.acts += [o for o in outcomes if isinstance(o, Act)]
        self.refused += [o.error.reason for o in outcomes if isinstance(o, Bad)]

    @property
    def measured(self) -> list[tuple[str, ...]]:
        """The values of each act."""
        return [values(act.measurement) for act in self.acts]

    def listed(self, device: VirtualDevice) -> BleDevice:
        """The device as the radio knows it."""
        return BleDevice(device.address, self.driver, self)


def values(measurement: Measurement) -> tuple[str, ...]:
    return tuple(str(sample.value) for sample in measurement.samples)


async def read(
    device: Peripheral | VirtualDevice, reader: Reader, contacts: int = 1, *, local_time: datetime | None = None
) -> None:
    """Serves a device until so many contacts are over."""
    assert isinstance(device, VirtualDevice)
    async with virtual_bluetooth([device]), running([reader.listed(device)], local_time=lambda: local_time):
        await until(lambda: reader.ended(contacts), within=30.0)
    assert set(reader.reasons) == {None}


def test_a_nonin_3230_gives_one_settled_reading_for_each_finger() -> None:
    async def main() -> None:
        device, reader = Nonin3230(habits=HABITS), Reader(nonin_3230.DRIVER)
        async with virtual_bluetooth([device]), running([reader.listed(device)]):
            device.finger(97, 72)
            device.finger(97, 72)
            device.finger(91, 110, seconds=8, smartpoint=False)
            await until(lambda: reader.ended(1))
        assert [m[:2] for m in reader.measured] == [("97", "72"), ("97", "72"), ("91", "110")]
        assert [a.measurement.flags for a in reader.acts] == [(), (), ("not-settled",)]

    run(main())


@pytest.mark.parametrize("piece", [7, 20, 200])
def test_a_pc_60fw_is_read_however_its_frames_are_cut(piece: int) -> None:
    async def main() -> None:
        device, reader = PC60FW(habits=HABITS, piece=piece), Reader(pc_60fw.DRIVER)
        device.finger(97, 72)
        device.finger(96, 71)
        await read(device, reader)
        assert reader.measured == [("97", "72", "6.8"), ("96", "71", "6.8")]
        assert reader.refused == []

    run(main())


def test_damaged_frames_of_a_pc_60fw_are_refused_and_cost_no_reading() -> None:
    async def main() -> None:
        device, reader = PC60FW(habits=HABITS, damaged=(2, 5)), Reader(pc_60fw.DRIVER)
        device.finger(97, 72, seconds=14)
        await read(device, reader)
        assert reader.measured == [("97", "72", "6.8")]
        assert reader.refused == ["noise", "noise"]

    run(main())


def test_a_cms50d_bt_streams_when_asked() -> None:
    async def main() -> None:
        device, reader = CMS50DBT(habits=Habits(interval=0.02, linger=0.3)), Reader(cms50d_bt.DRIVER)
        device.finger(98, 66)
        await read(device, reader)
        assert reader.measured == [("98", "66")]
        assert device.said == [cms50d_bt.REQUEST]

    run(main())


def test_a_jumper_is_read_among_its_other_frames() -> None:
    async def main() -> None:
        device, reader = Jumper(habits=HABITS), Reader(jumper_jpd500f.DRIVER)
        device.finger(97, 72)
        device.finger(95, 80)
        await read(device, reader)
        assert reader.measured == [("97", "72"), ("95", "80")]

    run(main())


@pytest.mark.parametrize("piece", [193, 200])
def test_a_berry_is_read_however_its_frames_are_cut(piece: int) -> None:
    async def main() -> None:
        device, reader = Berry(habits=HABITS, piece=piece), Reader(berry_bm1000.DRIVER)
        device.finger(97, 138)
        await read(device, reader)
        assert reader.measured == [("97", "138")]
        assert reader.refused == []

    run(main())


def test_an_omron_cuff_is_read_over_its_bond_and_never_written_to() -> None:
    async def main() -> None:
        device = OmronCuff(habits=TALKS, loses=(3,))
        reader = Reader(omron_hem.DRIVERS[0])
        device.measure(NOW, 128)
        device.measure(NOW + timedelta(hours=1), 131)
        async with virtual_bluetooth([device]) as bluetooth:
            paired_before(bluetooth, device)
            async with running([reader.listed(device)]):
                await until(lambda: reader.ended(1), within=30.0)
        assert [(m[0], a.measurement.device_time) for m, a in zip(reader.measured, reader.acts, strict=True)] == [
            ("128", NOW),
            ("131", NOW + timedelta(hours=1)),
        ]
        assert {said[1:3] for said in device.said} == {b"\x00\x00", b"\x01\x00", b"\x0f\x00"}
        assert device.said[2] == device.said[3]

    run(main(), timeout=45.0)


def test_an_omron_cuff_that_wants_a_token_is_asked_to_begin_and_left_alone() -> None:
    async def main() -> None:
        device = OmronCuff(habits=Habits(interval=0.02, linger=None, idle=None), wants_token=True)
        reader = Reader(replace(omron_hem.DRIVERS[0], quiet_s=0.2))
        device.measure(NOW)
        async with virtual_bluetooth([device]) as bluetooth:
            paired_before(bluetooth, device)
            async with running([reader.listed(device)]):
                await until(lambda: reader.ended(1), within=30.0)
        assert reader.acts == []
        assert device.said[:3] == [omron_hem.START] * 3
        assert set(device.said) == {omron_hem.START}

    run(main(), timeout=45.0)


@pytest.mark.parametrize("marks_last", [True, False])
def test_a_po60_gives_its_whole_memory_in_batches(marks_last: bool) -> None:
    async def main() -> None:
        device, reader = PO60(habits=TALKS, batch=3, marks_last=marks_last), Reader(beurer_po60.DRIVER)
        times = [NOW + timedelta(hours=n) for n in range(4)]
        for n, time in enumerate(times):
            device.store(time, 90 + n, 60 + n)
        await read(device, reader)
        assert reader.measured == [(str(90 + n), str(60 + n)) for n in range(4)]
        assert [a.measurement.device_time for a in reader.acts] == times
        assert device.said[:3] == [beurer_po60.HELLO, beurer_po60.FIRST, beurer_po60.NEXT]

    run(main())


def test_an_sp10w_gives_every_blow_sets_its_clock_and_keeps_its_memory() -> None:
    async def main() -> None:
        device, reader = SP10W(habits=TALKS), Reader(contec_sp10w.DRIVER)
        blows = [vendor_frames.sp10_record(n, NOW + timedelta(minutes=n), fev1=240 + n) for n in (1, 2, 3)]
        device.blow(*blows)
        await read(device, reader, local_time=NOW)
        told = [
            dict(zip((s.quantity.type for s in a.measurement.samples), values(a.measurement), strict=True))
            for a in reader.acts
        ]
        assert [blow["fev1"] for blow in told] == ["2.41", "2.42", "2.43"]
        assert {blow["fvc"] for blow in told} == {"3.10"}
        assert {blow["pef"] for blow in told} == {"6.33"}
        assert [a.measurement.device_time for a in reader.acts] == [NOW + timedelta(minutes=n) for n in (1, 2, 3)]
        assert device.clock_set == (26, 3, 14, 7, 45, 12)
        assert device.blows == blows

    run(main())


def test_blows_an_sp10w_stalled_over_come_at_the_next_contact() -> None:
    async def main() -> None:
        device, reader = SP10W(habits=TALKS, stalls_at=2), Reader(contec_sp10w.DRIVER)
        device.blow(*(vendor_frames.sp10_record(n, NOW + timedelta(minutes=n)) for n in (1, 2)))
        async with virtual_bluetooth([device]), running([reader.listed(device)]):
            await until(lambda: reader.ended(1), within=25.0)
            assert len(reader.acts) == 1
            device.measured()
            await until(lambda: reader.ended(2), within=25.0)
        assert len({a.measurement.record_key for a in reader.acts}) == 2
        assert len(device.blows) == 2

    run(main(), timeout=55.0)


def test_a_ua_651ble_has_its_clock_set_before_it_may_send() -> None:
    async def main() -> None:
        device, reader = UA651BLE(habits=HABITS, clock_set=False), Reader(and_ua651ble.DRIVER)
        device.measure(134, 77)
        device.fail()
        await read(device, reader, local_time=NOW)
        assert device.order[:2] == ["clock", "subscribe"]
        assert device.clock_set
        good, failed = reader.acts
        assert values(good.measurement) == ("134", "77", "96", "61")
        assert good.measurement.device_time is None
        assert failed.measurement.failed == "measurement-failed"

    run(main())


def test_a_clock_of_a_ua_651ble_that_is_right_is_left_alone_and_a_repeat_is_the_same_act() -> None:
    async def main() -> None:
        device = UA651BLE(habits=Habits(interval=0.02, linger=0.1, repeats=2), now=lambda: NOW)
        reader = Reader(and_ua651ble.DRIVER)
        device.measure(134, 77)
        await read(device, reader, local_time=NOW)
        assert device.order == ["subscribe"]
        assert len(reader.acts) == 2
        assert len({a.measurement.record_key for a in reader.acts}) == 1

    run(main())


def test_a_uc_352ble_gives_its_weight() -> None:
    async def main() -> None:
        device, reader = UC352BLE(habits=HABITS, clock_set=False), Reader(and_uc352ble.DRIVER)
        device.measure("81.35")
        await read(device, reader, local_time=NOW)
        assert reader.measured == [("81.350",)]
        assert device.order[:2] == ["clock", "subscribe"]

    run(main())


def test_a_bm54_tells_its_whole_memory_of_both_users_each_time_over_a_bond_with_a_passkey() -> None:
    async def main() -> None:
        device = BM54(habits=Habits(interval=0.02, linger=None), passkey=123456)
        reader = Reader(replace(beurer_bm54.DRIVER, quiet_s=0.4))
        person = Typist(123456)
        async with virtual_bluetooth([device]), running([reader.listed(device)]) as radio:
            pairing = asyncio.create_task(radio.pair(device.address, person))
            device.battery_changed = True
            device.measure(121, 87, NOW)
            device.battery_changed = False
            device.measure(128, 82, NOW, user=1)
            await pairing
            await until(lambda: reader.ended(1), within=20.0)
            device.measure(135, 85, NOW + timedelta(minutes=9))
            await until(lambda: reader.ended(2), within=20.0)
        assert person.asked == ["read"]
        assert len(reader.acts) == 5
        told = {a.measurement.record_key: a.measurement for a in reader.acts}
        assert [(m.user, values(m)[0], m.time_fault) for m in told.values()] == [
            (0, "121", "default-date"),
            (1, "128", None),
            (0, "135", None),
        ]
        assert {values(m)[2] for m in told.values()} == {"not-a-number"}

    run(main(), timeout=50.0)


def test_mi_scales_are_heard_and_never_connected_to() -> None:
    async def main() -> None:
        first, second = MiScale(habits=Habits(interval=0.02)), MiBodyScale(habits=Habits(interval=0.02))
        plain, body = Reader(mi_scale.DRIVER), Reader(mi_body_composition.DRIVER)
        shown = [vendor_frames.mi_scale(n, NOW, stable=False) for n in (9000, 12000)]
        shown += [vendor_frames.mi_scale(12350, NOW), vendor_frames.mi_scale(12350, NOW, removed=True)]
        async with (
            virtual_bluetooth([first, second]) as bluetooth,
            running([plain.listed(first), body.listed(second)]),
        ):
            first.broadcast(*shown)
            second.step_on(14490, NOW)
            await until(lambda: plain.acts and body.acts)
            assert bluetooth.called("Connect") == 0
        assert plain.measured == [("61.750",)]
        assert body.measured == [("72.450", "503")]
        assert [a.measurement.device_time for a in (*plain.acts, *body.acts)] == [NOW, NOW]

    run(main())
