"""A program on the bus besides bleak: a second listener, or a pairing agent."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from dbus_fast import BusType, DBusError, Message, MessageType, Variant, unpack_variants
from dbus_fast.aio import MessageBus

from gateway.simulator.bluez.names import (
    AGENT,
    AGENT_MANAGER,
    BUS,
    BUS_PATH,
    GATT_CHARACTERISTIC,
    OBJECT_MANAGER,
    PROPERTIES,
    ROOT,
    SERVICE,
)

AGENT_PATH = "/test/agent"


class DBusClient:
    """A connection to the bus that DBUS_SYSTEM_BUS_ADDRESS names. `values` are the Value signals it has seen."""

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus
        self.values: list[tuple[str, bytes]] = []
        self.asked: list[str] = []
        self.passkey: Callable[[], int] | None = None
        bus.add_message_handler(self._handle)

    async def call(self, path: str, interface: str, member: str, signature: str = "", *body: object) -> list[object]:
        """Calls BlueZ; DBusError with BlueZ's error name when it refuses."""
        message = Message(
            destination=SERVICE, path=path, interface=interface, member=member, signature=signature, body=list(body)
        )
        reply = await self.bus.call(message)
        if reply.message_type is MessageType.ERROR:
            raise DBusError(reply.error_name or "", str(reply.body[0]) if reply.body else "")
        return list(reply.body)

    async def set_property(self, path: str, interface: str, name: str, value: Variant) -> None:
        """Sets a property."""
        await self.call(path, PROPERTIES, "Set", "ssv", interface, name, value)

    async def objects(self) -> dict[str, dict[str, dict[str, object]]]:
        """Everything BlueZ exports."""
        (found,) = await self.call("/", OBJECT_MANAGER, "GetManagedObjects")
        objects: dict[str, dict[str, dict[str, object]]] = unpack_variants(found)
        return objects

    async def characteristics(self, uuid: str) -> list[str]:
        """Paths of the exported characteristics with a UUID."""
        found = await self.objects()
        return [p for p, interfaces in found.items() if interfaces.get(GATT_CHARACTERISTIC, {}).get("UUID") == uuid]

    async def listen(self) -> None:
        """Sees every property that changes."""
        rule = f"type='signal',interface='{PROPERTIES}',member='PropertiesChanged',path_namespace='{ROOT}'"
        message = Message(destination=BUS, path=BUS_PATH, interface=BUS, member="AddMatch", signature="s", body=[rule])
        await self.bus.call(message)

    async def register_agent(self, capability: str = "KeyboardDisplay") -> None:
        """Becomes the default pairing agent; answers a passkey request with `passkey()`, or refuses without one."""
        await self.call(ROOT, AGENT_MANAGER, "RegisterAgent", "os", AGENT_PATH, capability)
        await self.call(ROOT, AGENT_MANAGER, "RequestDefaultAgent", "o", AGENT_PATH)

    def _handle(self, message: Message) -> Message | None:
        if message.member == "PropertiesChanged" and message.body[0] == GATT_CHARACTERISTIC:
            if "Value" in message.body[1]:
                self.values.append((message.path or "", bytes(message.body[1]["Value"].value)))
            return None
        if message.message_type is MessageType.METHOD_CALL and message.interface == AGENT:
            return self._answer(message)
        return None

    def _answer(self, message: Message) -> Message:
        self.asked.append(message.member or "")
        if message.member != "RequestPasskey":
            return Message.new_method_return(message)
        if self.passkey is None:
            return Message.new_error(message, "org.bluez.Error.Rejected", "Rejected")
        return Message.new_method_return(message, "u", [self.passkey()])


@asynccontextmanager
async def dbus_client() -> AsyncIterator[DBusClient]:
    """A client for as long as the context is open."""
    bus = MessageBus(bus_type=BusType.SYSTEM)
    await bus.connect()
    try:
        yield DBusClient(bus)
    finally:
        bus.disconnect()
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
