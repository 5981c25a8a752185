"""Virtual devices that only advertise: their measurements are in the advertisement, and nobody can connect."""

import asyncio
from collections import deque
from typing import Unpack

from drivers.uuids import full
from gateway.simulator.bluez.radio import Advert
from gateway.simulator.peripheral import Common, VirtualDevice

WEIGHT_SCALE = full(0x181D)
AWAKE_SECONDS = 10.0
SHOW_SECONDS = 0.25


class Broadcaster(VirtualDevice):
    """Shows service data for a while after a measurement: each payload for `show` seconds, the last until it sleeps."""

    def __init__(
        self, name: str, address: str, uuid: str, *, show: float = SHOW_SECONDS, **common: Unpack[Common]
    ) -> None:
        super().__init__(name, address, **common)
        self.connectable = False
        self.advertised = (uuid,)
        self._uuid = uuid
        self._show = show
        self._payloads: deque[bytes] = deque()
        self._shown_at = 0.0

    def broadcast(self, *payloads: bytes) -> None:
        """What it shows from now on, one after the other."""
        self._payloads = deque(payloads)
        self._shown_at = asyncio.get_running_loop().time()
        self.wake()

    @property
    def on_air(self) -> bool:
        """Whether it advertises just now."""
        awake = self.habits.awake if self.habits.awake is not None else AWAKE_SECONDS
        return bool(self._payloads) and asyncio.get_running_loop().time() - self._shown_at <= awake

    def advert(self) -> Advert:
        """Name, service and what it shows at this moment."""
        step = int((asyncio.get_running_loop().time() - self._shown_at) / self._show)
        payload = self._payloads[min(step, len(self._payloads) - 1)]
        return Advert(self.address, self.address_type, self.name, self.advertised, service_data={self._uuid: payload})


class MiScale(Broadcaster):
    """Xiaomi Mi Smart Scale: weight, state and time in the service data of 0x181D, over and over."""

    def __init__(self, name: str = "MI_SCALE", address: str = "C0:00:00:00:00:18", **common: Unpack[Common]) -> None:
        super().__init__(name, address, WEIGHT_SCALE, **common)
