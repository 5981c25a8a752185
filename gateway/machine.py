"""The machine underneath: memory, disk, temperature. What cannot be read is None."""

import os
import shutil
from pathlib import Path

from gateway.health import Machine

_STATM = Path("/proc/self/statm")
_THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")


def look(directory: Path) -> Machine:
    """How the machine is now."""
    return Machine(_memory(), _disk(directory), _temperature())


def _memory() -> int | None:
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def _disk(directory: Path) -> int | None:
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return None


def _temperature() -> float | None:
    try:
        return int(_THERMAL.read_text(encoding="ascii")) / 1000
    except (OSError, ValueError):
        return None
