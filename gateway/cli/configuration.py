"""Reading the configuration file, for the commands that need it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drivers.api import Driver
from gateway.catalogue import Language, say
from gateway.errors import ConfigurationError, Fault
from gateway.registry import known_drivers, opt_in, shapes
from gateway.settings import Settings, allowed_drivers, load, parse


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
    except (OSError, UnicodeDecodeError) as error:
        detail = getattr(error, "strerror", None) or "not UTF-8"
        raise ConfigurationError([Fault(path, "config-unreadable", {"detail": detail})]) from error
    raw = parse(text)
    drivers = known_drivers(allowed_drivers(raw))
    settings = load(raw, shapes(drivers), opt_in(drivers))
    return Configuration(settings, drivers, hashlib.sha256(text.encode()).hexdigest()[:16])


def fault_lines(error: ConfigurationError, language: Language) -> list[dict[str, str]]:
    """Each fault as path, reason and sentence."""
    return [{"path": f.path, "reason": f.reason, "text": say(f.reason, language, f.params)} for f in error.faults]
