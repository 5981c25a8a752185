"""Pairing: only when a person has asked for it, only the device they mean, with whatever code it needs."""

import asyncio
from dataclasses import replace

import pytest
from dbus_fast import Message, MessageType

from gateway.errors import GatewayError
from gateway.simulator import frames
from gateway.simulator.ble_devices import Cuff, Scale
from gateway.simulator.bluez.agents import Agent
from gateway.simulator.bluez.names import AGENT, DEVICE
from gateway.simulator.bluez.scripted import ScriptedRadio
from gateway.simulator.bluez.virtual import VirtualBluetooth
from gateway.simulator.peripheral import Habits
from tests.aio import run, until
from tests.bus.dbus_client import DBusClient, dbus_client
from tests.bus.listed_devices import HABITS, QUICK, Typist, Witness, listed, running
from tests.bus.virtual_home import find, virtual_bluetooth

pytestmark = pytest.mark.bus

PRESSURE = frames.blood_pressure(120, 80, 93)
STAYS = Habits(interval=0.02, linger=None)
PATIENT = replace(QUICK, pair_s=5.0)


def cuff_that_shows(passkey: int | None) -> Cuff:
    """A cuff that wants a bond, and shows this code when it is paired."""
    return Cuff(needs_bond=True, habits=HABITS, passkey=passkey)


def cut(bluetooth: VirtualBluetooth, device: Cuff) -> None:
    """Its link is gone."""
    assert isinstance(bluetooth.radio, ScriptedRadio)
    bluetooth.radio.drop(device.address)


@pytest.mark.parametrize("passkey", [None, 4711], ids=["just works", "shows a code"])
def test_a_device_is_paired_once_and_read_ever_after(passkey: int | None) -> None:
    async def main() -> None:
        cuff, witness, person = cuff_that_shows(passkey), Witness(), Typist(passkey)
        async with virtual_bluetooth([cuff]) as bluetooth, running([listed(cuff, witness)]) as radio:
            cuff.measure(PRESSURE)
            await radio.pair(cuff.address.lower(), person)
            await until(lambda: witness.ended(1))
            cuff.measure(PRESSURE)
            await until(lambda: witness.ended(2))
            assert bluetooth.called("Pair") == 1
        assert person.asked == ([] if passkey is None else ["read"])
        assert witness.values == [PRESSURE, PRESSURE]
        assert witness.known["bonded"] is True
        assert cuff.bond

    run(main())


@pytest.mark.parametrize("typed", [4712, None], ids=["wrong", "given up"])
def test_a_code_that_does_not_fit_pairs_nothing_and_the_next_try_may_succeed(typed: int | None) -> None:
    async def main() -> None:
        cuff, witness = cuff_that_shows(4711), Witness()
        async with virtual_bluetooth([cuff]), running([listed(cuff, witness)]) as radio:
            cuff.measure(PRESSURE)
            with pytest.raises(GatewayError) as failed:
                await radio.pair(cuff.address, Typist(typed))
            assert failed.value.reason == "pairing-failed"
            assert not cuff.bond
            await radio.pair(cuff.address, Typist(4711))
            await until(lambda: witness.values == [PRESSURE])

    run(main())


def test_a_person_who_never_answers_does_not_hold_the_radio_for_ever() -> None:
    async def main() -> None:
        cuff, witness, person = cuff_that_shows(4711), Witness(), Typist(waits=True)
        limits = replace(QUICK, pair_s=0.3)
        async with virtual_bluetooth([cuff]), running([listed(cuff, witness)], limits) as radio:
            cuff.measure(PRESSURE)
            with pytest.raises(GatewayError) as failed:
                await radio.pair(cuff.address, person)
            assert failed.value.reason == "pairing-timeout"
            assert person.asked == ["read"]
            assert not cuff.bond

    run(main())


def test_nobody_pairs_while_no_window_is_open() -> None:
    """A secured device makes BlueZ pair by itself as soon as it is asked for values: the agent says no."""

    async def main() -> None:
        cuff, witness = cuff_that_shows(None), Witness()
        async with virtual_bluetooth([cuff]) as bluetooth, running([listed(cuff, witness)]) as radio:
            cuff.measure(PRESSURE)
            await until(lambda: witness.reasons)
            assert witness.reasons == ["needs-pairing"]
            assert radio.state.counters["pairings-refused"] >= 1
            assert bluetooth.called("Pair") == 0
            assert not cuff.bond
        assert cuff.pending == 1

    run(main())


@pytest.mark.parametrize("passkey", [None, 4711], ids=["just works", "shows a code"])
def test_a_device_that_hangs_up_in_the_middle_is_paired_the_next_time_it_is_heard(passkey: int | None) -> None:
    """Again and again, and the person is told each time."""

    async def main() -> None:
        slow = replace(HABITS, latency=0.2)
        cuff, witness = Cuff(needs_bond=True, habits=slow, passkey=passkey), Witness()
        person = Typist(passkey, waits=True)
        async with virtual_bluetooth([cuff]) as bluetooth, running([listed(cuff, witness)], PATIENT) as radio:
            cuff.measure(PRESSURE)
            pairing = asyncio.create_task(radio.pair(cuff.address, person))
            for times in (1, 2):
                await until(lambda: bluetooth.called("Pair") == times and cuff.linked)  # noqa: B023 (awaited here)
                await until(lambda: passkey is None or person.asked.count("read") == times)  # noqa: B023 (the same)
                cut(bluetooth, cuff)
                await until(lambda: person.asked.count("broken off") == times)  # noqa: B023 (the same)
                assert not pairing.done()
            person.answers.set()
            await pairing
            await until(lambda: witness.values == [PRESSURE])
            assert bluetooth.called("Pair") == 3
        assert cuff.bond

    run(main())


def test_a_device_that_hangs_up_at_the_code_it_is_given_is_not_tried_again() -> None:
    """It may not have liked the code: the person decides."""

    async def main() -> None:
        slow = replace(HABITS, latency=0.2)
        cuff, witness, person = Cuff(needs_bond=True, habits=slow, passkey=4711), Witness(), Typist(4711)
        async with virtual_bluetooth([cuff]) as bluetooth, running([listed(cuff, witness)], PATIENT) as radio:
            cuff.measure(PRESSURE)
            pairing = asyncio.create_task(radio.pair(cuff.address, person))
            await until(lambda: person.asked == ["read"])
            cut(bluetooth, cuff)
            with pytest.raises(GatewayError) as failed:
                await pairing
            assert failed.value.reason == "pairing-failed"
            assert person.asked == ["read"]

    run(main())


def test_the_window_is_open_for_one_device_only() -> None:
    async def main() -> None:
        wanted, other = cuff_that_shows(4711), Cuff("Other", "C0:00:00:00:00:77", needs_bond=True, habits=STAYS)
        witness, person = Witness(), Typist(4711, waits=True)
        async with (
            virtual_bluetooth([wanted, other]),
            dbus_client() as stranger,
            running([listed(wanted, witness)], PATIENT) as radio,
        ):
            other.measure(PRESSURE)
            path = (await find(other.address)).details["path"]
            await stranger.call(path, DEVICE, "Connect")
            wanted.measure(PRESSURE)
            pairing = asyncio.create_task(radio.pair(wanted.address, person))
            await until(lambda: person.asked)
            refused = radio.state.counters["pairings-refused"]
            (characteristic,) = [
                p for p in await stranger.characteristics("00002a35-0000-1000-8000-00805f9b34fb") if p.startswith(path)
            ]
            with pytest.raises(Exception, match="Not paired"):
                await stranger.call(characteristic, "org.bluez.GattCharacteristic1", "StartNotify")
            assert radio.state.counters["pairings-refused"] == refused + 1
            person.answers.set()
            await pairing
            assert wanted.bond
            assert not other.bond

    run(main())


@pytest.mark.parametrize("crash", [False, True], ids=["restart", "crash"])
def test_the_agent_is_registered_again_when_bluetoothd_is_back(crash: bool) -> None:
    async def main() -> None:
        cuff, witness = cuff_that_shows(4711), Witness()
        async with virtual_bluetooth([cuff]) as bluetooth, running([listed(cuff, witness)]) as radio:
            await until(lambda: bluetooth.called("RequestDefaultAgent"))
            await bluetooth.restart(crash=crash)
            await until(lambda: bluetooth.called("RequestDefaultAgent") == 2)
            cuff.measure(PRESSURE)
            await radio.pair(cuff.address, Typist(4711))
            await until(lambda: witness.values == [PRESSURE])

    run(main())


def test_a_device_that_is_paired_already_keeps_its_bond() -> None:
    async def main() -> None:
        cuff, witness = cuff_that_shows(4711), Witness()
        async with virtual_bluetooth([cuff]) as bluetooth, running([listed(cuff, witness)]) as radio:
            for times in (1, 2):
                cuff.measure(PRESSURE)
                await radio.pair(cuff.address, Typist(4711))
                await until(lambda: witness.ended(times))  # noqa: B023 (awaited inside the loop)
            assert bluetooth.called("Pair") == 2
            assert bluetooth.radio.bonded(cuff.address)
        assert witness.values == [PRESSURE, PRESSURE]

    run(main())


def test_a_device_that_goes_away_while_it_is_paired_is_named() -> None:
    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        async with virtual_bluetooth([scale]) as bluetooth, running([listed(scale, witness)]) as radio:
            bluetooth.faults.connect_hang = 1
            scale.measure(frames.weight("81.35"))
            pairing = asyncio.create_task(radio.pair(scale.address, Typist()))
            await until(lambda: bluetooth.called("Pair"))
            await bluetooth.remove_device(scale.address)
            await bluetooth.restart(crash=True)
            with pytest.raises(GatewayError) as failed:
                await pairing
            assert failed.value.reason in {"bluetooth-lost", "ble-gone", "ble-dropped"}

    run(main())


# --- the agent's other answers ----------------------------------------------------------------------------------------


async def asked(other: DBusClient, agent: Agent, member: str, signature: str, *body: object) -> str:
    """What the agent answers BlueZ: the error's last word, or `yes` and what it gives."""
    message = Message(
        destination=agent.client, path=agent.path, interface=AGENT, member=member, signature=signature, body=list(body)
    )
    reply = await other.bus.call(message)
    if reply.message_type is MessageType.ERROR:
        return (reply.error_name or "").rpartition(".")[2]
    return " ".join(["yes", *map(str, reply.body)])


def test_the_agent_answers_whatever_bluez_may_ask_while_its_window_is_open() -> None:
    async def main() -> None:
        cuff, witness, person = cuff_that_shows(4711), Witness(), Typist(4711, waits=True)
        async with (
            virtual_bluetooth([cuff]) as bluetooth,
            dbus_client() as other,
            running([listed(cuff, witness)], PATIENT) as radio,
        ):
            cuff.measure(PRESSURE)
            pairing = asyncio.create_task(radio.pair(cuff.address, person))
            await until(lambda: person.asked == ["read"])
            agent = bluetooth._agents.choose(None)
            assert agent is not None
            path = bluetooth._core.device_path(cuff.address)
            assert await asked(other, agent, "DisplayPasskey", "ouq", path, 123456, 0) == "yes"
            assert await asked(other, agent, "DisplayPasskey", "ouq", path, 123456, 1) == "yes"
            assert await asked(other, agent, "RequestAuthorization", "o", path) == "yes"
            assert await asked(other, agent, "AuthorizeService", "os", path, "1810") == "yes"
            assert await asked(other, agent, "RequestPinCode", "o", path) == "Rejected"
            assert await asked(other, agent, "RequestAuthorization", "o", "/org/bluez/hci0/dev_other") == "Rejected"
            assert await asked(other, agent, "RequestConfirmation", "ou", path, 99) == "yes"
            person.same = False
            assert await asked(other, agent, "RequestConfirmation", "ou", path, 98) == "Rejected"
            question = asyncio.create_task(asked(other, agent, "RequestPasskey", "o", path))
            await until(lambda: person.asked.count("read") == 2)
            assert await asked(other, agent, "Cancel", "") == "yes"
            assert await question == "Canceled"
            # The question BlueZ itself had asked was given up when the next came: this pairing has failed.
            with pytest.raises(GatewayError):
                await pairing
            assert person.shown == [123456, 99, 98], "a code is shown once, not with each digit typed"
            assert await asked(other, agent, "RequestAuthorization", "o", path) == "Rejected", "the window is closed"

    run(main())


def test_an_agent_that_is_released_registers_again() -> None:
    async def main() -> None:
        cuff, witness = cuff_that_shows(None), Witness()
        async with (
            virtual_bluetooth([cuff]) as bluetooth,
            dbus_client() as other,
            running([listed(cuff, witness)]),
        ):
            await until(lambda: bluetooth.called("RequestDefaultAgent") == 1)
            agent = bluetooth._agents.choose(None)
            assert agent is not None
            assert await asked(other, agent, "Release", "") == "yes"
            await until(lambda: bluetooth.called("RequestDefaultAgent") == 2)

    run(main())
