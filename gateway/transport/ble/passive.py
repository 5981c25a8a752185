"""Passive scanning: BlueZ tells of advertisements as they come, and asks no device for more.

bleak's passive scanner goes by the signals of changed properties. Of a device that is as strong as it was BlueZ changes
none (src/device.c, device_set_rssi), so that one which lies still would be read once; the calls to a monitor come for
each advertisement. Sources: BlueZ doc/org.bluez.AdvertisementMonitor.rst and org.bluez.AdvertisementMonitorManager.rst.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from dbus_fast import Message, MessageType, Variant, unpack_variants

from gateway.errors import GatewayError
from gateway.transport.ble.adapters import PROPERTIES, adapter_name, changes_of
from gateway.transport.ble.bluez import DEVICE, Bluez
from gateway.transport.ble.deadline import end
from gateway.transport.ble.errors import DEAF, fault

_ROOT = "/no/dho/gateway/monitors"
_PATH = f"{_ROOT}/all"
# What bleak gives for a device object that changed without an advertisement having been heard.
NO_RSSI = -127
_MONITOR = "org.bluez.AdvertisementMonitor1"
_MANAGER = "org.bluez.AdvertisementMonitorManager1"
# Whatever can be found, by its flags (Core Specification Supplement, Part A, 1.3). Lists of services and names BlueZ
# takes out of an advertisement before it looks for patterns. It keeps the length of its request to the kernel in one
# byte (src/adv_monitor.c, merged_pattern_send_add_pattern): with more than seven patterns it writes beyond it, lets go
# of the monitor, and crashes at the next (seen with 5.82).
_FLAGS = (b"\x01", b"\x02", b"\x04", b"\x05", b"\x06", b"\x18", b"\x1a")
PATTERNS = [(0, 0x01, flags) for flags in _FLAGS]


class PassiveScanner:
    """One monitor of BlueZ. `detected` is called as bleak's scanner does: with all that is known of a device if `lists`
    has its address, else with its address alone."""

    def __init__(
        self,
        bluez: Bluez,
        adapter: str,
        lists: Callable[[str], bool],
        detected: Callable[[BLEDevice, AdvertisementData], None],
    ) -> None:
        self._bluez = bluez
        self._adapter = f"/org/bluez/{adapter}"
        self._lists = lists
        self._detected = detected
        self._taken: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._looks: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Returns when the kernel listens. Raises GatewayError, `bluetooth-deaf` where BlueZ will not have it."""
        self._bluez.guests.append(self)
        # Not each time, but also of what was heard on somebody else's behalf.
        await self._bluez.listen([changes_of(DEVICE)])
        try:
            await self._bluez.call(self._adapter, _MANAGER, "RegisterMonitor", "o", [_ROOT])
        except GatewayError as error:
            self._bluez.adapter(adapter_name(self._adapter))
            raise fault(DEAF, error.detail) from error
        if not await self._taken:
            raise fault(DEAF, "the monitor was refused")

    async def stop(self) -> None:
        """Nothing is told any more. Raises GatewayError."""
        if self in self._bluez.guests:
            self._bluez.guests.remove(self)
        for look in list(self._looks.values()):
            await end(look)
        await self._bluez.call(self._adapter, _MANAGER, "UnregisterMonitor", "o", [_ROOT])

    # --- BlueZ (Guest) ---

    def ready(self) -> None:
        """The scanner of the process builds another one when it is time."""

    def voided(self) -> None:
        """As above."""

    def heard(self, message: Message) -> Message | bool | None:
        """Answers BlueZ's calls to the monitor, and hears its signals."""
        if message.member == "PropertiesChanged" and message.body[0] == DEVICE and "RSSI" in message.body[1]:
            self._found(message.path or "")
        if message.message_type is not MessageType.METHOD_CALL or message.path not in (_ROOT, _PATH):
            return None
        if message.member == "GetManagedObjects":
            return Message.new_method_return(message, "a{oa{sa{sv}}}", [{_PATH: {_MONITOR: _properties()}}])
        if message.member == "GetAll":
            return Message.new_method_return(message, "a{sv}", [_properties()])
        if message.interface != _MONITOR:
            return None
        if message.member in ("Activate", "Release"):
            self._answered(message.member == "Activate")
        elif message.member == "DeviceFound":
            self._found(str(message.body[0]))
        return Message.new_method_return(message)

    def _answered(self, taken: bool) -> None:
        if not self._taken.done():
            self._taken.set_result(taken)

    def _found(self, path: str) -> None:
        """An advertisement of the device with this object path was heard."""
        adapter, _, name = path.rpartition("/dev_")
        address = name.replace("_", ":")
        if adapter != self._adapter:
            return
        if not self._lists(address):
            self._detected(BLEDevice(address, None, {"path": path}), _advertisement({"RSSI": 0}))
        elif path not in self._looks:
            look = asyncio.ensure_future(self._look(path, address))
            self._looks[path] = look
            look.add_done_callback(lambda _task: self._looks.pop(path, None))

    async def _look(self, path: str, address: str) -> None:
        try:
            reply = await self._bluez.call(path, PROPERTIES, "GetAll", "s", [DEVICE])
        except GatewayError:
            # The next advertisement is told of as well.
            return
        told = unpack_variants(reply[0])
        device = BLEDevice(address, told.get("Name"), {"path": path, "props": told})
        self._detected(device, _advertisement(told))


def _properties() -> dict[str, Variant]:
    patterns = [list(pattern) for pattern in PATTERNS]
    return {"Type": Variant("s", "or_patterns"), "Patterns": Variant("a(yyay)", patterns)}


def _advertisement(told: dict[str, Any]) -> AdvertisementData:
    return AdvertisementData(
        told.get("Name"),
        told.get("ManufacturerData", {}),
        {uuid: bytes(data) for uuid, data in told.get("ServiceData", {}).items()},
        told.get("UUIDs", []),
        told.get("TxPower"),
        told.get("RSSI", NO_RSSI),
        (),
    )
