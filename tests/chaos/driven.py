"""`python -m tests.chaos.driven run --config FILE`: the daemon as it is shipped, with faults built in from outside.

Orders come as JSON in the environment variable DHO_CHAOS, all optional:

    kill      [POINT, N]: SIGKILL itself when POINT is passed for the Nth time
    clock     path of a file `OFFSET_S STATE`: the hub's wall clock is off by that, and the kernel says STATE of it
    boot      the name of this boot; its monotonic clock begins anew
    hasty     true: a silent broker and a silent receiver are noticed in seconds, so that a round is short
    defect    name of a planted defect (tests.chaos.planted)
    full      path of a file: while it exists the database may not grow (SQLITE_FULL)
    read_only path of a file: while it exists nothing is written (SQLITE_READONLY)
"""

import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

from gateway import cli, daemon, forwarder, store, uplink
from gateway.backoff import SILENT_RECEIVER
from gateway.cli import serving
from gateway.collector import Collector
from gateway.env import Env, real_env
from gateway.store import database
from gateway.uplink import UplinkSettings
from gateway.uplink.window import Window
from tests.chaos.planted import DEFECTS, patch

# What a transaction writes first tells which one it is.
_WRITES = {
    "INSERT INTO reading": "insert",
    "UPDATE outbox SET at_broker = at_broker": "mark",
    "DELETE FROM outbox": "release",
    "UPDATE outbox SET at_broker = 0": "resend",
    "INSERT INTO aside": "aside",
}
_CALLS: dict[str, tuple[type, str]] = {
    "frame": (Collector, "frame"),
    "decoded": (store.Store, "keep"),
    "logged": (forwarder.Forwarder, "stored"),
    "publish": (uplink.Uplink, "publish"),
    "puback": (Window, "landed"),
    "ack": (forwarder.Forwarder, "acknowledge"),
}
# Every place between a frame and its release at which the power may go: before and after each step.
POINTS = tuple(
    f"{name}.{when}"
    for name in ("frame", "decoded", "insert", "logged", "publish", "puback", "mark", "ack", "release", "resend")
    for when in ("before", "after")
)


class Points:
    """Counts how often each point is passed, and ends the process at the one it is armed with."""

    def __init__(self, armed: str, times: int) -> None:
        self._armed, self._left = armed, times

    def passed(self, point: str) -> None:
        if point == self._armed:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, name: str, owner: Any, method: str) -> None:
        """Puts a point before and after each call of a method."""
        call = getattr(owner, method)

        @wraps(call)
        def watched(*args: Any, **named: Any) -> Any:
            self.passed(f"{name}.before")
            result = call(*args, **named)
            self.passed(f"{name}.after")
            return result

        setattr(owner, method, watched)


class _Connection(database.Medium):
    """A connection that passes a point before and after each commit, and whose medium can be full."""

    points: Points | None = None
    full: Path | None = None
    read_only: Path | None = None
    _writes = ""
    _pages = 0
    _shut = False

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        if sql == "BEGIN IMMEDIATE":
            self._writes = ""
            self._bound()
            self._close()
        elif sql == "COMMIT":
            return self._commit()
        self._look(sql)
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any]) -> sqlite3.Cursor:
        self._look(sql)
        return super().executemany(sql, parameters)

    def _look(self, sql: str) -> None:
        if not self._writes:
            self._writes = next((name for start, name in _WRITES.items() if sql.lstrip().startswith(start)), "")

    def _commit(self) -> sqlite3.Cursor:
        if self.points is not None:
            self.points.passed(f"{self._writes}.before")
        done = super().execute("COMMIT")
        if self.points is not None:
            self.points.passed(f"{self._writes}.after")
        return done

    def _bound(self) -> None:
        full = self.full is not None and self.full.exists()
        if full and not self._pages:
            self._pages = super().execute("PRAGMA max_page_count").fetchone()[0]
            super().execute("PRAGMA max_page_count = 1")
        elif self._pages and not full:
            super().execute(f"PRAGMA max_page_count = {self._pages}")
            self._pages = 0

    def _close(self) -> None:
        shut = self.read_only is not None and self.read_only.exists()
        if shut != self._shut:
            super().execute(f"PRAGMA query_only = {int(shut)}")
            self._shut = shut


def env_of(orders: dict[str, Any]) -> Env:
    """The real world, but for its clocks."""
    env = real_env()
    if "boot" in orders:
        began = env.monotonic()
        env = replace(env, boot_id=orders["boot"], monotonic=lambda: time.clock_gettime(time.CLOCK_BOOTTIME) - began)
    if "clock" in orders:
        path = Path(orders["clock"])
        env = replace(env, now=lambda: _now(path), hub_clock=lambda: _clock(path)[1])
    return env


def _clock(path: Path) -> tuple[float, Any]:
    offset, state = path.read_text(encoding="ascii").split()
    return float(offset), state


def _now(path: Path) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=_clock(path)[0])


def _haste() -> None:
    patch(forwarder, "SILENT_RECEIVER", replace(SILENT_RECEIVER, first_s=3.0, cap_s=6.0))
    made = uplink.Uplink

    def hasty(settings: UplinkSettings, *args: Any, **named: Any) -> uplink.Uplink:
        return made(replace(settings, puback_timeout_s=2.0), *args, **named)

    patch(daemon, "Uplink", hasty)


def main() -> int:
    orders = json.loads(os.environ["DHO_CHAOS"])
    if orders.get("kill"):
        _Connection.points = Points(*orders["kill"])
        for name, (owner, method) in _CALLS.items():
            _Connection.points.around(name, owner, method)
    for name in ("full", "read_only"):
        if orders.get(name):
            setattr(_Connection, name, Path(orders[name]))
    patch(database, "Medium", _Connection)
    if orders.get("hasty"):
        _haste()
    if orders.get("defect"):
        DEFECTS[orders["defect"]].plant()
    patch(serving, "real_env", lambda: env_of(orders))
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
