"""The house's rules as data, and a checker that reads source text against them. `test_architecture.py` applies it.

A module belongs to the first group whose pattern fits it (`a.b` is that module, `a.*` also all below it). To add a
module to the house, add its name to a group.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40

# Data, not code: as long as what they list.
DATA_TABLES = ("gateway.catalogue.*", "drivers.quantities")

PURE = (
    "gateway.ack",
    "gateway.alarms",
    "gateway.assignments",
    "gateway.attribution",
    "gateway.audit",
    "gateway.backoff",
    "gateway.baseline",
    "gateway.catalogue.*",
    "gateway.certificate",
    "gateway.checking",
    "gateway.counters",
    "gateway.deviation",
    "gateway.errors",
    "gateway.health",
    "gateway.identity",
    "gateway.inventory",
    "gateway.keeping",
    "gateway.ledger",
    "gateway.making",
    "gateway.offers",
    "gateway.owning",
    "gateway.privacy",
    "gateway.reading",
    "gateway.rendering",
    "gateway.screening",
    "gateway.settings",
    "gateway.timebase",
    "gateway.topics",
    "gateway.voids",
    "gateway.wire",
    "gateway.transport.ble.att",
)

# Every line and branch of these is tested: they decide what becomes of a reading.
FULLY_COVERED = (*PURE, "drivers.*", "gateway.store.*", "gateway.forwarder", "gateway.collector")


@dataclass(frozen=True)
class Group:
    """Modules with one right: which of the project's own modules they may import, and whether they are pure."""

    members: tuple[str, ...]
    may_import: tuple[str, ...]
    pure: bool = False


_TOOLS = (*PURE, "gateway.env", "gateway.log", "gateway.waiting")
_PARTS = (
    "gateway.acts.*",
    "gateway.capacity",
    "gateway.announcing",
    "gateway.collector",
    "gateway.commands.*",
    "gateway.dating",
    "gateway.documents",
    "gateway.egress",
    "gateway.forwarder",
    "gateway.housekeeping",
    "gateway.insistence",
    "gateway.instruments",
    "gateway.ledgers",
    "gateway.machine",
    "gateway.registry",
    "gateway.store.*",
    "gateway.supervisor",
    "gateway.transport.*",
    "gateway.uplink.*",
    "gateway.watchdog",
    "gateway.whose",
    "gateway.decisions",
    "gateway.notices",
)

GROUPS = (
    Group(("drivers.*",), ("drivers.*",), pure=True),
    Group(PURE, ("drivers.api", *PURE), pure=True),
    Group(("gateway",), ()),
    Group(("gateway.thrift",), ()),
    Group(("gateway.env", "gateway.hub_clock"), ("gateway.hub_clock",)),
    Group(("gateway.waiting",), ("gateway.env",)),
    Group(("gateway.log",), ("gateway.errors", "gateway.privacy")),
    Group(("gateway.watchdog",), ("gateway.errors",)),
    Group(("gateway.registry",), ("drivers.*", "gateway.errors")),
    Group(("gateway.ports",), ("gateway.transport.serial_port",)),
    Group(("gateway.transport.*",), ("drivers.api", "gateway.transport.*", *_TOOLS)),
    Group(("gateway.store.*",), ("gateway.store.*", *_TOOLS)),
    Group(("gateway.uplink.*",), ("gateway.uplink.*", *_TOOLS)),
    Group(("gateway.collector",), ("drivers.api", "drivers.session", "gateway.transport", *_TOOLS)),
    Group(
        (
            "gateway.announcing",
            "gateway.dating",
            "gateway.egress",
            "gateway.forwarder",
            "gateway.machine",
            "gateway.notices",
            "gateway.whose",
        ),
        _TOOLS,
    ),
    Group(("gateway.capacity", "gateway.insistence", "gateway.ledgers"), _TOOLS),
    Group(("gateway.housekeeping",), ("gateway.insistence", "gateway.ledgers", *_TOOLS)),
    Group(("gateway.commands.*",), ("gateway.commands.*", *_TOOLS)),
    Group(("gateway.documents",), ("gateway.collector", "gateway.watchdog", *_TOOLS)),
    Group(
        ("gateway.supervisor", "gateway.instruments", "gateway.daemon"),
        ("drivers.api", "drivers.session", *_PARTS, *_TOOLS),
    ),
    Group(
        ("gateway.decisions",),
        ("gateway.acts.*", "gateway.notices", "gateway.store.*", "gateway.whose", *_TOOLS),
    ),
    Group(("gateway.acts.*",), ("drivers.api", "gateway", "gateway.acts.*", "gateway.store.*", *_TOOLS)),
    Group(("gateway.receiver.*",), ("gateway.receiver.*", "gateway.uplink.*", *_TOOLS)),
    # It watches from outside how deep the outbox is.
    Group(("gateway.simulator.demo",), ("gateway.simulator.*", "gateway.store", *_TOOLS)),
    Group(("gateway.simulator.*",), ("gateway.simulator.*", "drivers.*", *_TOOLS)),
    Group(("gateway.cli.*", "gateway.__main__"), ("gateway.*", "drivers.*")),
)

# Each outside library, and each source of time and chance, has one door.
DOORS: Mapping[str, tuple[str, ...]] = {
    "bleak": ("gateway.transport.ble.*",),
    "cryptography": ("gateway.store.sealing", "gateway.store.signing"),
    "dbus_fast": ("gateway.transport.ble.*", "gateway.simulator.*"),
    "serial": ("gateway.transport.serial_port",),
    "paho": ("gateway.uplink.*",),
    "pydantic": ("gateway.checking", "gateway.rendering"),
    "sqlite3": ("gateway.store.*", "gateway.receiver.database"),
    "sqlite_utils": ("gateway.store.*", "gateway.receiver.database"),
    "structlog": ("gateway.log",),
    "tenacity": ("gateway.backoff",),
    "time": ("gateway.env",),
    "random": ("gateway.env",),
    "uuid": ("gateway.env",),
}

# What a pure module may not even import: input, output, clocks, chance, concurrency.
_IMPURE_MODULES = (
    "asyncio concurrent fcntl glob http io logging multiprocessing os pathlib pty random secrets select selectors "
    "shutil signal socket sqlite3 ssl subprocess tempfile termios threading time urllib uuid"
)
IMPURE = frozenset(_IMPURE_MODULES.split())
# Calls that reach outside without an import that shows it.
IMPURE_NAMES = frozenset(["open", "print", "input", "exec", "eval", "compile", "breakpoint", "__import__"])
_IMPURE_METHODS = "now utcnow today read_text read_bytes write_text write_bytes localtime gmtime getenv urlopen sleep"
IMPURE_METHODS = frozenset(_IMPURE_METHODS.split())


def matches(module: str, patterns: tuple[str, ...]) -> bool:
    """Whether a module is meant by one of the patterns."""
    return any(module == p or (p.endswith(".*") and (module == p[:-2] or module.startswith(p[:-1]))) for p in patterns)


def group_of(module: str) -> Group | None:
    """The group a module belongs to."""
    return next((group for group in GROUPS if matches(module, group.members)), None)


def is_fully_covered(module: str) -> bool:
    """Whether every line and branch of a module must be tested."""
    return matches(module, FULLY_COVERED)


def module_name(path: Path) -> str:
    """`.../gateway/store/__init__.py` -> `gateway.store`."""
    parts = path.with_suffix("").parts
    start = max(i for i, part in enumerate(parts[:-1]) if part in ("gateway", "drivers"))
    return ".".join(parts[start:]).removesuffix(".__init__")


def violations(module: str, source: str, modules: frozenset[str]) -> list[str]:
    """What a module does against the rules; `modules` are the names of all modules of the project."""
    group = group_of(module)
    if group is None:
        return [f"{module}: belongs to no group of tests/architecture.py"]
    tree = ast.parse(source)
    found = [*_lengths(module, source, tree), *_imports(module, tree, group, modules), *_private_parts(tree)]
    if group.pure:
        found += _impurities(tree)
    return [f"{module}:{line}: {text}" for line, text in found]


_Found = Iterator[tuple[int, str]]


def _lengths(module: str, source: str, tree: ast.Module) -> _Found:
    lines = len(source.splitlines())
    if lines > MAX_FILE_LINES and not matches(module, DATA_TABLES):
        yield 1, f"{lines} lines; a file stops at {MAX_FILE_LINES}"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {length} lines; a function stops at {MAX_FUNCTION_LINES}"


def _imports(module: str, tree: ast.Module, group: Group, modules: frozenset[str]) -> _Found:
    for line, target in imported(tree, modules):
        if target.startswith("."):
            complaint = "relative import"
        elif target.partition(".")[0] in ("gateway", "drivers"):
            complaint = _wrong_way(module, target, group)
        else:
            complaint = _wrong_library(module, target.partition(".")[0], group)
        if complaint:
            yield line, complaint


def _wrong_way(module: str, target: str, group: Group) -> str:
    if matches(target, ("gateway.cli.*",)) and not matches(module, ("gateway.cli.*", "gateway.__main__")):
        return "imports gateway.cli"
    return "" if target == module or matches(target, group.may_import) else f"may not import {target}"


def _wrong_library(module: str, library: str, group: Group) -> str:
    if library in DOORS:
        return "" if matches(module, DOORS[library]) else f"{library} has another door: {', '.join(DOORS[library])}"
    if library not in sys.stdlib_module_names and library != "_typeshed":
        return f"{library} is not a library of this project"
    return f"a pure module imports {library}" if group.pure and library in IMPURE else ""


def imported(tree: ast.Module, modules: frozenset[str]) -> Iterator[tuple[int, str]]:
    """(line, full name of the module) of every import; relative ones begin with a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            targets = {f"{base}.{a.name}" if f"{base}.{a.name}" in modules else base for a in node.names}
            for target in sorted(targets):
                yield node.lineno, target


def _private_parts(tree: ast.Module) -> _Found:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module != "_typeshed":
            for name in (*(node.module or "").split("."), *(alias.name for alias in node.names)):
                if _is_private(name):
                    yield node.lineno, f"imports the private {name}"
        elif isinstance(node, ast.Attribute) and _is_private(node.attr) and not _is_own(node.value):
            yield node.lineno, f"reaches for the private {node.attr}"


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def _is_own(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in ("self", "cls")


def _impurities(tree: ast.Module) -> _Found:
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield node.lineno, "a pure module waits"
        elif isinstance(node, ast.Call):
            yield from _impure_call(node)


def _impure_call(call: ast.Call) -> _Found:
    if isinstance(call.func, ast.Name) and call.func.id in IMPURE_NAMES:
        yield call.lineno, f"a pure module calls {call.func.id}()"
    elif isinstance(call.func, ast.Attribute):
        name = call.func.attr
        if name in IMPURE_METHODS:
            yield call.lineno, f"a pure module calls .{name}()"
        elif name == "astimezone" and not call.args and not call.keywords:
            yield call.lineno, "a pure module asks for the machine's time zone"


def cycles(graph: Mapping[str, frozenset[str]]) -> list[str]:
    """Modules that import each other in a ring: whatever is left when those without open imports are taken away."""
    left = {module: set(targets) - {module} for module, targets in graph.items()}
    while True:
        free = {module for module, targets in left.items() if not targets & left.keys()}
        if not free:
            return sorted(left)
        left = {module: targets for module, targets in left.items() if module not in free}
