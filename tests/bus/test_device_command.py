"""`dho-gateway device`, as an installer runs it: a process of its own, before the virtual home."""

import asyncio
import json
import os
import pty
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bleak import BleakClient

from gateway.assignments import create
from gateway.attribution import Tenure
from gateway.baseline import Baseline
from gateway.identity import device_ref
from gateway.simulator import frames
from gateway.simulator.ble_devices import Cuff, Oximeter, Scale
from gateway.simulator.bluez.scripted import ScriptedRadio
from gateway.simulator.bluez.virtual import VirtualBluetooth
from gateway.simulator.peripheral import Habits, VirtualDevice
from gateway.store import Store, look
from tests.aio import run, until
from tests.bus.listed_devices import paired_before
from tests.bus.virtual_home import find, virtual_bluetooth

pytestmark = [pytest.mark.bus, pytest.mark.slow]

HABITS = Habits(interval=0.03, linger=0.3)
PRESSURES = [frames.blood_pressure(120 + n, 80, 93) for n in range(4)]
CONFIG = """
[hub]
id = "hub-0042"
tenant = "skien"
[store]
path = "{store}"
[mqtt]
host = "127.0.0.1"
port = 9
insecure_plaintext = true
"""
LISTED = """
[[device]]
name = "mansjett"
driver = "blood-pressure"
transport = "ble"
address = "{address}"
"""


@dataclass
class Command:
    """A command that runs. `lines` is its progress so far."""

    process: asyncio.subprocess.Process
    lines: list[str]
    keyboard: int | None = None

    async def ended(self) -> tuple[int, dict[str, object]]:
        """Its exit code and its result; AssertionError if it takes too long."""
        assert self.process.stdout is not None
        out = await asyncio.wait_for(self.process.stdout.read(), 40)
        code = await self.process.wait()
        result = json.loads(out.splitlines()[-1]) if out.strip() else {}
        return code, result

    async def says(self, word: str) -> None:
        """Waits for a line of progress."""
        await until(lambda: any(word in line for line in self.lines), within=30.0)


@asynccontextmanager
async def device(bluetooth: VirtualBluetooth, *words: str, keyboard: bool = False) -> AsyncIterator[Command]:
    """Runs `dho-gateway device` with these words and --json."""
    main, end = pty.openpty() if keyboard else (None, asyncio.subprocess.DEVNULL)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "device", *words, "--json",
        stdin=end, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **bluetooth.environ},
    )  # fmt: skip
    command = Command(process, [], main)
    assert process.stderr is not None
    stderr = process.stderr

    async def follow() -> None:
        # Not by lines: a question ends without one.
        while data := await stderr.read(4096):
            command.lines.append(data.decode())

    following = asyncio.create_task(follow())
    try:
        yield command
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await following
        if main is not None:
            os.close(main)
            os.close(end)


def configuration(folder: Path, *devices: VirtualDevice) -> str:
    """A file that lists these devices, as cuffs."""
    path = folder / "gateway.toml"
    text = CONFIG.format(store=folder / "store") + "".join(LISTED.format(address=d.address) for d in devices)
    path.write_text(text, encoding="utf-8")
    return str(path)


def stored(folder: Path) -> int:
    """How many readings the store has numbered."""
    return look(folder / "store").last_seq


# --- scan, list -------------------------------------------------------------------------------------------------------


def test_a_scan_names_the_driver_of_each_device_and_the_lines_that_list_it(tmp_path: Path) -> None:
    async def main() -> None:
        cuff, oximeter = Cuff("BP-1", habits=HABITS), Oximeter("OX-1", habits=HABITS)
        async with virtual_bluetooth([cuff, oximeter]) as bluetooth:
            cuff.measure(PRESSURES[0])
            oximeter.measure(frames.spot_check(97, 61))
            config = configuration(tmp_path, oximeter)
            async with device(bluetooth, "scan", "--seconds", "1", "--config", config) as command:
                code, result = await command.ended()
            assert code == 0
            found = {entry["address"]: entry for entry in result["devices"]}  # type: ignore[attr-defined]
            assert found[cuff.address]["drivers"][0] == "blood-pressure"
            assert f'address = "{cuff.address}"' in found[cuff.address]["config"]
            assert found[oximeter.address]["listed"] == "mansjett"
            assert found[oximeter.address]["config"] is None
            assert bluetooth.called("Connect") == 0

    run(main(), timeout=50.0)


def test_a_scan_shows_a_paired_device_that_is_as_strong_as_at_its_last_contact() -> None:
    async def main() -> None:
        cuff = Cuff(habits=HABITS)
        async with virtual_bluetooth([cuff]) as bluetooth:
            paired_before(bluetooth, cuff)
            cuff.measure(PRESSURES[0])
            async with BleakClient(await find(cuff.address)):
                pass
            await until(lambda: not cuff.linked)
            async with device(bluetooth, "scan", "--seconds", "1") as command:
                code, result = await command.ended()
            assert code == 0
            assert [entry["address"] for entry in result["devices"]] == [cuff.address]  # type: ignore[attr-defined]

    run(main(), timeout=50.0)


def test_a_scan_that_finds_nothing_says_so(tmp_path: Path) -> None:
    async def main() -> None:
        async with virtual_bluetooth([]) as bluetooth, device(bluetooth, "scan", "--seconds", "0.3") as command:
            assert await command.ended() == (1, {"ok": True, "devices": []})

    run(main(), timeout=50.0)


def test_the_list_shows_what_is_listed_and_what_is_only_paired(tmp_path: Path) -> None:
    async def main() -> None:
        cuff, stranger = Cuff("BP-1", habits=HABITS), Cuff("BP-2", "C0:00:00:00:00:99", habits=HABITS)
        async with virtual_bluetooth([cuff, stranger]) as bluetooth:
            config = configuration(tmp_path, cuff)
            paired_before(bluetooth, stranger)
            stranger.measure(PRESSURES[0])
            async with device(bluetooth, "scan", "--seconds", "0.5") as command:
                await command.ended()
            async with device(bluetooth, "list", "--config", config) as command:
                code, result = await command.ended()
            assert code == 0
            assert [
                (d["address"], d["listed"], d["paired"])
                for d in result["devices"]  # type: ignore[attr-defined]
            ] == [(cuff.address, "mansjett", False), (stranger.address, None, True)]

    run(main(), timeout=50.0)


# --- pair, test -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("early", [None, 0.0], ids=["patient", "early sender"])
def test_paired_means_slept_and_read_again(tmp_path: Path, early: float | None) -> None:
    async def main() -> None:
        habits = replace(HABITS, early=early, latency=0.01, linger=0.6)
        cuff = Cuff("BP-1", needs_bond=True, passkey=471100, habits=habits)
        async with virtual_bluetooth([cuff]) as bluetooth:
            config = configuration(tmp_path)
            words = ("pair", cuff.address, "--config", config, "--driver", "blood-pressure", "--name", "arm")
            async with device(bluetooth, *words, "--passkey", "471100") as command:
                await command.says("ready to be paired")
                cuff.measure(*PRESSURES[:2])
                await command.says("First reading done (2")
                connected = bluetooth.called("Connect")
                await command.says("Now measure once more")
                assert bluetooth.called("Connect") == connected, "the device is let sleep"
                cuff.measure(*PRESSURES[2:])
                code, result = await command.ended()
            assert (code, result["ok"], result["values"]) == (0, True, 4)
            facts = result["facts"]
            assert isinstance(facts, dict)
            assert facts["early_sender"] is (early is not None)
            assert facts["bonded"] is True
            assert "serial" not in facts
            assert f'name = "arm"\ndriver = "blood-pressure"\ntransport = "ble"\naddress = "{cuff.address}"' in str(
                result["config"]
            )
            assert cuff.confirmed == PRESSURES
            assert bluetooth.lost(cuff.address) == 0
            assert bluetooth.called("Pair") == 1
        assert stored(tmp_path) == 4, "what the device handed over is kept"

    run(main(), timeout=55.0)


def test_a_device_that_is_on_the_air_already_is_paired_before_anything_else_is_done_with_it(tmp_path: Path) -> None:
    """One that wants to be paired, and is only connected to, may hold on to that link and cannot be paired then."""

    async def main() -> None:
        cuff = Cuff("BP-1", needs_bond=True, habits=HABITS)
        async with virtual_bluetooth([cuff]) as bluetooth:
            cuff.measure(PRESSURES[0])
            words = ("pair", "mansjett", "--config", configuration(tmp_path, cuff))
            async with device(bluetooth, *words) as command:
                await command.says("First reading done (1")
            links = [member for member, _path in bluetooth.calls if member in {"Connect", "Pair"}]
            assert links[:1] == ["Pair"]

    run(main(), timeout=50.0)


def test_a_code_is_asked_of_the_person_at_the_keyboard(tmp_path: Path) -> None:
    async def main() -> None:
        cuff = Cuff("BP-1", needs_bond=True, passkey=471100, habits=HABITS)
        async with virtual_bluetooth([cuff]) as bluetooth:
            words = ("pair", cuff.address, "--config", configuration(tmp_path, cuff), "--lang", "nb")
            async with device(bluetooth, *words, keyboard=True) as command:
                await command.says("Gjør enheten klar")
                cuff.measure(PRESSURES[0])
                await command.says("Koden enheten viser")
                assert command.keyboard is not None
                os.write(command.keyboard, b"471100\n")
                await command.says("Mål nå en gang til")
                cuff.measure(PRESSURES[1])
                code, result = await command.ended()
            assert (code, result["ok"], result["config"]) == (0, True, None)

    run(main(), timeout=55.0)


def test_a_wrong_code_is_said_and_pairs_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        cuff = Cuff("BP-1", needs_bond=True, passkey=471100, habits=HABITS)
        async with virtual_bluetooth([cuff]) as bluetooth:
            words = ("pair", cuff.address, "--config", configuration(tmp_path, cuff), "--passkey", "1")
            async with device(bluetooth, *words) as command:
                await command.says("ready to be paired")
                cuff.measure(PRESSURES[0])
                code, result = await command.ended()
            assert (code, result["error"]) == (1, "pairing-failed")
            assert not bluetooth.radio.bonded(cuff.address)
        assert cuff.pending == 1

    run(main(), timeout=50.0)


@pytest.mark.parametrize("comes_back", [True, False], ids=["its button is pressed again", "it stays away"])
def test_a_device_that_hangs_up_while_it_is_paired_is_waited_for(tmp_path: Path, comes_back: bool) -> None:
    """The person is told at once, and at the end of the time what to do."""

    async def main() -> None:
        cuff = Cuff("BP-1", needs_bond=True, habits=replace(HABITS, latency=0.2))
        async with virtual_bluetooth([cuff]) as bluetooth:
            radio = bluetooth.radio
            assert isinstance(radio, ScriptedRadio)
            words = ("pair", cuff.address, "--config", configuration(tmp_path, cuff), "--minutes", "0.3")
            async with device(bluetooth, *words) as command:
                await command.says("ready to be paired")
                cuff.measure(PRESSURES[0])
                await until(lambda: bluetooth.called("Pair") and cuff.linked, within=30.0)
                await radio.remove(cuff.address)
                await command.says("hung up while it was being paired")
                if comes_back:
                    radio.add(cuff)
                    await command.says("Now measure once more")
                    cuff.measure(PRESSURES[1])
                code, result = await command.ended()
            assert (code, result.get("error")) == ((0, None) if comes_back else (1, "pairing-broken-off"))
            assert cuff.bond is comes_back

    run(main(), timeout=58.0)


def test_a_device_is_tried_once_and_tells_of_itself(tmp_path: Path) -> None:
    async def main() -> None:
        scale = Scale("SC-1", habits=replace(HABITS, linger=1.0), model="SC-9", battery=61)
        async with virtual_bluetooth([scale]) as bluetooth:
            words = ("test", scale.address, "--config", configuration(tmp_path), "--driver", "weight-scale")
            async with device(bluetooth, *words) as command:
                await command.says("Take a measurement")
                scale.measure(frames.weight("81.35"))
                code, result = await command.ended()
            assert (code, result["values"]) == (0, 1)
            facts = result["facts"]
            assert isinstance(facts, dict)
            assert (facts["model"], facts["battery"], facts["bonded"]) == ("SC-9", 61, False)
        assert stored(tmp_path) == 1

    run(main(), timeout=50.0)


def test_the_installers_own_measurement_is_counted_and_thrown_away(tmp_path: Path) -> None:
    """And what the device remembers is told from the person's anew: it may hand it over again."""

    def given(address: str) -> str:
        store = Store(tmp_path / "store")
        ref, since = device_ref(store.id_key, address), datetime(2026, 11, 1, tzinfo=UTC)
        store.assignments.save(create((), "asg-9f2c7b", "follow-up", since, None))
        store.assignments.give(ref, Tenure("asg-9f2c7b", since, None, None, Baseline(done=True, at=since)))
        store.close()
        return ref

    async def main() -> None:
        scale = Scale("SC-1", habits=HABITS)
        ref = given(scale.address)
        async with virtual_bluetooth([scale]) as bluetooth:
            words = ("test", scale.address, "--config", configuration(tmp_path), "--driver", "weight-scale")
            async with device(bluetooth, *words, "--own-measurement") as command:
                await command.says("Take a measurement")
                scale.measure(frames.weight("81.35"))
                code, result = await command.ended()
            assert (code, result["values"]) == (0, 1)
        assert stored(tmp_path) == 0
        store = Store(tmp_path / "store")
        assert [row.tenure.baseline.done for row in store.assignments.tenures(ref)] == [False]
        store.close()

    run(main(), timeout=50.0)


def test_a_device_that_wants_pairing_is_told_so_by_a_test(tmp_path: Path) -> None:
    async def main() -> None:
        cuff = Cuff("BP-1", needs_bond=True, habits=HABITS)
        async with virtual_bluetooth([cuff]) as bluetooth:
            async with device(bluetooth, "test", "mansjett", "--config", configuration(tmp_path, cuff)) as command:
                await command.says("Take a measurement")
                cuff.measure(PRESSURES[0])
                code, result = await command.ended()
            assert (code, result["error"]) == (1, "needs-pairing")
            assert "dho-gateway device pair" in str(result["text"])
        assert cuff.pending == 1

    run(main(), timeout=50.0)


# --- repair, remove ---------------------------------------------------------------------------------------------------


def test_a_lost_bond_is_named_by_a_test_and_put_right_by_a_repair(tmp_path: Path) -> None:
    async def main() -> None:
        cuff = Cuff("BP-1", needs_bond=True, habits=HABITS)
        async with virtual_bluetooth([cuff]) as bluetooth:
            config = configuration(tmp_path, cuff)
            paired_before(bluetooth, cuff)
            cuff.forget_bond()
            cuff.measure(PRESSURES[0])
            async with device(bluetooth, "test", "mansjett", "--config", config) as command:
                code, result = await command.ended()
            assert (code, result["error"]) == (1, "needs-pairing-again")
            assert bluetooth.radio.bonded(cuff.address), "never removed by itself"
            async with device(bluetooth, "repair", "mansjett", "--config", config) as command:
                code, result = await command.ended()
            assert (code, result["error"]) == (1, "device-not-agreed"), "nobody was there to agree"
            assert bluetooth.radio.bonded(cuff.address)
            async with device(bluetooth, "repair", "mansjett", "--config", config, "--yes") as command:
                await command.says("Now measure once more")
                cuff.measure(PRESSURES[1])
                code, result = await command.ended()
            assert (code, result["values"]) == (0, 2)
            assert cuff.bond
        assert stored(tmp_path) == 2

    run(main(), timeout=58.0)


def test_a_pairing_is_ended_by_a_remove(tmp_path: Path) -> None:
    async def main() -> None:
        cuff = Cuff("BP-1", needs_bond=True, habits=HABITS)
        async with virtual_bluetooth([cuff]) as bluetooth:
            config = configuration(tmp_path, cuff)
            paired_before(bluetooth, cuff)
            cuff.measure(PRESSURES[0])
            async with device(bluetooth, "scan", "--seconds", "0.5") as command:
                await command.ended()
            async with device(bluetooth, "remove", "mansjett", "--config", config, "--yes") as command:
                code, result = await command.ended()
            assert (code, result["ok"]) == (0, True)
            assert not bluetooth.radio.bonded(cuff.address)
            async with device(bluetooth, "remove", "C0:00:00:00:00:77", "--config", config, "--yes") as command:
                code, result = await command.ended()
            assert (code, result["error"]) == (1, "ble-gone")

    run(main(), timeout=50.0)


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["pair", "test", "repair", "remove"])
def test_whatever_connects_is_refused_while_a_gateway_runs(tmp_path: Path, action: str) -> None:
    async def main() -> None:
        cuff = Cuff("BP-1", habits=HABITS)
        async with virtual_bluetooth([cuff]) as bluetooth:
            cuff.measure(PRESSURES[0])
            config = configuration(tmp_path, cuff)
            store = Store(tmp_path / "store")
            try:
                async with device(bluetooth, action, "mansjett", "--config", config) as command:
                    code, result = await command.ended()
            finally:
                store.close()
            assert (code, result["error"]) == (73, "device-gateway-runs")
            assert "systemctl stop dho-gateway" in str(result["text"])
            assert bluetooth.called("Connect") == bluetooth.called("Pair") == 0

    run(main(), timeout=50.0)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("test", "nobody"), "device-unknown"),
        (("test", "C0:00:00:00:00:77"), "device-driver-needed"),
        (("pair", "C0:00:00:00:00:77", "--driver", "and-scale"), "device-driver-unfit"),
        (("test", "mansjett", "--minutes", "0.01"), "device-silent"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_to_do(tmp_path: Path, words: tuple[str, ...], reason: str) -> None:
    async def main() -> None:
        cuff = Cuff("BP-1", habits=HABITS)
        async with virtual_bluetooth([cuff]) as bluetooth:
            config = configuration(tmp_path, cuff)
            async with device(bluetooth, *words, "--config", config) as command:
                code, result = await command.ended()
            assert (code, result["error"]) == (1, reason)
            assert len(str(result["text"])) > 30

    run(main(), timeout=50.0)


def test_a_radio_that_is_off_is_said_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        cuff = Cuff("BP-1", habits=HABITS)
        async with virtual_bluetooth([cuff]) as bluetooth:
            await bluetooth.power(False)
            async with device(bluetooth, "test", "mansjett", "--config", configuration(tmp_path, cuff)) as command:
                code, result = await command.ended()
            assert (code, result["error"]) == (69, "bluetooth-off")

    run(main(), timeout=50.0)


def test_a_configuration_with_mistakes_is_refused(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "gateway.toml"
        path.write_text("[hub]\nid = 1\n", encoding="utf-8")
        async with virtual_bluetooth([]) as bluetooth:
            async with device(bluetooth, "list", "--config", str(path)) as command:
                code, _result = await command.ended()
            assert code == 78

    run(main(), timeout=50.0)


# --- rights -----------------------------------------------------------------------------------------------------------

_OWNED = """
import os, sys
from gateway.cli.device.bench import become_owner
from gateway.errors import GatewayError
from pathlib import Path
if sys.argv[2] != "0":
    os.setuid(int(sys.argv[2]))
try:
    become_owner(Path(sys.argv[1]))
except GatewayError as error:
    print(error.reason)
else:
    print(os.getuid(), os.geteuid(), os.getgid())
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(("who", "said"), [("0", "65534 65534 65534"), ("1", "act-other-user")])
def test_the_store_stays_its_owners_whoever_runs_the_command(tmp_path: Path, who: str, said: str) -> None:
    os.chown(tmp_path, 65534, 65534)
    done = subprocess.run(
        [sys.executable, "-c", _OWNED, tmp_path, who], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.strip() == said
