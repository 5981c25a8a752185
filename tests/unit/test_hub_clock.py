"""The hub's clock is trusted only where somebody vouches for it."""

import ctypes
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import hub_clock


class _Kernel:
    """adjtimex(2) as the kernel answers it: a return value, and the status word in the structure."""

    def __init__(self, returns: int, status: int) -> None:
        self._returns, self._status = returns, status

    def adjtimex(self, buffer: "ctypes.Array[ctypes.c_char]") -> int:
        ctypes.c_int.from_buffer(buffer, 5 * ctypes.sizeof(ctypes.c_long)).value = self._status
        return self._returns


def look_anew() -> None:
    """As another process would: what cannot change within one is forgotten."""
    hub_clock._libc.cache_clear()
    hub_clock._survives_power_loss.cache_clear()


@pytest.fixture(autouse=True)
def _each_alone() -> Iterator[None]:
    look_anew()
    yield
    look_anew()


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    rtc, cpu = tmp_path / "hctosys", tmp_path / "cpuinfo"
    monkeypatch.setattr(hub_clock, "_RTC", rtc)
    monkeypatch.setattr(hub_clock, "_CPUINFO", cpu)
    return rtc, cpu


def kernel(monkeypatch: pytest.MonkeyPatch, returns: int, status: int) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name, use_errno: _Kernel(returns, status))


def test_this_machine_s_kernel_answers() -> None:
    assert hub_clock.read_hub_clock() in ("synchronised", "rtc", "unsynchronised")


def test_a_clock_that_a_time_service_holds_is_synchronised(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel(monkeypatch, 0, 0x2001)
    assert hub_clock.read_hub_clock() == "synchronised"


@pytest.mark.parametrize(("returns", "status"), [(5, 0x0040), (-1, 0)])
def test_without_a_time_service_only_a_clock_that_survives_power_loss_is_believed(
    monkeypatch: pytest.MonkeyPatch, places: tuple[Path, Path], returns: int, status: int
) -> None:
    rtc, cpu = places
    kernel(monkeypatch, returns, status)
    assert hub_clock.read_hub_clock() == "unsynchronised"
    look_anew()
    cpu.write_text("flags : fpu\n", encoding="ascii")
    rtc.write_text("0\n", encoding="ascii")
    assert hub_clock.read_hub_clock() == "unsynchronised"
    look_anew()
    cpu.write_text("flags : fpu hypervisor lahf_lm\n", encoding="ascii")
    assert hub_clock.read_hub_clock() == "rtc"
    look_anew()
    cpu.unlink()
    rtc.write_text("1\n", encoding="ascii")
    assert hub_clock.read_hub_clock() == "rtc"
