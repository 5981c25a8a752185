"""Who may import whom, what a pure module may not do, and how long things may be: held for every shipped module."""

import ast
import sys
import tomllib
from pathlib import Path

import pytest

import drivers
import gateway
from tests.architecture import DOORS, GROUPS, cycles, imported, module_name, violations

ROOTS = [Path(str(package.__file__)).parent for package in (gateway, drivers)]
SOURCES = {module_name(path): path.read_text(encoding="utf-8") for root in ROOTS for path in sorted(root.rglob("*.py"))}
MODULES = frozenset(SOURCES)


@pytest.mark.parametrize("module", sorted(SOURCES))
def test_module_keeps_the_rules_of_the_house(module: str) -> None:
    found = violations(module, SOURCES[module], MODULES)
    assert not found, "\n".join(found)


def test_no_ring_of_imports() -> None:
    graph = {
        module: frozenset(target for _, target in imported(ast.parse(source), MODULES) if target in MODULES)
        for module, source in SOURCES.items()
    }
    assert cycles(graph) == []


def test_no_rule_speaks_of_a_module_that_does_not_exist() -> None:
    named = {member for group in GROUPS for member in group.members} | {d for doors in DOORS.values() for d in doors}
    assert {name.removesuffix(".*") for name in named} - MODULES == set()


def test_every_library_with_a_door_is_declared_and_every_declared_one_has_a_door() -> None:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {line.partition(">")[0] for line in project["dependencies"]}
    import_names = {"dbus-fast": "dbus_fast", "pyserial": "serial", "paho-mqtt": "paho", "sqlite-utils": "sqlite_utils"}
    without_code = {"tzdata"}
    outside = {library for library in DOORS if library not in sys.stdlib_module_names}
    assert {import_names.get(name, name) for name in declared - without_code} == outside


# --- planted faults: each rule bites ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("drivers.ble.x", "import bleak", "bleak has another door"),
        ("drivers.ble.x", "import asyncio", "a pure module imports asyncio"),
        ("drivers.ble.x", "from pathlib import Path", "a pure module imports pathlib"),
        ("drivers.ble.x", "from gateway.errors import GatewayError", "may not import gateway.errors"),
        ("drivers.ble.x", "async def decode(data): ...", "a pure module waits"),
        ("drivers.ble.x", "import time", "time has another door"),
        ("drivers.ble.x", "from ..api import Quantity", "relative import"),
        ("gateway.timebase", "from datetime import datetime\nt = datetime.now()", "calls .now()"),
        ("gateway.timebase", "def f(t): return t.astimezone()", "time zone"),
        ("gateway.settings", "text = open('gateway.toml')", "calls open()"),
        ("gateway.settings", "def f(path): return path.read_text()", "calls .read_text()"),
        ("gateway.health", "print('well')", "calls print()"),
        ("gateway.topics", "import paho.mqtt.client", "paho has another door"),
        ("gateway.topics", "from gateway import uplink", "may not import gateway.uplink"),
        ("gateway.topics", "from drivers import cursor", "may not import drivers.cursor"),
        ("gateway.uplink", "from gateway.store import Store", "may not import gateway.store"),
        ("gateway.uplink", "import random", "random has another door"),
        ("gateway.collector", "from gateway.store.outbox import Outbox", "may not import gateway.store.outbox"),
        ("gateway.collector", "from gateway.transport.ble import scanner", "may not import gateway.transport.ble"),
        ("gateway.forwarder", "import gateway.uplink", "may not import gateway.uplink"),
        ("gateway.forwarder", "from gateway.store import Store", "may not import gateway.store"),
        ("gateway.receiver.x", "from gateway.store import Store", "may not import gateway.store"),
        ("gateway.supervisor", "from gateway.cli import run", "imports gateway.cli"),
        ("gateway.daemon", "from gateway.simulator import bus", "may not import gateway.simulator"),
        ("gateway.supervisor", "import requests", "requests is not a library of this project"),
        ("gateway.supervisor", "import sqlite3", "sqlite3 has another door"),
        ("gateway.supervisor", "from uuid import uuid4", "uuid has another door"),
        ("gateway.uplink", "def f(client): return client._sock", "reaches for the private _sock"),
        ("gateway.uplink", "from paho.mqtt._codes import X", "imports the private _codes"),
        ("gateway.newcomer", "", "belongs to no group"),
        ("gateway.store.x", "pass\n" * 401, "401 lines"),
        ("gateway.store.x", "def f():\n" + "    pass\n" * 40, "f has 41 lines"),
        ("gateway.store.x", "class C:\n    async def f(self):\n" + "        pass\n" * 40, "f has 41 lines"),
    ],
)
def test_a_planted_fault_is_found(module: str, source: str, complaint: str) -> None:
    found = violations(module, source, MODULES | {"gateway.uplink", "drivers.cursor"})
    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("drivers.ble.x", "from datetime import datetime\nfrom drivers.api import DecodeError"),
        ("gateway.catalogue.x", "pass\n" * 401),
        ("gateway.transport.ble.x", "from bleak import BleakClient\nasync def f(self): await self._client.stop()"),
        ("gateway.cli.x", "from gateway.supervisor import Supervisor\nfrom gateway.cli import output"),
        ("gateway.env", "import time\nimport uuid"),
        ("gateway.store.x", "def f():\n" + "    pass\n" * 39),
    ],
)
def test_what_is_allowed_passes(module: str, source: str) -> None:
    assert violations(module, source, MODULES) == []


def test_a_planted_ring_is_found() -> None:
    ring = {"a": frozenset({"b"}), "b": frozenset({"c"}), "c": frozenset({"a"}), "d": frozenset({"d"})}
    assert cycles(ring) == ["a", "b", "c"]
