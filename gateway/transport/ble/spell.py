"""A contact that nobody made: opened by what comes, ended by silence."""

import asyncio
from collections.abc import Callable

from gateway.transport.ble.device import BleDevice
from gateway.transport.ble.telling import Telling


class Spell:
    """Tells a device's contact of frames that come without a session."""

    def __init__(self, device: BleDevice, monotonic: Callable[[], float]) -> None:
        self._device = device
        self._monotonic = monotonic
        self._telling: Telling | None = None
        self._end: asyncio.TimerHandle | None = None

    def frame(self, channel: str, data: bytes, rssi: int | None = None) -> None:
        """Something came; `rssi` in dBm where there is one."""
        telling = self._telling or self._open(rssi)
        telling.frame(channel, data)
        self.go_on()

    def go_on(self) -> None:
        """The device is still there."""
        if self._telling is None:
            return
        if self._end is not None:
            self._end.cancel()
        self._end = asyncio.get_running_loop().call_later(self._device.driver.quiet_s, self.close)

    def close(self) -> None:
        """Ends the contact, if there is one."""
        telling, self._telling = self._telling, None
        if self._end is not None:
            self._end.cancel()
        if telling is not None:
            telling.closed(None)

    @property
    def is_open(self) -> bool:
        """Whether there is a contact."""
        return self._telling is not None

    def _open(self, rssi: int | None) -> Telling:
        telling = self._telling = Telling(self._device.contact, self._monotonic)
        telling.opened()
        if rssi is not None:
            telling.facts({"rssi": rssi})
        telling.clock(None)
        return telling
