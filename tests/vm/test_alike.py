"""The suite that the look-alike must pass, over the real BlueZ: a difference is a mistake of the look-alike."""

from collections.abc import Iterator
from functools import partial

import pytest
from bleak import BleakClient
from bleak.exc import BleakError, BleakGATTProtocolError

from tests import aio
from tests.bus.virtual_home import find, hear
from tests.radio import test_common as common
from tests.radio.test_common import *  # noqa: F403
from tests.vm.conftest import ASKED
from tests.vm.guest import Guest
from tests.vm.hub import Hub
from tests.vm.real_bluez import experimental, nothing_known, open_bus, real_bluetooth

pytestmark = pytest.mark.timeout(1200)
_NEWER = common.test_a_device_that_lies_still_is_told_of_again_only_where_that_is_asked_for.__name__


class Client(BleakClient):
    """Connects once more to a device that is still there: where BlueZ's answer to Connect overtakes its signal of the
    link, bleak takes that link for lost (seen once in some hundreds)."""

    async def connect(self, **settings: bool) -> None:
        try:
            await super().connect(**settings)
        except BleakError as error:
            if "failed to discover services" not in str(error) or await hear(self.address, 3) is None:
                raise
            await super().connect(**settings)


@pytest.fixture(scope="module")
def bare(hub: Hub) -> Iterator[tuple[Guest, str]]:
    """BlueZ without the daemon, without an adapter and without bonds, with what passive scanning needs; and the way to
    its bus."""
    hub.systemctl("stop")
    hub.unplug()
    with nothing_known(hub.guest), experimental(hub.guest):
        yield hub.guest, open_bus(hub.guest)
    hub.plug_in()


@pytest.fixture
def radio() -> None:
    """The devices are on the air of the guest's controller."""


@pytest.fixture(autouse=True)
def _real(bare: tuple[Guest, str], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if ASKED == "12" and request.node.name == _NEWER:
        pytest.skip("BlueZ 5.66 tells of every advertisement")
    monkeypatch.setattr(common, "virtual_bluetooth", real_bluetooth(*bare))
    monkeypatch.setattr(common, "BleakClient", Client)
    # BlueZ says nothing, as the look-alike; but now and then that there was an "unlikely error".
    monkeypatch.setattr(common, "COMES_TO_NOTHING", (TimeoutError, BleakGATTProtocolError))
    # An emulated machine takes its time.
    monkeypatch.setattr(common, "run", partial(aio.run, timeout=120))
    monkeypatch.setattr(common, "find", partial(find, seconds=20))
