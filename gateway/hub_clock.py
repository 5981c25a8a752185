"""Whether the hub's wall clock is to be trusted: asked of the kernel, which every time service reports to."""

import ctypes
from functools import cache
from pathlib import Path
from typing import Literal

# adjtimex(2): STA_UNSYNC is cleared by whichever service disciplines the clock (timesyncd, chrony, ntpd).
_STA_UNSYNC = 0x0040
_TIMEX_BYTES = 256
_STATUS_AT = 5 * ctypes.sizeof(ctypes.c_long)
_RTC = Path("/sys/class/rtc/rtc0/hctosys")
_CPUINFO = Path("/proc/cpuinfo")


def read_hub_clock() -> Literal["synchronised", "rtc", "unsynchronised"]:
    """`synchronised`: a time service holds the clock. `rtc`: the clock outlives power loss, but nobody checks it.

    `unsynchronised`: the clock may show any date; nothing may be dated by it.
    """
    if _kernel_says_synchronised():
        return "synchronised"
    return "rtc" if _survives_power_loss() else "unsynchronised"


def _kernel_says_synchronised() -> bool:
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    if _libc().adjtimex(buffer) < 0:
        return False
    status = ctypes.c_int.from_buffer(buffer, _STATUS_AT).value
    return not status & _STA_UNSYNC


# Asked at every frame: what cannot change is looked up once.
@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


@cache
def _survives_power_loss() -> bool:
    """A battery-backed clock that set this boot's time, or a hypervisor that did (a Pi has neither)."""
    try:
        if _RTC.read_text(encoding="ascii").strip() == "1":
            return True
    except OSError:
        pass
    try:
        return " hypervisor" in _CPUINFO.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
