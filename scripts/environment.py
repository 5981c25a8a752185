"""Scripts in Python run in the project's own environment, wherever they are called from."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_OWN = ROOT / ".venv"
# One that only running needs, one that only tests need.
_NEEDED = ("paho", "hypothesis")


def enter(script: str) -> None:
    """Returns in an environment that has everything, at the project's root; makes one where there is none."""
    elsewhere = Path(sys.prefix) != _OWN and (_OWN.exists() or not all(map(importlib.util.find_spec, _NEEDED)))
    if elsewhere and not {"-h", "--help"} & {*sys.argv}:
        if subprocess.run([ROOT / "scripts" / "setup"], stdout=sys.stderr, check=False).returncode != 0:
            sys.exit(69)
        python = _OWN / "bin" / "python"
        os.execv(python, [str(python), script, *sys.argv[1:]])  # noqa: S606  # the same script, and no shell
    sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]
    os.chdir(ROOT)
    os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
