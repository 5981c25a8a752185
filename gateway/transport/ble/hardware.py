"""What the kernel says of the Bluetooth hardware, where BlueZ cannot: is there any, and is it held switched off.

Source: Linux Documentation/ABI/stable/sysfs-class-rfkill and testing/sysfs-class-bluetooth.
"""

from pathlib import Path


class Hardware:
    """Reads `root`, the kernel's /sys/class."""

    def __init__(self, root: Path = Path("/sys/class")) -> None:
        self._root = root

    def adapters(self) -> list[str]:
        """Names of the adapters the kernel has, such as hci0."""
        return sorted(p.name for p in (self._root / "bluetooth").glob("hci[0-9]*") if ":" not in p.name)

    def blocked(self) -> bool:
        """Whether a switch, of hardware or software, keeps Bluetooth off."""
        return any(_blocked(switch) for switch in (self._root / "rfkill").glob("rfkill*"))


def _blocked(switch: Path) -> bool:
    try:
        if (switch / "type").read_text(encoding="ascii").strip() != "bluetooth":
            return False
        return any((switch / kind).read_text(encoding="ascii").strip() == "1" for kind in ("soft", "hard"))
    except OSError:
        return False
