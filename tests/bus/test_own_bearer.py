"""The first connection of a bonded early sender since bluetoothd started goes past BlueZ, and only that one."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from gateway.errors import GatewayError
from gateway.simulator import frames
from gateway.simulator.ble_devices import Cuff
from gateway.simulator.bluez.virtual import VirtualBluetooth
from gateway.simulator.peripheral import Habits
from gateway.transport.ble.errors import fault
from gateway.transport.ble.l2cap import Endpoint
from gateway.transport.ble.radio import Radio
from tests.aio import run, until
from tests.bus.listed_devices import QUICK, Witness, listed, paired_before, running
from tests.bus.virtual_home import virtual_bluetooth
from tests.unit.transport.att_server import OFF, AttServer

pytestmark = pytest.mark.bus

EXPOSED = {"early_sender": True, "cleared": False}
STORED = [frames.blood_pressure(100 + n, 80, 93) for n in range(3)]


@dataclass
class Way:
    """A door behind which a server gives what the cuff has; or, with a reason, nothing."""

    reason: str = ""
    open: bool = True
    log: list[tuple[str, bytes]] = field(default_factory=list)
    values: list[bytes] = field(default_factory=lambda: list(STORED))
    tried: int = 0
    servers: list[AttServer] = field(default_factory=list)

    def available(self) -> bool:
        return self.open

    async def connect(self, adapter: Endpoint, device: Endpoint, seconds: float) -> socket.socket:
        self.tried += 1
        if self.reason:
            raise fault(self.reason)
        server = AttServer(self.values, self.log)
        self.servers.append(server)
        return server.hub

    def said(self, what: str) -> list[bytes]:
        return [value for word, value in self.log if word == what]


@dataclass
class Met:
    """A bonded cuff that BlueZ has not met since it started."""

    bluetooth: VirtualBluetooth
    cuff: Cuff
    witness: Witness
    radio: Radio
    way: Way
    kept: bool = True

    def count(self, name: str) -> int:
        return self.radio.state.counters.get(name, 0)


@asynccontextmanager
async def met(way: Way, known: dict[str, object] | None = None) -> AsyncIterator[Met]:
    cuff = Cuff(needs_bond=True, habits=Habits(interval=0.02, early=0.0, linger=0.2))
    witness = Witness()
    async with virtual_bluetooth([cuff]) as bluetooth:
        paired_before(bluetooth, cuff)
        device = replace(listed(cuff, witness), known=EXPOSED if known is None else known)
        quick = replace(QUICK, hushed_s=0.1)
        async with running([device], quick, door=way, stored=lambda: here.kept) as radio:
            here = Met(bluetooth, cuff, witness, radio, way)
            try:
                yield here
            finally:
                for server in way.servers:
                    server.hang_up()


def test_it_is_made_past_bluez_and_the_next_through_it() -> None:
    async def main() -> None:
        async with met(Way()) as here:
            here.cuff.measure(frames.blood_pressure(140, 80, 93))
            await until(lambda: here.witness.ended(1))
            assert here.witness.values == here.way.said("confirmed") == STORED
            assert here.way.said("configured") == [OFF]
            assert here.bluetooth.called("Connect") == 0
            assert here.witness.known["cleared"] is True
            await until(lambda: here.witness.ended(2))
            assert here.way.tried == 1
            assert here.witness.values[3:] == here.cuff.confirmed == [frames.blood_pressure(140, 80, 93)]
            assert here.count("own-bearer-contacts") == 1
            assert here.count("unprotected-first-connections") == 0
            await until(lambda: here.radio.state.unprimed == 0)

    run(main())


@pytest.mark.parametrize("known", [{"early_sender": True, "cleared": True}, {"early_sender": False, "cleared": False}])
def test_a_device_that_waits_is_connected_to_by_bluez(known: dict[str, object]) -> None:
    async def main() -> None:
        async with met(Way(), known) as here:
            here.cuff.measure(frames.blood_pressure(140, 80, 93))
            await until(lambda: here.witness.ended(1))
            assert here.way.tried == 0
            assert here.witness.values == [frames.blood_pressure(140, 80, 93)]

    run(main())


def test_without_a_door_bluez_connects_and_that_is_counted() -> None:
    async def main() -> None:
        async with met(Way(open=False)) as here:
            here.cuff.measure(frames.blood_pressure(140, 80, 93))
            await until(lambda: here.witness.ended(1))
            assert here.way.tried == 0
            assert here.count("unprotected-first-connections") == 1

    run(main())


def test_where_the_kernel_cannot_bluez_must() -> None:
    """After three attempts; and it is counted."""

    async def main() -> None:
        async with met(Way("ble-connect-failed")) as here:
            here.cuff.measure(frames.blood_pressure(140, 80, 93))
            await until(lambda: here.witness.values)
            assert here.way.tried == 3
            assert here.count("unprotected-first-connections") == 1
            assert here.count("own-bearer-contacts") == 0

    run(main())


def test_what_cannot_be_kept_is_not_confirmed() -> None:
    async def main() -> None:
        async with met(Way()) as here:
            here.kept = False
            here.cuff.measure(frames.blood_pressure(140, 80, 93))
            await until(lambda: here.witness.ended(1))
            assert here.witness.values == STORED[:1]
            assert here.way.said("confirmed") == here.way.said("configured") == []
            here.kept = True
            await until(lambda: here.witness.ended(2))
            assert here.way.said("confirmed") == STORED

    run(main())


class Broken(Witness):
    """A contact in which something is wrong."""

    def frame(self, channel: str, data: bytes) -> None:
        super().frame(channel, data)
        raise GatewayError("ble-fault")


def test_a_value_nobody_took_is_not_confirmed() -> None:
    async def main() -> None:
        way, witness = Way(), Broken()
        cuff = Cuff(needs_bond=True, habits=Habits(interval=0.02, early=0.0))
        async with virtual_bluetooth([cuff]) as bluetooth:
            paired_before(bluetooth, cuff)
            async with running([replace(listed(cuff, witness), known=EXPOSED)], door=way):
                cuff.measure(frames.blood_pressure(140, 80, 93))
                await until(lambda: witness.ended(1))
                assert way.said("confirmed") == []
            for server in way.servers:
                server.hang_up()

    run(main())


def test_bluetoothd_that_dies_meanwhile_takes_nothing_with_it() -> None:
    async def main() -> None:
        async with met(Way(values=[])) as here:
            here.cuff.measure(frames.blood_pressure(140, 80, 93))
            await until(lambda: here.way.servers and here.witness.of("opened"))
            here.way.values[:] = STORED
            await here.bluetooth.restart(crash=True)
            await until(lambda: here.way.said("confirmed") == STORED)
            assert here.witness.values[:3] == STORED

    run(main())
