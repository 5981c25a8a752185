"""Whatever the radio does, readings flow again or health has the right word; each remedy is told, and no more are taken
than are needed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus

from gateway.env import real_env
from gateway.simulator import frames
from gateway.simulator.ble_devices import Scale
from gateway.simulator.bluez.virtual import VirtualBluetooth
from gateway.simulator.bus import PrivateBus
from gateway.transport.ble.bluez import Bluez
from gateway.transport.ble.deadline import end
from gateway.transport.ble.hardware import Hardware
from gateway.transport.ble.radio import Reboots
from gateway.transport.ble.scanner import Scanner
from gateway.transport.ble.state import RadioState
from tests.aio import run, until
from tests.bus.listed_devices import HABITS, QUICK, Witness, is_, listed, running
from tests.bus.test_ble_radio import bus_address
from tests.bus.virtual_home import virtual_bluetooth

pytestmark = pytest.mark.bus

WEIGHT = frames.weight("81.35")
# A second of the ladder is a hundredth of one.
HURRIED = replace(QUICK, pace=0.01, look_s=0.02, off_s=0.02, not_discovering_s=0.2)


class Machine(Hardware):
    """The kernel's view, as the test wants it."""

    def __init__(self, *adapters: str, blocked: bool = False) -> None:
        self.names, self.held = list(adapters), blocked

    def adapters(self) -> list[str]:
        return self.names

    def blocked(self) -> bool:
        return self.held


@dataclass
class ServiceManager:
    """systemd and logind as the gateway meets them: `asked` is what was asked for."""

    bluetooth: VirtualBluetooth
    refuses: bool = False
    asked: list[tuple[str, ...]] = field(default_factory=list)
    restarting: list["asyncio.Task[None]"] = field(default_factory=list)

    def answer(self, message: Message) -> Message | None:
        """Does what systemd would."""
        if message.message_type is not MessageType.METHOD_CALL or message.member not in {"RestartUnit", "Reboot"}:
            return None
        self.asked.append((message.member, *(str(word) for word in message.body)))
        if self.refuses:
            return Message.new_error(message, "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", "no")
        if message.member == "Reboot":
            return Message.new_method_return(message)
        if message.body[0] != "bluetooth.service":
            return Message.new_error(message, "org.freedesktop.systemd1.NoSuchUnit", "not found")
        self.restarting.append(asyncio.ensure_future(self.bluetooth.restart()))
        return Message.new_method_return(message, "o", ["/org/freedesktop/systemd1/job/1"])


@asynccontextmanager
async def service_manager(bluetooth: VirtualBluetooth) -> AsyncIterator[ServiceManager]:
    """One on the bus, for as long as the context is open."""
    manager = ServiceManager(bluetooth)
    bus = MessageBus(bus_type=BusType.SYSTEM)
    await bus.connect()
    bus.add_message_handler(manager.answer)
    for name in ("org.freedesktop.systemd1", "org.freedesktop.login1"):
        await bus.request_name(name)
    try:
        yield manager
    finally:
        await asyncio.gather(*manager.restarting)
        bus.disconnect()
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


@contextmanager
def not_reading(bus: MessageBus) -> Iterator[None]:
    """The program at this end of the bus hangs."""
    loop = asyncio.get_running_loop()
    fd: int = bus._fd  # type: ignore[assignment]
    reader = loop._selector.get_key(fd).data[0]  # type: ignore[attr-defined]
    callback, arguments = reader._callback, reader._args
    loop.remove_reader(fd)
    try:
        yield
    finally:
        loop.add_reader(fd, callback, *arguments)


# --- the rungs --------------------------------------------------------------------------------------------------------


def test_an_adapter_that_scans_in_name_only_is_never_ready_and_is_switched_off_and_on() -> None:
    async def main() -> None:
        scale, witness, states = Scale(habits=HABITS), Witness(), list[RadioState]()
        async with virtual_bluetooth([scale]) as bluetooth, service_manager(bluetooth) as manager:
            bluetooth.faults.blind = 1
            async with running([listed(scale, witness)], HURRIED, on_change=states.append) as radio:
                await until(is_(radio, "bluetooth-deaf"))
                await until(is_(radio, "ready"))
                assert "ready" not in [s.code for s in states][:-1], "not before it hears"
                assert radio.state.counters["recovery-power"] == 1
                assert manager.asked == []
                scale.measure(WEIGHT)
                await until(lambda: witness.values == [WEIGHT])
                await until(lambda: radio.state.rung is None)
        assert "power" in [s.rung for s in states], "each rung is told"

    run(main())


def test_an_adapter_that_neither_hears_nor_stops_scanning_is_not_ready_whatever_bluez_says() -> None:
    """A controller that answers no more: BlueZ's scan cannot be stopped, and it goes on saying that it discovers."""

    async def main() -> None:
        scale, witness, states = Scale(habits=HABITS), Witness(), list[RadioState]()
        limits = replace(HURRIED, silence_s=0.2)
        async with (
            virtual_bluetooth([scale]) as bluetooth,
            service_manager(bluetooth),
            running([listed(scale, witness)], limits, on_change=states.append) as radio,
        ):
            await until(is_(radio, "ready"))
            bluetooth.faults.deaf, bluetooth.faults.stop_in_progress = 1, 2
            await until(lambda: "bluetooth-deaf" in [s.code for s in states])
            await until(is_(radio, "ready"))
            assert bluetooth.faults.deaf == 0, "ready again before the adapter hears"
            scale.measure(WEIGHT)
            await until(lambda: witness.values == [WEIGHT])
            assert radio.state.counters["recovery-power"] == 1

    run(main())


def test_an_adapter_that_hangs_in_a_quiet_home_is_named_long_before_the_silence_would_be_noticed() -> None:
    async def main() -> None:
        scale, witness, states = Scale(habits=HABITS), Witness(), list[RadioState]()
        async with (
            virtual_bluetooth([scale]) as bluetooth,
            service_manager(bluetooth),
            running([listed(scale, witness)], replace(HURRIED, quiet_s=0.2), on_change=states.append) as radio,
        ):
            await until(is_(radio, "ready"))
            bluetooth.faults.deaf, bluetooth.faults.stop_in_progress = 1, 2
            await until(lambda: "bluetooth-deaf" in [s.code for s in states], within=HURRIED.silence_s / 3)
            await until(is_(radio, "ready"))
            assert bluetooth.faults.deaf == 0, "ready again before the adapter hears"

    run(main())


def test_an_adapter_that_obeys_in_a_quiet_home_is_ready_all_the_time() -> None:
    async def main() -> None:
        scale, witness, states = Scale(habits=HABITS), Witness(), list[RadioState]()
        limits = replace(HURRIED, quiet_s=0.1, not_discovering_s=10.0)
        async with (
            virtual_bluetooth([scale]) as bluetooth,
            running([listed(scale, witness)], limits, on_change=states.append) as radio,
        ):
            await until(lambda: bluetooth.called("StopDiscovery") >= 5)
            scale.measure(WEIGHT)
            await until(lambda: witness.values == [WEIGHT])
            assert radio.state.counters["scanners-built"] == 1
        assert [s.code for s in states] == ["ready"]

    run(main())


def test_an_adapter_that_refuses_to_scan_while_it_connects_is_not_taken_for_deaf() -> None:
    """The kernel does one thing after the other, and a device that has gone can keep it busy for twenty seconds."""

    async def main() -> None:
        env, connecting, codes = real_env(), [True], list[str]()
        async with virtual_bluetooth([]) as bluetooth:
            bluetooth.faults.hung = 1
            bluez = Bluez(env, QUICK)
            scanner = Scanner(
                bluez,
                env,
                QUICK,
                heard=lambda _device, _advertisement: None,
                found=lambda _sighting: None,
                report=codes.append,
                paused=lambda: connecting[0],
                services=(),
                lists=lambda _address: False,
            )
            tasks = [asyncio.create_task(bluez.run()), asyncio.create_task(scanner.run())]
            await until(lambda: bluetooth.called("StartDiscovery") >= 3)
            assert scanner.deaf == 0
            assert "bluetooth-deaf" not in codes
            connecting[0] = False
            await until(lambda: "bluetooth-deaf" in codes)
            for task in tasks:
                await end(task)

    run(main())


def test_an_adapter_that_hangs_costs_a_restart_of_the_service() -> None:
    async def main() -> None:
        scale, witness, states = Scale(habits=HABITS), Witness(), list[RadioState]()
        async with virtual_bluetooth([scale]) as bluetooth, service_manager(bluetooth) as manager:
            bluetooth.faults.hung = 1
            async with running([listed(scale, witness)], HURRIED, on_change=states.append) as radio:
                await until(lambda: manager.asked)
                await until(is_(radio, "ready"))
                scale.measure(WEIGHT)
                await until(lambda: witness.values == [WEIGHT])
            assert manager.asked == [("RestartUnit", "bluetooth.service", "replace")]
        assert [rung for rung in dict.fromkeys(s.rung for s in states) if rung] == ["power", "service"]

    run(main())


def test_an_adapter_that_obeys_again_only_after_its_power_cycle_is_cycled_once_more_with_the_service() -> None:
    """What the kernel still believes of its scan outlives bluetoothd, and ends with the adapter's power."""

    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        async with virtual_bluetooth([scale]) as bluetooth, service_manager(bluetooth) as manager:
            bluetooth.faults.hung, manager.refuses = 1, True

            def obeys(state: RadioState) -> None:
                if state.rung == "service" and bluetooth.faults.hung:
                    bluetooth.faults.hung, bluetooth.faults.blind = 0, 1

            async with running([listed(scale, witness)], HURRIED, on_change=obeys) as radio:
                await until(is_(radio, "ready"))
                scale.measure(WEIGHT)
                await until(lambda: witness.values == [WEIGHT])

    run(main())


@pytest.mark.parametrize("allowed", [False, True], ids=["no reboots", "reboots allowed"])
def test_when_nothing_helps_the_hub_is_rebooted_once_if_it_may_and_health_says_what_to_do(
    tmp_path: Path, allowed: bool
) -> None:
    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        reboots = Reboots(tmp_path, replace(real_env(), hub_clock=lambda: "synchronised")) if allowed else None
        async with virtual_bluetooth([scale]) as bluetooth, service_manager(bluetooth) as manager:
            bluetooth.faults.hung = 1
            manager.refuses = True
            async with running([listed(scale, witness)], HURRIED, reboots=reboots) as radio:
                await until(is_(radio, "bluetooth-needs-power-cycle"), within=15.0)
                assert [asked[0] for asked in manager.asked] == ["RestartUnit", "Reboot"][: 1 + allowed]
                assert radio.state.counters["recovery-service-refused"] == 1
                bluetooth.faults.hung = 0
                scale.measure(WEIGHT)
                await until(lambda: witness.values == [WEIGHT])
                await until(lambda: (radio.state.code, radio.state.rung) == ("ready", None))

    run(main(), timeout=30.0)


def test_an_adapter_found_switched_off_is_switched_on() -> None:
    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        async with virtual_bluetooth([scale]) as bluetooth:
            await bluetooth.power(False)
            async with running([listed(scale, witness)], HURRIED) as radio:
                await until(is_(radio, "bluetooth-off"))
                await until(is_(radio, "ready"))
                scale.measure(WEIGHT)
                await until(lambda: witness.values == [WEIGHT])

    run(main())


def test_a_quiet_home_is_left_alone() -> None:
    """Nothing ever advertises: the scanner is renewed now and then, and nothing else is touched or told."""

    async def main() -> None:
        scale, witness, states = Scale(habits=HABITS), Witness(), list[RadioState]()
        limits = replace(HURRIED, silence_s=0.2, pace=0.0001)
        async with virtual_bluetooth([scale]) as bluetooth, service_manager(bluetooth) as manager:
            async with running([listed(scale, witness)], limits, on_change=states.append) as radio:
                await until(lambda: radio.state.counters["scanners-built"] >= 5)
                assert not [name for name in radio.state.counters if name.startswith("recovery")]
            assert manager.asked == []
        assert [s.code for s in states] == ["ready"]

    run(main())


def test_a_home_that_falls_silent_gets_its_adapter_cycled_and_a_word() -> None:
    async def main() -> None:
        crowd = [Scale(address=f"C2:00:00:00:00:{n:02X}", habits=HABITS) for n in range(8)]
        scale, witness = Scale(habits=HABITS), Witness()
        # An hour of the ladder is 0.36 s.
        limits = replace(HURRIED, pace=0.0001, silence_s=30.0)
        async with virtual_bluetooth([*crowd, scale]) as bluetooth:
            for other in crowd:
                other.queue("none", b"")
            async with running([listed(scale, witness)], limits) as radio:
                await until(is_(radio, "ready"))
                await asyncio.sleep(2.0)
                assert radio.state.code == "ready"
                for other in crowd:
                    await bluetooth.radio.remove(other.address)  # type: ignore[attr-defined]
                await until(lambda: radio.state.code in {"bluetooth-silent", "bluetooth-needs-power-cycle"})
                assert radio.state.counters["recovery-power"] >= 1
                scale.measure(WEIGHT)
                await until(lambda: witness.values == [WEIGHT])
                assert radio.state.code == "ready"

    run(main())


# --- the words --------------------------------------------------------------------------------------------------------


def test_a_switch_that_blocks_bluetooth_is_named_and_nothing_is_tried() -> None:
    async def main() -> None:
        scale, witness, machine = Scale(habits=HABITS), Witness(), Machine("hci0")
        async with (
            virtual_bluetooth([scale]) as bluetooth,
            running([listed(scale, witness)], HURRIED, hardware=machine) as radio,
        ):
            await until(is_(radio, "ready"))
            machine.held = True
            await bluetooth.power(False)
            await until(is_(radio, "bluetooth-blocked"))
            await asyncio.sleep(0.3)
            assert not [name for name in radio.state.counters if name.startswith("recovery")]
            machine.held = False
            await bluetooth.power(True)
            await until(is_(radio, "ready"))

    run(main())


def test_a_machine_without_an_adapter_is_told_so_although_bluez_does_not_even_run() -> None:
    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        async with PrivateBus() as bus:
            with bus_address(bus.address):
                async with running([listed(scale, witness)], HURRIED, hardware=Machine()) as radio:
                    await until(is_(radio, "bluetooth-adapter-missing"))

    run(main())


def test_an_adapter_pulled_out_is_named_and_used_again_when_it_is_back() -> None:
    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        async with virtual_bluetooth([scale]) as bluetooth, running([listed(scale, witness)], HURRIED) as radio:
            await until(is_(radio, "ready"))
            await bluetooth.unplug()
            await until(is_(radio, "bluetooth-adapter-missing"))
            bluetooth.plug_in()
            await until(is_(radio, "ready"))
            scale.measure(WEIGHT)
            await until(lambda: witness.values == [WEIGHT])

    run(main())


@pytest.mark.parametrize("quiet_s", [60.0, 0.1], ids=["while it is only listened to", "while its adapter is asked"])
def test_a_bluetoothd_that_hangs_is_noticed_by_its_silence(quiet_s: float) -> None:
    async def main() -> None:
        scale, witness = Scale(habits=HABITS), Witness()
        limits = replace(QUICK, pulse_s=0.1, answer_s=0.3, quiet_s=quiet_s, scan_start_s=30.0)
        async with virtual_bluetooth([scale]) as bluetooth, running([listed(scale, witness)], limits) as radio:
            await until(is_(radio, "ready"))
            tree = bluetooth._core.tree
            bus = tree._bus
            assert bus is not None
            # It keeps its name and reads nothing.
            with not_reading(bus):
                await until(is_(radio, "bluetooth-missing"), within=5.0)
            await until(is_(radio, "ready"), within=5.0)
            scale.measure(WEIGHT)
            await until(lambda: witness.values == [WEIGHT])

    run(main())
