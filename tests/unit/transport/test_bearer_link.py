"""Our own ATT bearer: what a device sends unasked is confirmed when it is kept, and never before."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import cast

import pytest
from dbus_fast import Variant

from gateway.errors import GatewayError
from gateway.transport.ble.bearer_link import BearerLink, Case
from gateway.transport.ble.bluez import Bluez
from gateway.transport.ble.errors import AttRefusedError, fault
from gateway.transport.ble.l2cap import Endpoint
from gateway.transport.ble.limits import Limits
from gateway.transport.ble.link import HungUpError
from tests.aio import run, until
from tests.unit.transport.att_server import CHANGED_AT, OFF, ON, PRESSURE, PRESSURE_AT, TIME, AttServer

ADDRESS = "C0:00:00:00:00:12"
PATH = "/org/bluez/hci0/dev_C0_00_00_00_00_12"
LIMITS = Limits(gatt_s=0.5, read_s=0.5, connect_s=5.0, bus_s=2.0)
VALUES = [b"\x16one", b"\x16two", b"\x16three"]


@dataclass
class Facts:
    """What is known of devices."""

    facts: dict[str, object] = field(default_factory=dict)

    def learn(self, address: str, **facts: object) -> None:
        assert address == ADDRESS
        self.facts |= facts

    def knows(self, address: str, name: str) -> object:
        assert address == ADDRESS
        return self.facts.get(name)


class Objects:
    """BlueZ, asked who is who."""

    async def call(self, path: str, interface: str, member: str, signature: str, body: list[str]) -> list[object]:
        assert (interface, member, signature) == ("org.freedesktop.DBus.Properties", "GetAll", "s")
        adapter = {"Address": Variant("s", "C0:FF:EE:00:00:01"), "AddressType": Variant("s", "public")}
        device = {"Address": Variant("s", ADDRESS), "AddressType": Variant("s", "random")}
        return [{"/org/bluez/hci0": adapter, PATH: device}[path]]


@dataclass
class Door:
    """The way to a server, or the reason why there is none; None: it does not come to an end."""

    way: socket.socket | GatewayError | None
    ends: tuple[Endpoint, Endpoint] | None = None

    def available(self) -> bool:
        return True

    async def connect(self, adapter: Endpoint, device: Endpoint, seconds: float) -> socket.socket:
        self.ends = (adapter, device)
        if self.way is None:
            await asyncio.sleep(60.0)
        if isinstance(self.way, GatewayError):
            raise self.way
        assert self.way is not None
        return self.way


@dataclass
class Met:
    """A contact under way."""

    server: AttServer
    link: BearerLink
    memory: Facts
    door: Door
    log: list[tuple[str, bytes]]
    full: bool = False

    def take(self, data: bytes) -> None:
        self.log.append(("kept", data))

    async def connect(self) -> None:
        await self.link.connect({PRESSURE: self.take})

    @property
    def kept(self) -> list[bytes]:
        return [value for what, value in self.log if what == "kept"]


@asynccontextmanager
async def met(
    values: list[bytes] | None = None, *, early: bool = True, known: dict[str, object] | None = None
) -> AsyncIterator[Met]:
    """A device with values in its memory, about to be connected to."""
    log: list[tuple[str, bytes]] = []
    server = AttServer(VALUES if values is None else values, log, early=early)
    memory, door = Facts({"cleared": False} if known is None else known), Door(server.hub)
    case = Case(
        address=ADDRESS,
        path=PATH,
        measuring=frozenset({PRESSURE}),
        hush_s=0.1,
        hush_at_once=True,
        stored=lambda: not here.full,
    )
    link = BearerLink(door, cast(Bluez, Objects()), memory, LIMITS, case)
    here = Met(server, link, memory, door, log)
    try:
        yield here
    finally:
        await link.disconnect(hurry=True)
        server.hub.close()
        server.hang_up()


async def to_the_end(link: BearerLink, take: Callable[[bytes], None]) -> None:
    """Connects, and stays until the link is over; HungUpError."""
    await link.connect({PRESSURE: take})
    await link.rest(5.0)


async def connect_and_subscribe(here: Met) -> None:
    await here.connect()
    await here.link.subscribe(PRESSURE)


def test_each_value_is_confirmed_after_it_is_kept_and_the_device_told_to_wait() -> None:
    async def main() -> None:
        async with met() as here:
            await here.connect()
            await here.link.subscribe(PRESSURE)
            await until(lambda: here.memory.facts.get("cleared") is True)
            assert here.log == [
                *(step for value in VALUES for step in (("kept", value), ("confirmed", value))),
                ("configured", OFF),
            ]
            assert here.memory.facts["early_sender"] is True
            assert here.link.hushed
            assert here.door.ends == (Endpoint("C0:FF:EE:00:00:01", random=False), Endpoint(ADDRESS, random=True))

    run(main())


def test_nothing_is_confirmed_before_it_is_known_what_it_is() -> None:
    async def main() -> None:
        async with met() as here:
            here.server.silent = {0x08}
            connecting = asyncio.ensure_future(here.connect())
            with pytest.raises(GatewayError, match="ble-no-answer"):
                await connecting
            assert here.log == []
            assert here.link.gone.is_set(), "who was not answered asks nothing more"

    run(main())


@pytest.mark.parametrize("how_many", [0, 1])
def test_what_could_not_be_kept_is_not_confirmed_and_stays_with_the_device(how_many: int) -> None:
    async def main() -> None:
        async with met() as here:

            def take(data: bytes) -> None:
                here.take(data)
                here.full = len(here.kept) > how_many

            with pytest.raises(HungUpError):
                await to_the_end(here.link, take)
            assert here.server.confirmed == VALUES[:how_many]
            await here.link.disconnect(hurry=False)
            assert here.server.configured == [], "and it is not told to wait either"
            assert here.memory.facts["cleared"] is False

    run(main())


def test_a_device_that_waits_to_be_asked_is_asked() -> None:
    async def main() -> None:
        async with met(early=False) as here:
            await here.connect()
            await here.link.subscribe(PRESSURE)
            await until(lambda: here.server.configured == [ON, OFF])
            assert here.server.confirmed == here.kept == VALUES
            assert here.memory.facts["early_sender"] is False
            await until(lambda: here.memory.facts["cleared"] is True)

    run(main())


def test_the_device_is_told_to_wait_at_the_latest_at_the_end() -> None:
    async def main() -> None:
        async with met([], known={"early_sender": True}) as here:
            await here.connect()
            await here.link.disconnect(hurry=False)
            assert here.server.configured == [OFF]
            assert here.memory.facts["cleared"] is True

    run(main())


def test_a_device_nobody_has_judged_yet_is_left_as_it_was() -> None:
    async def main() -> None:
        async with met([], known={}) as here:
            await here.connect()
            await here.link.disconnect(hurry=False)
            assert here.server.configured == []

    run(main())


def test_a_device_that_hangs_up_midway_keeps_what_was_not_confirmed() -> None:
    async def main() -> None:
        async with met() as here:

            def take(data: bytes) -> None:
                here.take(data)
                if len(here.kept) == 2:
                    here.server.hang_up()

            with pytest.raises(HungUpError):
                await to_the_end(here.link, take)
            assert here.server.confirmed == VALUES[:1]
            assert here.kept == VALUES[:2]
            await here.link.disconnect(hurry=False)
            assert here.memory.facts["cleared"] is False

    run(main())


def test_nonsense_is_passed_over_and_too_much_of_it_ends_the_link() -> None:
    async def main() -> None:
        async with met([]) as here:
            await here.connect()
            for n in range(14):
                here.server.send(bytes((0x1F, n)))
            here.server.send(b"\x1d" + bytes(600))
            assert await here.link.read(TIME) == b"now"
            here.server.send(b"\x00")
            await until(here.link.gone.is_set)

    run(main())


def test_a_server_that_asks_is_answered_while_its_values_are_taken() -> None:
    async def main() -> None:
        async with met() as here:
            here.server.send(bytes.fromhex("02f700"))
            here.server.send(bytes.fromhex("080100ffff002a"))
            await here.connect()
            await until(lambda: here.server.confirmed == VALUES)
            assert here.server.answers == [bytes.fromhex("030502"), bytes.fromhex("0108000006")]

    run(main())


def test_two_indications_at_once_end_the_link() -> None:
    """Which of them would a confirmation be for? Core Specification, Vol 3, Part F, 3.3.2."""

    async def main() -> None:
        async with met() as here:
            here.server.indicate(PRESSURE_AT, b"another")
            with pytest.raises(HungUpError):
                await here.connect()
            assert here.server.confirmed == []

    run(main())


def test_an_indication_that_is_for_bluez_is_left_to_bluez() -> None:
    """Service Changed: confirmed by us, BlueZ would go on with services that are no more."""

    async def main() -> None:
        async with met([]) as here:
            await here.connect()
            assert not here.link.unfit
            here.server.indicate(CHANGED_AT, bytes.fromhex("0100ffff"))
            await until(here.link.gone.is_set)
            assert here.link.unfit
            await here.link.disconnect(hurry=False)
            await until(here.server.gone.is_set)
            assert here.server.confirmed == []

    run(main())


@pytest.mark.parametrize("answer", ["0907 0200 20 0300 352a", "0907 0000 20 0300 352a", "0907 ffff 20 0300 352a"])
def test_a_device_that_describes_itself_without_end_is_read_to_an_end(answer: str) -> None:
    async def main() -> None:
        async with met([]) as here:
            here.server.on_request = lambda pdu: bytes.fromhex(answer) if pdu[0] == 0x08 else None
            await here.connect()
            assert here.link.has(PRESSURE)

    run(main())


@pytest.mark.parametrize("opcode", [0x02, 0x08, 0x04])
def test_a_description_that_makes_no_sense_is_a_fault(opcode: int) -> None:
    async def main() -> None:
        async with met([], early=False) as here:
            here.server.on_request = lambda pdu: bytes((opcode + 1, 0xEE)) if pdu[0] == opcode else None
            with pytest.raises(GatewayError, match="ble-no-answer"):
                await connect_and_subscribe(here)

    run(main())


def test_characteristics_are_read_and_written() -> None:
    async def main() -> None:
        async with met([]) as here:
            here.server.refuses = {0x02: 0x06}
            await here.connect()
            assert await here.link.read(TIME) == b"now"
            await here.link.write(TIME, b"later", response=True)
            assert here.server.time == b"later"
            await here.link.write(TIME, b"much later", response=False)
            assert await here.link.read(TIME) == b"much later"
            with pytest.raises(AttRefusedError):
                await here.link.write(TIME, bytes(21), response=True)
            with pytest.raises(AttRefusedError) as refusal:
                await here.link.write(PRESSURE, b"1", response=True)
            assert refusal.value.code == 0x06
            with pytest.raises(AttRefusedError):
                await here.link.read("0000ffff-0000-1000-8000-00805f9b34fb")
            with pytest.raises(AttRefusedError):
                await here.link.subscribe(TIME)

    run(main())


def test_a_device_that_wants_a_bond_after_all_is_named() -> None:
    async def main() -> None:
        async with met([]) as here:
            here.server.refuses = {0x0A: 0x0F}
            await here.connect()
            with pytest.raises(GatewayError, match="needs-pairing"):
                await here.link.read(TIME)

    run(main())


@pytest.mark.parametrize(
    ("way", "word"),
    [(lambda: fault("ble-connect-failed"), "ble-connect-failed"), (lambda: None, "bluetooth-lost")],
    ids=["refused", "radio lost"],
)
def test_no_channel_is_a_fault_and_no_link(way: Callable[[], GatewayError | None], word: str) -> None:
    async def main() -> None:
        async with met() as here:
            here.door.way = way()
            asyncio.get_running_loop().call_later(0.1, here.link.lose)
            with pytest.raises(GatewayError, match=word):
                await here.connect()
            assert not here.link.made
            await here.link.disconnect(hurry=False)

    run(main())


def test_a_channel_that_does_not_come_in_time_is_a_fault() -> None:
    async def main() -> None:
        async with met() as here:
            here.door.way = None
            here.link._limits = replace(LIMITS, connect_s=0.05, bus_s=0.05)
            with pytest.raises(GatewayError, match="ble-connect-timeout"):
                await here.connect()

    run(main())
