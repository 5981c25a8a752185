"""The suite that the look-alike must pass, over the real BlueZ: a difference is a mistake of the look-alike."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests import aio
from tests.bus.virtual_home import find
from tests.radio import test_common as common
from tests.radio.test_common import *  # noqa: F403
from tests.vm.guest import Guest
from tests.vm.hub import Hub
from tests.vm.real_bluez import open_bus, real_bluetooth

pytestmark = pytest.mark.timeout(1200)

_DROP_IN = "/run/systemd/system/bluetooth.service.d"


@pytest.fixture(scope="module")
def bare(hub: Hub) -> Iterator[tuple[Guest, str]]:
    """BlueZ without the daemon and without an adapter, with what passive scanning needs; and the way to its bus."""
    command = "/usr/libexec/bluetooth/bluetoothd --experimental"
    anew = "systemctl daemon-reload && systemctl restart bluetooth"
    hub.systemctl("stop")
    hub.unplug()
    hub.write(f"{_DROP_IN}/experimental.conf", f"[Service]\nExecStart=\nExecStart={command}")
    hub.guest.run(anew)
    yield hub.guest, open_bus(hub.guest)
    hub.guest.run(f"rm -r {_DROP_IN} && {anew}")
    hub.plug_in()


@pytest.fixture
def radio() -> None:
    """The devices are on the air of the guest's controller."""


@pytest.fixture(autouse=True)
def _real(bare: tuple[Guest, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common, "virtual_bluetooth", real_bluetooth(*bare))
    # An emulated machine takes its time.
    monkeypatch.setattr(common, "run", partial(aio.run, timeout=120))
    monkeypatch.setattr(common, "find", partial(find, seconds=20))
