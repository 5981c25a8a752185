"""Reading the configuration file, for the commands that need it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from drivers.api import Driver
from gateway.catalogue import Language, say
from gateway.checking import allowed_drivers, load, parse
from gateway.errors import ConfigurationError, Fault
from gateway.registry import known_drivers, opt_in, shapes
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Configuration:
    """A file that was accepted: its settings, the drivers it may use, and a hash by which it is known from afar."""

    settings: Settings
    drivers: Mapping[str, Driver]
    digest: str


def read_configuration(path: str) -> Configuration:
    """The configuration in a file; ConfigurationError with every fault."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            [Fault(path, "config-unreadable", {"detail": error.strerror or type(error).__name__})]
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError([Fault(path, "config-not-utf8", {"offset": str(error.start)})]) from error
    raw = parse(text)
    drivers, faults = _drivers(allowed_drivers(raw))
    try:
        settings = load(raw, shapes(drivers), opt_in(drivers))
    except ConfigurationError as error:
        faults += error.faults
    if faults:
        raise ConfigurationError(faults)
    return Configuration(settings, drivers, hashlib.sha256(text.encode()).hexdigest()[:16])


def _drivers(allow: Sequence[str]) -> tuple[Mapping[str, Driver], list[Fault]]:
    """The drivers a file may use, and what is wrong with those it names; the rest of the file is looked at anyway."""
    try:
        return known_drivers(allow), []
    except ConfigurationError as error:
        return known_drivers(), list(error.faults)


def fault_lines(error: ConfigurationError, language: Language) -> list[dict[str, str]]:
    """Each fault as path, reason and sentence."""
    return [{"path": f.path, "reason": f.reason, "text": say(f.reason, language, f.params)} for f in error.faults]


def print_faults(error: ConfigurationError, language: Language, *, as_json: bool) -> None:
    """Says every fault: a line each, or one JSON document."""
    faults = fault_lines(error, language)
    if as_json:
        print(json.dumps({"ok": False, "faults": faults}, ensure_ascii=False))
        return
    for fault in faults:
        print(f"{fault['path']}: {fault['text']}")
