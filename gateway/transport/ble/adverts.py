"""Devices that are only listened to: what they measure is in their advertisements, and they are never connected to."""

from collections.abc import Callable, Mapping

from gateway.transport.ble.device import BleDevice
from gateway.transport.ble.spell import Spell


class Listener:
    """One such device. A contact lasts from an advertisement until the device has been quiet for a while."""

    def __init__(self, device: BleDevice, monotonic: Callable[[], float]) -> None:
        self._spell = Spell(device, monotonic)
        self._wanted = frozenset(c.uuid for c in device.driver.adverts)
        self._last: dict[str, bytes] = {}

    def heard(self, service_data: Mapping[str, bytes], rssi: int) -> None:
        """An advertisement came: what is new in it is told. The same bytes as last time are nothing new."""
        carried = {u: d for u, d in service_data.items() if u in self._wanted}
        if not carried:
            return
        if not self._spell.is_open:
            self._last.clear()
        for uuid, data in carried.items():
            if self._last.get(uuid) != data:
                self._last[uuid] = data
                self._spell.frame(f"adv:{uuid}", data, rssi)
        self._spell.go_on()

    def close(self) -> None:
        """Ends the contact, if there is one."""
        self._spell.close()
