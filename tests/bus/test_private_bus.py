"""The private bus: one command, one folder, nothing left behind."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from dbus_fast.aio import MessageBus

from gateway.errors import RefusedError, TransientError
from gateway.simulator.bluez.objects import ObjectTree
from gateway.simulator.bus import PrivateBus
from tests.aio import run

pytestmark = pytest.mark.bus


def test_a_missing_dbus_daemon_is_named() -> None:
    async def main() -> None:
        with pytest.raises(RefusedError, match="no-such-daemon") as missing:
            async with PrivateBus("no-such-daemon"):
                pytest.fail("it started")
        assert missing.value.reason == "dbus-daemon-missing"

    run(main())


def test_a_daemon_that_says_nothing_is_an_error_and_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        bus = PrivateBus("true")
        with pytest.raises(TransientError) as silent:
            await bus.__aenter__()
        assert silent.value.reason == "dbus-daemon-silent"

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    run(main())
    assert list(tmp_path.iterdir()) == []


def test_programs_meet_on_the_bus_and_its_folder_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def private_to_the_user() -> bool:
        (folder,) = tmp_path.iterdir()
        return (folder / "bus").is_socket() and folder.stat().st_mode & 0o077 == 0

    async def main() -> None:
        async with PrivateBus() as private:
            assert private_to_the_user()
            bus = await MessageBus(bus_address=private.address).connect()
            assert bus.unique_name
            bus.disconnect()
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    run(main())
    assert list(tmp_path.iterdir()) == []


def test_a_second_look_alike_on_the_same_bus_is_refused() -> None:
    async def main() -> None:
        async with PrivateBus() as private:
            first, second = ObjectTree(), ObjectTree()
            await first.connect(private.address)
            with pytest.raises(TransientError) as taken:
                await second.connect(private.address)
            assert taken.value.reason == "bluez-name-taken"
            await asyncio.gather(first.disconnect(), second.disconnect())

    run(main())
