"""The look-alike's objects and its place on the bus: calls come in with their sender, signals go out in order."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass

from dbus_fast import ErrorType, Message, MessageType, NameFlag, RequestNameReply, Variant
from dbus_fast.aio import MessageBus

from gateway.errors import TransientError
from gateway.simulator.bluez.names import (
    BUS,
    BUS_PATH,
    OBJECT_MANAGER,
    PEER,
    PROPERTIES,
    SERVICE,
    BusError,
    bluez_error,
    unknown_object,
)

Properties = dict[str, Variant]
Body = tuple[str, list[object]]
CALLS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Call:
    """One method call: who asks (unique name), of which object, with what."""

    sender: str
    path: str
    body: list[object]


Method = Callable[[Call], Awaitable[Body | None]]
Setter = Callable[[str, Variant], Awaitable[None]]


class ObjectTree:
    """Objects by path, interface and property, exported on a bus under one name.

    `calls` holds what was asked, newest last: (member, path). `on_client_gone` is told the unique name of every
    connection that leaves the bus, `on_told` is called behind each answer that told of all objects.
    """

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Properties]] = {}
        self.calls: deque[tuple[str, str]] = deque(maxlen=CALLS_KEPT)
        self.on_client_gone: Callable[[str], None] = lambda _name: None
        self.on_told: Callable[[], None] = lambda: None
        self._methods: dict[tuple[str, str], Method] = {}
        self._setters: dict[tuple[str, str], Setter] = {}
        self._bus: MessageBus | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # --- life ---------------------------------------------------------------------------------------------------------

    async def connect(self, address: str) -> None:
        """Joins the bus and takes the name; TransientError if somebody else has it."""
        bus = MessageBus(bus_address=address)
        await bus.connect()
        self._bus = bus
        bus.add_message_handler(self._handle)
        rule = f"type='signal',sender='{BUS}',interface='{BUS}',member='NameOwnerChanged',path='{BUS_PATH}',arg2=''"
        await bus.call(
            Message(destination=BUS, path=BUS_PATH, interface=BUS, member="AddMatch", signature="s", body=[rule])
        )
        reply = await bus.request_name(SERVICE, NameFlag.DO_NOT_QUEUE)
        if reply is not RequestNameReply.PRIMARY_OWNER:
            raise TransientError("bluez-name-taken", f"{SERVICE} has an owner on this bus")

    async def disconnect(self) -> None:
        """Leaves the bus; whatever was being answered is given up."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.disconnect()
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Runs something beside; ended by `disconnect`."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- what the parts register --------------------------------------------------------------------------------------

    def serve(self, interface: str, **methods: Method) -> None:
        """Registers the methods of an interface."""
        for member, method in methods.items():
            self._methods[interface, member] = method

    def settable(self, interface: str, **setters: Setter) -> None:
        """Registers properties a client may set; the setter gets the path."""
        for name, setter in setters.items():
            self._setters[interface, name] = setter

    # --- objects ------------------------------------------------------------------------------------------------------

    def add(self, path: str, interfaces: Mapping[str, Properties]) -> None:
        """Exports an object."""
        self.objects.setdefault(path, {}).update(interfaces)
        self._signal("/", OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, dict(interfaces)])

    def remove(self, path: str) -> None:
        """Takes an object and everything below it away, children first."""
        below = [p for p in self.objects if p == path or p.startswith(path + "/")]
        for gone in sorted(below, reverse=True):
            interfaces = list(self.objects.pop(gone))
            self._signal("/", OBJECT_MANAGER, "InterfacesRemoved", "oas", [gone, interfaces])

    def change(self, path: str, interface: str, changed: Properties, invalidated: Sequence[str] = ()) -> None:
        """Sets properties and says so; nothing happens to an object that is gone."""
        properties = self.objects.get(path, {}).get(interface)
        if properties is None:
            return
        properties.update(changed)
        for name in invalidated:
            properties.pop(name, None)
        self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, changed, list(invalidated)])

    def value(self, path: str, interface: str, name: str) -> object:
        """A property's value; None if there is none."""
        variant = self.objects.get(path, {}).get(interface, {}).get(name)
        return None if variant is None else variant.value

    async def ask(
        self, client: str, path: str, interface: str, member: str, body: Body, seconds: float
    ) -> list[object]:
        """Calls a client's object (agent, monitor); BusError when it refuses, is gone or says nothing."""
        if self._bus is None:
            raise bluez_error("Failed", "not on the bus")
        signature, arguments = body
        message = Message(
            destination=client, path=path, interface=interface, member=member, signature=signature, body=arguments
        )
        async with asyncio.timeout(seconds):
            reply = await self._bus.call(message)
        if reply.message_type is MessageType.ERROR:
            raise BusError(reply.error_name or "", str(reply.body[0]) if reply.body else "")
        return list(reply.body)

    # --- messages -----------------------------------------------------------------------------------------------------

    def _send(self, message: Message) -> None:
        if self._bus is not None and self._bus.connected:
            self._bus.send(message).add_done_callback(_forget)

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[object]) -> None:
        self._send(Message.new_signal(path, interface, member, signature, body))

    def _handle(self, message: Message) -> bool:
        if message.message_type is MessageType.METHOD_CALL and message.interface != PEER:
            self.spawn(self._answer(message))
            return True
        if message.message_type is MessageType.SIGNAL and message.member == "NameOwnerChanged":
            name, _old, new = message.body
            if not new:
                self.on_client_gone(name)
        return False

    async def _answer(self, message: Message) -> None:
        try:
            reply = await self._dispatch(message)
        except BusError as error:
            self._send(Message.new_error(message, error.name, error.text))
            return
        signature, body = reply if reply is not None else ("", [])
        self._send(Message.new_method_return(message, signature, body))
        if message.member == "GetManagedObjects":
            self.on_told()

    async def _dispatch(self, message: Message) -> Body | None:
        path, interface, member = message.path or "", message.interface or "", message.member or ""
        if interface == OBJECT_MANAGER and member == "GetManagedObjects":
            return "a{oa{sa{sv}}}", [self.objects]
        if path not in self.objects:
            raise unknown_object(path)
        if interface == PROPERTIES:
            return await self._properties(path, member, list(message.body))
        self.calls.append((member, path))
        method = self._methods.get((interface, member))
        if method is None or interface not in self.objects[path]:
            raise BusError(ErrorType.UNKNOWN_METHOD.value, f"{interface}.{member}")
        return await method(Call(message.sender or "", path, list(message.body)))

    async def _properties(self, path: str, member: str, body: list[object]) -> Body | None:
        interface = str(body[0])
        properties = self.objects[path].get(interface, {})
        if member == "GetAll":
            return "a{sv}", [properties]
        name = str(body[1])
        if name not in properties:
            raise BusError(ErrorType.INVALID_ARGS.value, f"No such property '{name}'")
        if member == "Get":
            return "v", [properties[name]]
        setter = self._setters.get((interface, name))
        value = body[2]
        if setter is None or not isinstance(value, Variant):
            raise BusError(ErrorType.PROPERTY_READ_ONLY.value, f"Property '{name}' is not writable")
        await setter(path, value)
        return None


def _forget(sent: "asyncio.Future[None]") -> None:
    """A message that could not be sent had nobody left to read it."""
    if not sent.cancelled():
        sent.exception()
