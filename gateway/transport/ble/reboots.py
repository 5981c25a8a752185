"""At most one reboot of the hub a day for Bluetooth's sake, remembered across the reboot."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.env import Env, known_time

_FILE = "bluetooth-reboot"
_DAY = timedelta(days=1)


class Reboots:
    """Keeps the time of the last one in a file of `directory`."""

    def __init__(self, directory: Path, env: Env) -> None:
        self._path = directory / _FILE
        self._env = env

    def take(self) -> bool:
        """Whether there may be one now; if so it is written down, durable on return.

        Not while the clock is not to be trusted, or shows a time before the last: then nobody knows what a day is.
        """
        now = known_time(self._env)
        if now is None:
            return False
        last = self._last()
        if last is not None and now - last < _DAY:
            return False
        return self._note(now)

    def _last(self) -> datetime | None:
        try:
            return datetime.fromisoformat(self._path.read_text(encoding="ascii").strip()).astimezone(UTC)
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            # Unreadable: take it for just now, rather than reboot again and again.
            return self._env.now()

    def _note(self, now: datetime) -> bool:
        draft = self._path.with_suffix(".new")
        try:
            with draft.open("w", encoding="ascii") as file:
                file.write(now.isoformat())
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self._path)
            handle = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError:
            return False
        return True
