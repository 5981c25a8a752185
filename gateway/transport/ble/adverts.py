"""Devices that are only listened to: what they measure is in their advertisements, and they are never connected to."""

import asyncio
from collections.abc import Callable, Mapping

from gateway.transport.ble.device import BleDevice
from gateway.transport.ble.telling import Telling


class Listener:
    """One such device. A contact lasts from an advertisement until the device has been quiet for a while."""

    def __init__(self, device: BleDevice, monotonic: Callable[[], float]) -> None:
        self._device = device
        self._monotonic = monotonic
        self._wanted = frozenset(c.uuid for c in device.driver.adverts)
        self._last: dict[str, bytes] = {}
        self._telling: Telling | None = None
        self._end: asyncio.TimerHandle | None = None

    def heard(self, service_data: Mapping[str, bytes], rssi: int) -> None:
        """An advertisement came: what is new in it is told. The same bytes as last time are nothing new."""
        carried = {u: d for u, d in service_data.items() if u in self._wanted}
        if not carried:
            return
        telling = self._telling or self._open(rssi)
        for uuid, data in carried.items():
            if self._last.get(uuid) != data:
                self._last[uuid] = data
                telling.frame(f"adv:{uuid}", data)
        self._postpone_end()

    def close(self) -> None:
        """Ends the contact, if there is one."""
        telling, self._telling = self._telling, None
        if self._end is not None:
            self._end.cancel()
        self._last.clear()
        if telling is not None:
            telling.closed(None)

    def _open(self, rssi: int) -> Telling:
        telling = self._telling = Telling(self._device.contact, self._monotonic)
        telling.opened()
        telling.facts({"rssi": rssi})
        telling.clock(None)
        return telling

    def _postpone_end(self) -> None:
        if self._end is not None:
            self._end.cancel()
        self._end = asyncio.get_running_loop().call_later(self._device.driver.quiet_s, self.close)
