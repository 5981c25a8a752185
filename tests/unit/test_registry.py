"""A hub never gains or loses a decoder quietly."""

import importlib
import importlib.metadata
from importlib.metadata import EntryPoint
from typing import Any

import pytest

import drivers
from drivers import BUILTIN, WHERE
from gateway import registry
from gateway.errors import ConfigurationError
from tests import readings

GROUP = registry.GROUP


def install(monkeypatch: pytest.MonkeyPatch, **points: list[str]) -> None:
    """As if packages provided these entry points: name -> objects."""

    def entry_points(group: str, name: str) -> list[EntryPoint]:
        assert group == GROUP
        return [EntryPoint(name, value, GROUP) for value in points.get(name, [])]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)


def refusal(*allow: str) -> list[tuple[str, str]]:
    with pytest.raises(ConfigurationError) as caught:
        registry.known_drivers(allow)
    return [(fault.path, fault.reason) for fault in caught.value.faults]


def test_what_is_not_named_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy=["tests.readings:toy_driver"])
    assert "toy" not in registry.known_drivers()
    assert set(registry.known_drivers()) == {driver.name for driver in BUILTIN}


def test_only_what_is_wanted_is_loaded() -> None:
    assert list(registry.known_drivers(wanted={"and-scale", "glucose", "no-such"})) == ["glucose", "and-scale"]


def test_a_built_in_name_is_taken_whether_it_is_loaded_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, twin=["drivers.serial.and_scale:DRIVER"])
    with pytest.raises(ConfigurationError):
        registry.known_drivers(["twin"], wanted=())


def test_there_is_nothing_else_in_the_package_of_drivers() -> None:
    with pytest.raises(AttributeError, match="NO_SUCH"):
        drivers.__getattr__("NO_SUCH")


def test_every_driver_of_a_module_is_in_the_table() -> None:
    for place in set(WHERE.values()):
        module = importlib.import_module(f"drivers.{place}")
        several = getattr(module, "DRIVERS", None) or [module.DRIVER]
        assert {driver.name for driver in several} == {name for name, where in WHERE.items() if where == place}


def test_what_is_named_is_loaded_beside_the_built_in_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy=["tests.readings:toy_driver"])
    known = registry.known_drivers(["toy"])
    assert known["toy"].name == "toy"
    assert len(known) == len(BUILTIN) + 1


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([], "config-driver-absent"),
        (["tests.readings:toy_driver", "tests.readings:toy_driver"], "config-driver-twice"),
        (["tests.readings:KEY"], "config-driver-no-driver"),
        (["tests.readings:no_such_name"], "config-driver-no-driver"),
        (["tests.no_such_module:driver"], "config-driver-no-driver"),
        (["drivers.ble.weight_scale:DRIVER"], "config-driver-twice"),
    ],
)
def test_what_is_named_and_is_not_one_driver_is_refused(
    monkeypatch: pytest.MonkeyPatch, points: list[str], reason: str
) -> None:
    install(monkeypatch, toy=points)
    assert refusal("toy") == [("drivers.allow[0]", reason)]


def test_all_refusals_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    assert [path for path, _ in refusal("one", "two")] == ["drivers.allow[0]", "drivers.allow[1]"]


def test_shapes_are_what_a_configuration_is_checked_against() -> None:
    shapes: dict[str, Any] = registry.shapes({"toy": readings.toy()})
    assert shapes == {"toy": ("ble", frozenset(["each"]))}
