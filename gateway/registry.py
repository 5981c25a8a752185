"""Which drivers there are: the built-in ones, and those of other packages that the configuration names.

A medical hub must not gain, or quietly lose, a decoder by an update of something else: what is not named is not
loaded, what is named and not there is refused, and so is a name that two provide.
"""

from collections.abc import Collection, Mapping, Sequence

from drivers import WHERE, built_in
from drivers.api import BleDriver, Driver, SerialDriver
from gateway.errors import ConfigurationError, Fault

GROUP = "gateway.drivers"


def known_drivers(allow: Sequence[str] = (), wanted: Collection[str] = WHERE) -> dict[str, Driver]:
    """Drivers by name: the built-in ones and the entry points in `allow`; ConfigurationError with every fault.

    Of the built-in ones only those `wanted` are loaded.
    """
    found: dict[str, Driver] = {name: built_in(name) for name in WHERE if name in wanted}
    faults: list[Fault] = []
    for index, name in enumerate(allow):
        loaded = _load(name, f"drivers.allow[{index}]", found)
        if isinstance(loaded, Fault):
            faults.append(loaded)
        else:
            found[loaded.name] = loaded
    if faults:
        raise ConfigurationError(faults)
    return found


def shapes(drivers: Mapping[str, Driver]) -> dict[str, tuple[str, frozenset[str]]]:
    """For each name its transport and its modes: what the configuration is checked against."""
    return {name: (driver.transport, frozenset(driver.modes)) for name, driver in drivers.items()}


def opt_in(drivers: Mapping[str, Driver]) -> frozenset[str]:
    """The names of those that must be asked for in the configuration."""
    return frozenset(name for name, driver in drivers.items() if driver.verdict == "opt-in")


def _load(name: str, path: str, found: Mapping[str, Driver]) -> Driver | Fault:
    # Loaded only where the configuration names a package: it costs a daemon three megabytes.
    from importlib.metadata import entry_points  # noqa: PLC0415

    points = list(entry_points(group=GROUP, name=name))
    if len(points) != 1:
        return Fault(path, "config-driver-absent" if not points else "config-driver-twice", {"driver": name})
    try:
        driver = points[0].load()
    except (ImportError, AttributeError):
        return Fault(path, "config-driver-no-driver", {"driver": name})
    if not isinstance(driver, BleDriver | SerialDriver):
        return Fault(path, "config-driver-no-driver", {"driver": name})
    if driver.name in found or driver.name in WHERE:
        return Fault(path, "config-driver-twice", {"driver": driver.name})
    return driver
