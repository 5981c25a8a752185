"""The home around the guest: virtual devices on one air, and the adapter that the guest's kernel drives."""

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TypeVar

from bumble.device import Connection

from gateway.simulator.bluez.radio import Peripheral
from tests.radio.bumble_air import Air
from tests.radio.bumble_radio import Hosted
from tests.vm.controller import HubController, plug_in

ADAPTER = "C0:FF:EE:00:00:01"
Answer = TypeVar("Answer")


class Home:
    """Devices that live in a thread of their own. Whatever touches them goes through `do`.

    `pairings` counts new bonds by address; `unsupported` are commands that the adapter did not know.
    """

    def __init__(self, devices: Iterable[Peripheral]) -> None:
        self._devices = list(devices)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._adapter: HubController | None = None
        self._hosted: list[Hosted] = []
        self.pairings: Counter[str] = Counter()
        self.unsupported: set[str] = set()

    def open(self) -> "Home":
        """Everybody is switched on."""
        self._thread.start()
        self._wait(self._start())
        return self

    def close(self) -> None:
        """Everybody is switched off."""
        self.unplug()
        self._wait(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def do(self, action: Callable[[], Answer]) -> Answer:
        """Does something with the devices, and gives what it gives."""

        async def act() -> Answer:
            return action()

        return self._wait(act())

    def delay(self, seconds: float) -> None:
        """How long a packet takes on the air from now on, one way."""
        self._air.latency = seconds

    def plug_in(self, hci: Path) -> None:
        """An adapter behind a socket of the machine."""
        self._adapter = self._wait(plug_in(self._air, ADAPTER, f"unix:{hci}"))

    def unplug(self) -> None:
        """The adapter is gone; links are lost."""
        adapter, self._adapter = self._adapter, None
        if adapter is not None:
            self.unsupported |= adapter.unsupported
            self._wait(adapter.unplug())

    def hang(self, on: bool) -> None:
        """The adapter stays where it is and does nothing any more; or it answers again."""
        if self._adapter is not None:
            self._adapter.hung = on

    async def _start(self) -> None:
        self._air = Air.among(self._devices)
        for device in self._devices:
            hosted = Hosted(self._air, device)
            self._hosted.append(hosted)
            hosted._device.on("connection", partial(self._count_pairings, device.address))
            await hosted.start()

    async def _stop(self) -> None:
        for hosted in self._hosted:
            await hosted.stop()

    def _count_pairings(self, address: str, connection: Connection) -> None:
        connection.on("pairing", lambda _keys: self.pairings.update([address]))

    def _wait(self, work: Awaitable[Answer]) -> Answer:
        async def whole() -> Answer:
            return await work

        return asyncio.run_coroutine_threadsafe(whole(), self._loop).result(30)
