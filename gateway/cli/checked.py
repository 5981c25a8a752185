"""The configuration of the daemon: checked by `dho-gateway check`, in a process of its own.

What a check needs would stay in the daemon's memory as long as it runs, and a fifth of it would be that.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that was accepted, with a hash by which it is known from afar; or its faults, a line each."""

    settings: Settings | None
    digest: str
    faults: Sequence[Mapping[str, str]]


class Check:
    """A check that has begun; whoever made it may do something else before it asks for what was `found`."""

    def __init__(self, path: str) -> None:
        words = [sys.executable, "-P", "-m", "gateway", "check", "--json", "--config", path]
        # The same modules from the same places, whatever lies in the working directory.
        places = {"PYTHONPATH": os.pathsep.join(sys.path)}
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, env=os.environ | places)  # noqa: S603  # ourselves

    def found(self) -> Checked | None:
        """Waits for what is found; None if the check itself has failed."""
        told, _ = self._process.communicate()
        try:
            table = json.loads(told)
        except ValueError:
            return None
        settings = Settings.from_table(table["settings"]) if table["ok"] else None
        return Checked(settings, table.get("digest", ""), table["faults"])
