"""The two radios a test is run over."""

from collections.abc import Callable, Iterable

import pytest

from gateway.simulator.bluez.radio import Peripheral, Radio
from gateway.simulator.bluez.scripted import ScriptedRadio
from tests.radio.bumble_radio import BumbleRadio


@pytest.fixture(
    params=[pytest.param(ScriptedRadio, id="scripted"), pytest.param(BumbleRadio, id="bumble", marks=pytest.mark.radio)]
)
def radio(request: pytest.FixtureRequest) -> Callable[[Iterable[Peripheral]], Radio]:
    """Makes a radio with devices in its reach."""
    make: Callable[[Iterable[Peripheral]], Radio] = request.param
    return make
