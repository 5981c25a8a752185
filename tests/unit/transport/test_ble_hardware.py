"""What the kernel says of the radio, and how seldom the hub may be rebooted for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.env import Env, HubClock, real_env
from gateway.transport.ble.hardware import Hardware
from gateway.transport.ble.reboots import Reboots

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)


def switch(root: Path, name: str, kind: str, *, soft: str = "0", hard: str = "0") -> None:
    """A switch as the kernel shows it."""
    folder = root / "rfkill" / name
    folder.mkdir(parents=True)
    for file, text in (("type", kind), ("soft", soft), ("hard", hard)):
        (folder / file).write_text(f"{text}\n", encoding="ascii")


def test_adapters_are_those_of_the_kernel_without_their_connections(tmp_path: Path) -> None:
    assert Hardware(tmp_path).adapters() == []
    for name in ("hci1", "hci0", "hci0:64"):
        (tmp_path / "bluetooth" / name).mkdir(parents=True)
    assert Hardware(tmp_path).adapters() == ["hci0", "hci1"]


def test_only_a_switch_of_bluetooth_that_is_set_blocks_it(tmp_path: Path) -> None:
    hardware = Hardware(tmp_path)
    assert not hardware.blocked()
    switch(tmp_path, "rfkill0", "wlan", soft="1")
    switch(tmp_path, "rfkill1", "bluetooth")
    assert not hardware.blocked()
    (tmp_path / "rfkill" / "rfkill1" / "soft").write_text("1\n", encoding="ascii")
    assert hardware.blocked()


def test_a_hardware_switch_blocks_too_and_an_unreadable_one_does_not(tmp_path: Path) -> None:
    switch(tmp_path, "rfkill0", "bluetooth", hard="1")
    assert Hardware(tmp_path).blocked()
    (tmp_path / "rfkill" / "rfkill0" / "hard").unlink()
    assert not Hardware(tmp_path).blocked()


def at(now: datetime, clock: HubClock = "synchronised") -> Env:
    """The world at a moment."""
    return replace(real_env(), now=lambda: now, hub_clock=lambda: clock)


def test_one_reboot_a_day_and_it_is_remembered(tmp_path: Path) -> None:
    assert Reboots(tmp_path, at(NOON)).take()
    assert not Reboots(tmp_path, at(NOON + timedelta(hours=23))).take()
    assert Reboots(tmp_path, at(NOON + timedelta(hours=25))).take()


def test_without_a_time_to_be_trusted_there_is_no_reboot(tmp_path: Path) -> None:
    assert not Reboots(tmp_path, at(NOON, "unsynchronised")).take()
    assert Reboots(tmp_path, at(NOON)).take()
    assert not Reboots(tmp_path, at(NOON - timedelta(days=400))).take(), "the clock was set back"


def test_a_memory_that_cannot_be_read_or_written_allows_none(tmp_path: Path) -> None:
    (tmp_path / "bluetooth-reboot").write_text("rubbish", encoding="ascii")
    assert not Reboots(tmp_path, at(NOON)).take()
    assert not Reboots(tmp_path / "absent", at(NOON)).take()
