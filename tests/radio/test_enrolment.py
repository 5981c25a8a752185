"""Pairing and early senders with the whole transport, over scripted devices and over a real ATT and SMP stack."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from gateway.errors import GatewayError
from gateway.simulator import frames
from gateway.simulator.ble_devices import Cuff
from gateway.simulator.bluez.radio import Peripheral, Radio
from gateway.simulator.peripheral import Habits
from tests.aio import run, until
from tests.bus.listed_devices import Typist, Witness, listed, running
from tests.bus.virtual_home import virtual_bluetooth

pytestmark = pytest.mark.bus

MakeRadio = Callable[[Iterable[Peripheral]], Radio]
PRESSURES = [frames.blood_pressure(120 + n, 80, 93) for n in range(9)]
HABITS = Habits(interval=0.02, linger=0.3)


@pytest.mark.parametrize("passkey", [None, 471100], ids=["just works", "shows a code"])
@pytest.mark.parametrize("latency", [0.0, 0.03], ids=["at once", "30 ms"])
def test_a_paired_early_sender_loses_nothing_from_its_second_contact_on(
    radio: MakeRadio, passkey: int | None, latency: float
) -> None:
    async def main() -> None:
        habits = replace(HABITS, early=0.0, latency=latency)
        cuff, witness = Cuff(needs_bond=True, habits=habits, passkey=passkey), Witness()
        async with virtual_bluetooth([cuff], radio=radio) as bluetooth, running([listed(cuff, witness)]) as hub:
            cuff.measure(*PRESSURES[:3])
            await hub.pair(cuff.address, Typist(passkey))
            await until(lambda: witness.ended(1))
            for n in (2, 3):
                cuff.measure(*PRESSURES[3 * (n - 1) : 3 * n])
                await until(lambda: witness.ended(n))  # noqa: B023 (awaited inside the loop)
            assert bluetooth.lost(cuff.address) == 0
            assert bluetooth.called("Pair") == 1
        assert witness.values == cuff.confirmed == PRESSURES
        assert witness.reasons == [None, None, None]
        assert witness.known["early_sender"] is True

    run(main(), timeout=40.0)


def test_a_wrong_code_pairs_nothing(radio: MakeRadio) -> None:
    async def main() -> None:
        cuff, witness = Cuff(needs_bond=True, habits=HABITS, passkey=471100), Witness()
        async with virtual_bluetooth([cuff], radio=radio) as bluetooth, running([listed(cuff, witness)]) as hub:
            cuff.measure(PRESSURES[0])
            with pytest.raises(GatewayError) as failed:
                await hub.pair(cuff.address, Typist(471101))
            assert failed.value.reason == "pairing-failed"
            assert not bluetooth.radio.bonded(cuff.address)
            await hub.pair(cuff.address, Typist(471100))
            await until(lambda: witness.values == [PRESSURES[0]])

    run(main(), timeout=40.0)


def test_a_bond_the_device_has_lost_is_named_and_kept(radio: MakeRadio) -> None:
    async def main() -> None:
        cuff, witness = Cuff(needs_bond=True, habits=HABITS), Witness()
        async with virtual_bluetooth([cuff], radio=radio) as bluetooth, running([listed(cuff, witness)]) as hub:
            cuff.measure(PRESSURES[0])
            await hub.pair(cuff.address, Typist())
            await until(lambda: witness.ended(1))
            cuff.forget_bond()
            cuff.measure(PRESSURES[1])
            await until(lambda: "needs-pairing-again" in witness.reasons)
            assert bluetooth.radio.bonded(cuff.address)
            assert bluetooth.called("RemoveDevice") == 0
        assert cuff.pending == 1

    run(main(), timeout=40.0)
