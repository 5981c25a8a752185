"""Bonded devices that send as soon as the link is encrypted lose nothing to us, and all of it to whoever asks late."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

import pytest
from bleak import BleakClient
from bleak.exc import BleakError

from gateway.simulator import frames
from gateway.simulator.ble_devices import PRESSURE_MEASUREMENT, Cuff, Scale
from gateway.simulator.bluez.names import DEVICE, GATT_CHARACTERISTIC
from gateway.simulator.bluez.virtual import VirtualBluetooth
from gateway.simulator.peripheral import Habits
from gateway.transport.ble.limits import Limits
from gateway.transport.ble.radio import BleDevice, Radio
from tests.aio import run, until
from tests.bus.dbus_client import dbus_client
from tests.bus.listed_devices import HABITS, QUICK, Typist, Witness, listed, paired_before, running
from tests.bus.virtual_home import find, virtual_bluetooth

pytestmark = pytest.mark.bus

HUSH_NEVER = replace(QUICK, hush_s=60.0)
KNOWN = {"early_sender": True, "cleared": False}


def pressures(how_many: int, start: int = 0) -> list[bytes]:
    """Measurements that differ."""
    return [frames.blood_pressure(100 + start + n, 80, 93) for n in range(how_many)]


def early_cuff(early: float | None = 0.0, latency: float = 0.0, linger: float = 0.15) -> Cuff:
    """A cuff that needs a bond, and sends this long after the link is encrypted."""
    return Cuff(needs_bond=True, habits=Habits(interval=0.02, early=early, latency=latency, linger=linger))


def entry(cuff: Cuff, witness: Witness, known: dict[str, object] | None = None) -> BleDevice:
    """The cuff on the list, with what an earlier run knew of it."""
    return replace(listed(cuff, witness), known=known or {})


@dataclass
class Kept:
    """A cuff that was met once: BlueZ exports its objects, and it remembers who subscribed."""

    bluetooth: VirtualBluetooth
    cuff: Cuff
    witness: Witness
    radio: Radio
    contacts: int = 1

    async def contact(self, *values: bytes) -> None:
        """Somebody measures, and the contact that follows is over."""
        self.cuff.measure(*values)
        self.contacts += 1
        await until(partial(self.witness.ended, self.contacts))


@asynccontextmanager
async def kept(cuff: Cuff, limits: Limits = QUICK, known: dict[str, object] | None = None) -> AsyncIterator[Kept]:
    """The radio runs, the cuff has been met once, unprotected as first meetings are, and had nothing to lose yet."""
    witness = Witness()
    async with virtual_bluetooth([cuff]) as bluetooth:
        paired_before(bluetooth, cuff)
        async with running([entry(cuff, witness, known)], limits) as radio:
            cuff.measure(pressures(1)[0])
            await until(lambda: witness.reasons)
            witness.frames.clear()
            cuff.confirmed.clear()
            yield Kept(bluetooth, cuff, witness, radio)


# --- the table --------------------------------------------------------------------------------------------------------

CELLS = [(latency, early) for latency in (0.0, 0.03) for early in (0.0, 0.02, 0.1, 0.5)]


@pytest.mark.parametrize(("latency", "early"), CELLS)
def test_nothing_an_early_sender_hands_over_is_lost(latency: float, early: float) -> None:
    async def main() -> None:
        cuff = early_cuff(early, latency)
        async with kept(cuff, HUSH_NEVER) as met:
            for n in range(2):
                await met.contact(*pressures(3, 10 * n))
            assert met.cuff.confirmed == pressures(3) + pressures(3, 10)
            assert met.witness.values == met.cuff.confirmed
            assert met.bluetooth.lost(cuff.address) == 0
            assert met.witness.reasons == [None, None, None]
            assert met.bluetooth.called("Pair") == 0

    run(main())


@pytest.mark.parametrize("latency", [0.01, 0.03])
def test_a_plain_collector_loses_all_of_it(latency: float) -> None:
    """The loss the keeper is there for, in the same virtual home: connect, then subscribe."""

    async def main() -> None:
        cuff = early_cuff(0.0, latency)
        got: list[bytes] = []
        async with virtual_bluetooth([cuff]) as bluetooth:
            paired_before(bluetooth, cuff)
            for n in range(2):
                cuff.measure(*pressures(3, 10 * n))
                with suppress(BleakError):
                    async with BleakClient(await find(cuff.address)) as client:
                        await client.start_notify(PRESSURE_MEASUREMENT, lambda _, value: got.append(bytes(value)))
                        await until(lambda: not client.is_connected)
            assert cuff.confirmed == pressures(3) + pressures(3, 10)
            assert bluetooth.lost(cuff.address) == 3
        assert got == pressures(3), "only the first contact, before the cuff remembered anybody"

    run(main())


def test_values_that_come_before_the_connection_is_told_open_the_contact() -> None:
    async def main() -> None:
        cuff = early_cuff(0.0, latency=0.03, linger=0.05)
        async with kept(cuff, HUSH_NEVER) as met:
            met.witness.told.clear()
            met.contacts = 0
            await met.contact(*pressures(3))
            assert [kind for kind, _ in met.witness.told if kind != "facts"] == [
                "opened", "frame", "frame", "frame", "clock", "closed",
            ]  # fmt: skip
            assert met.witness.reasons == [None], "a device that has given everything and left is no fault"
            assert met.witness.known["early_sender"] is True
            assert met.radio.state.counters["early-values"] >= 1

    run(main())


def test_each_value_is_told_once_though_another_program_listens_too() -> None:
    async def main() -> None:
        cuff, witness = early_cuff(), Witness()
        async with virtual_bluetooth([cuff]) as bluetooth, dbus_client() as other:
            paired_before(bluetooth, cuff)
            cuff.measure(pressures(1)[0])
            async with BleakClient(await find(cuff.address)):
                (path,) = await other.characteristics(PRESSURE_MEASUREMENT)
                await other.call(path, GATT_CHARACTERISTIC, "StartNotify")
                await until(lambda: cuff.confirmed)
            await until(lambda: not bluetooth.connected(cuff.address))
            await other.listen()
            async with running([entry(cuff, witness)]) as radio:
                await until(lambda: bluetooth.called("StartNotify") >= 2)
                cuff.measure(*pressures(3, 10))
                await until(lambda: witness.reasons)
                assert witness.values == pressures(3, 10)
                assert len(other.values) > 3, "BlueZ did signal each value more than once"
                assert radio.state.counters["repeated-signals"] == 3

    run(main())


# --- what stands, and when --------------------------------------------------------------------------------------------


def test_a_subscription_stands_while_the_device_is_away_and_again_after_each_contact() -> None:
    async def main() -> None:
        cuff = early_cuff()
        async with kept(cuff, known=dict(KNOWN)) as met:
            assert met.radio.state.unprimed == 0
            assert met.witness.known["primed"] is True
            for n in range(3):
                await met.contact(*pressures(2, 10 * n))
            assert met.bluetooth.lost(cuff.address) == 0
            assert len(met.witness.values) == 6

    run(main())


def test_the_device_is_told_to_wait_and_so_the_first_contact_after_a_reboot_is_safe() -> None:
    """The subscription is cleared after the last value: what remembers that is the device."""

    async def main() -> None:
        cuff = early_cuff(linger=1.0)
        async with kept(cuff, known=dict(KNOWN)) as met:
            await met.contact(*pressures(3))
            assert met.bluetooth.called("StopNotify") >= 1
            assert met.witness.known["cleared"] is True
            await met.bluetooth.restart()
            await until(lambda: met.radio.state.unprimed == 1)
            await met.contact(*pressures(3, 10))
            assert met.witness.values == pressures(3) + pressures(3, 10)
            assert met.bluetooth.lost(cuff.address) == 0
            assert met.radio.state.counters["unprimed-connections"] == 2
            assert met.radio.state.counters["unprotected-first-connections"] == 1, "only the very first, before this"

    run(main())


@pytest.mark.parametrize(("more_s", "told"), [(0.0, True), (60.0, False)])
def test_a_driver_says_how_long_more_may_follow_before_the_device_is_told_to_wait(more_s: float, told: bool) -> None:
    async def main() -> None:
        cuff, witness = early_cuff(linger=0.6), Witness()
        device = replace(listed(cuff, witness, more_s=more_s), known=dict(KNOWN))
        async with virtual_bluetooth([cuff]) as bluetooth:
            paired_before(bluetooth, cuff)
            async with running([device]):
                cuff.measure(*pressures(1))
                await until(lambda: witness.reasons)
            assert (witness.known.get("cleared") is True) is told

    run(main())


def test_an_unprotected_first_connection_is_counted() -> None:
    async def main() -> None:
        cuff = early_cuff(linger=0.02)
        async with kept(cuff, HUSH_NEVER, known=dict(KNOWN)) as met:
            before = met.radio.state.counters["unprotected-first-connections"]
            await met.contact(*pressures(1))
            assert met.radio.state.counters["unprotected-first-connections"] == before, "this one was protected"
            await met.bluetooth.restart()
            await until(lambda: met.witness.known["primed"] is False)
            cuff.measure(*pressures(3, 10))
            await until(lambda: met.radio.state.counters["unprotected-first-connections"] == before + 1)

    run(main())


@pytest.mark.parametrize("crash", [False, True], ids=["restart", "crash"])
def test_after_bluetoothd_is_back_one_contact_is_enough_to_stand_again(crash: bool) -> None:
    async def main() -> None:
        cuff = early_cuff(linger=1.0)
        async with kept(cuff, known=dict(KNOWN)) as met:
            await met.bluetooth.restart(crash=crash)
            await until(lambda: met.radio.state.unprimed == 1)
            await met.contact(*pressures(1))
            await until(lambda: met.radio.state.unprimed == 0)
            cuff.habits = replace(cuff.habits, linger=0.02)
            await met.contact(*pressures(3, 10))
            await met.contact(*pressures(3, 20))
            assert met.witness.values == pressures(1) + pressures(3, 10) + pressures(3, 20)
            assert met.bluetooth.lost(cuff.address) == 0

    run(main())


def test_a_gateway_that_starts_anew_stands_before_the_device_comes() -> None:
    async def main() -> None:
        cuff = early_cuff(linger=0.02)
        second = Witness()
        async with kept(cuff, HUSH_NEVER) as met:
            await met.contact(*pressures(1))
            bluetooth = met.bluetooth
            # The first radio goes on beside: a second program would find the same BlueZ.
            asked = bluetooth.called("StartNotify")
            async with running([entry(cuff, second)], HUSH_NEVER):
                await until(lambda: bluetooth.called("StartNotify") > asked)

    run(main())


def test_an_adapter_switched_off_and_on_keeps_the_device_protected() -> None:
    async def main() -> None:
        cuff = early_cuff(linger=0.02)
        async with kept(cuff, HUSH_NEVER) as met:
            await met.bluetooth.power(False)
            await until(lambda: met.radio.state.code == "bluetooth-off")
            asked = met.bluetooth.called("StartNotify")
            await met.bluetooth.power(True)
            await until(lambda: met.bluetooth.called("StartNotify") > asked)
            await met.contact(*pressures(3))
            assert met.witness.values == pressures(3)

    run(main())


def test_a_bond_made_later_is_stood_for_without_a_restart() -> None:
    async def main() -> None:
        cuff, witness = early_cuff(linger=0.3), Witness()
        async with (
            virtual_bluetooth([cuff]) as bluetooth,
            running([entry(cuff, witness)], HUSH_NEVER) as radio,
        ):
            cuff.measure(*pressures(1))
            await radio.pair(cuff.address, Typist())
            await until(lambda: witness.reasons)
            assert witness.known["bonded"] is True
            asked = bluetooth.called("StartNotify")
            await until(lambda: radio.state.unprimed == 0)
            cuff.measure(*pressures(3, 10))
            await until(lambda: len(witness.reasons) == 2)
            assert witness.values == pressures(1) + pressures(3, 10)
            assert bluetooth.called("StartNotify") > asked
            assert bluetooth.lost(cuff.address) == 0

    run(main())


def test_an_unbonded_device_is_left_as_it_was_found() -> None:
    """Nothing stands for it: a driver may have to set its clock before it is asked for values."""

    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        async with virtual_bluetooth([scale]) as bluetooth, running([listed(scale, witness)]) as radio:
            for n in range(2):
                scale.measure(frames.weight(f"8{n}.5"))
                await until(partial(witness.ended, n + 1))
            assert bluetooth.called("StopNotify") == bluetooth.called("StartNotify") == 2
            assert radio.state.unprimed == 0
            assert "primed" not in witness.known

    run(main())


# --- whether it sends before it is asked ------------------------------------------------------------------------------


@pytest.mark.parametrize("early", [0.0, None], ids=["early", "patient"])
def test_the_second_contact_shows_whether_a_device_sends_before_it_is_asked(early: float | None) -> None:
    async def main() -> None:
        cuff = early_cuff(early, latency=0.01, linger=0.4)
        async with kept(cuff) as met:
            assert "early_sender" not in met.witness.known, "the first contact cannot show it"
            assert met.bluetooth.called("StopNotify") == 0, "and must leave the device as it will be met"
            await met.contact(*pressures(1))
            assert met.witness.known["early_sender"] is (early is not None)

    run(main())


def test_values_come_also_while_somebody_else_holds_the_link() -> None:
    """Another program connects the device: what it sends is ours all the same, and told as a contact of its own."""

    async def main() -> None:
        cuff = early_cuff(linger=0.02)
        async with kept(cuff, replace(HUSH_NEVER, hold_off_s=30.0)) as met, dbus_client() as other:
            met.witness.told.clear()
            cuff.measure(*pressures(3))
            (path,) = [p for p, o in (await other.objects()).items() if DEVICE in o]
            await other.call(path, DEVICE, "Connect")
            await until(lambda: met.witness.values == pressures(3))
            assert met.witness.told[0][0] == "opened"

    run(main())


def test_a_bluez_that_keeps_no_cache_is_named() -> None:
    async def main() -> None:
        cuff = early_cuff()
        told: list[tuple[str, ...]] = []
        witness = Witness()
        async with virtual_bluetooth([cuff]) as bluetooth:
            paired_before(bluetooth, cuff)
            bluetooth.faults.uncached = 1
            async with running([entry(cuff, witness)], on_change=lambda s: told.append(s.warnings)) as radio:
                cuff.measure(*pressures(1))
                await until(lambda: radio.state.warnings == ("bluetooth-cache-off",))
                await until(lambda: ("bluetooth-cache-off",) in told)
                assert radio.state.code == "ready"
                bluetooth.faults.uncached = 0
                await until(lambda: witness.reasons)
                cuff.measure(*pressures(1, 10))
                await until(lambda: radio.state.warnings == ())

    run(main())


# --- for a year -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_many_contacts_with_restarts_of_everything_among_them_lose_nothing_and_pair_once() -> None:
    """Early sending, three stored readings each time; gateway, bluetoothd and adapter come and go in between."""

    async def main() -> None:
        cuff, witness = early_cuff(0.0, latency=0.005, linger=0.5), Witness()
        rounds = 24
        known: dict[str, object] = {}
        async with virtual_bluetooth([cuff]) as bluetooth:
            for begin in range(0, rounds, 8):
                async with running([entry(cuff, witness, known)]) as radio:
                    if not begin:
                        cuff.measure(*pressures(3))
                        await radio.pair(cuff.address, Typist())
                    for n in range(begin, begin + 8):
                        await until(lambda: radio.state.code == "ready")
                        if n:
                            cuff.measure(*pressures(3, 3 * n))
                        await until(partial(witness.ended, n + 1))
                        if n % 8 == 3:
                            await bluetooth.restart(crash=n % 16 == 3)
                        if n % 8 == 5:
                            await bluetooth.power(False)
                            await bluetooth.power(True)
                # What the store would have kept of it.
                known = {name: witness.known[name] for name in ("early_sender", "cleared")}
            assert bluetooth.lost(cuff.address) == 0
            assert bluetooth.called("Pair") == 1
        assert cuff.confirmed == pressures(3 * rounds)
        assert witness.values == cuff.confirmed
        assert set(witness.reasons) == {None}

    run(main(), timeout=58.0)
