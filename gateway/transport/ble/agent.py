"""The pairing agent: answers BlueZ when a device wants to be paired, and refuses unless a person has opened a window.

Without a registered agent not even Just Works pairing works. Source: BlueZ doc/org.bluez.Agent.rst and
org.bluez.AgentManager.rst; src/agent.c (the default agent is asked when whoever pairs has none).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from dbus_fast import Message, MessageType

from gateway.env import Env
from gateway.errors import GatewayError
from gateway.transport.ble.bluez import Bluez
from gateway.transport.ble.limits import Limits

PATH = "/no/dho/gateway/agent"
_AGENT = "org.bluez.Agent1"
_MANAGER = "org.bluez.AgentManager1"
_ROOT = "/org/bluez"
_CAPABILITY = "KeyboardDisplay"
_REJECTED = "org.bluez.Error.Rejected"
_CANCELED = "org.bluez.Error.Canceled"


class Person(Protocol):
    """Whoever stands beside the device and pairs it. Codes are six digits, 0 to 999999."""

    async def read_code(self) -> int | None:
        """The code the device shows; None to give up."""
        ...

    async def same_code(self, code: int) -> bool:
        """Whether the device shows this code, too."""
        ...

    def show_code(self, code: int) -> None:
        """A code to be typed on the device."""
        ...

    def broken_off(self) -> None:
        """The device hung up in the middle: it is paired the next time it is heard."""
        ...


@dataclass(slots=True)
class Window:
    """`path`: the one device that may be paired. `answered`: the person has given a code, or has said no."""

    path: str
    person: Person
    answered: bool = False


class Agent:
    """Registered, as the default one, for as long as `run` runs; again whenever BlueZ comes back."""

    def __init__(self, bluez: Bluez, env: Env, limits: Limits) -> None:
        self.refused = 0
        self._registered = asyncio.Event()
        self._bluez = bluez
        self._env = env
        self._limits = limits
        self._window: Window | None = None
        self._wake = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None
        bluez.guests.append(self)

    async def run(self) -> None:
        """Runs until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._registered.is_set() or self._bluez.fault is not None:
                continue
            try:
                await self._register()
            except GatewayError:
                await self._env.sleep(self._limits.rebuild.wait_s(1, 0.0))
                self._wake.set()

    async def until_registered(self, seconds: float) -> None:
        """Returns when BlueZ knows us, at the latest after `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._registered.wait()

    @contextmanager
    def window(self, path: str, person: Person) -> Iterator[Window]:
        """Lets the device with this object path be paired, by this person, until the block ends."""
        self._window = Window(path, person)
        try:
            yield self._window
        finally:
            self._window = None
            self._stop_asking()

    async def _register(self) -> None:
        epoch = self._bluez.epoch
        try:
            await self._bluez.call(_ROOT, _MANAGER, "RegisterAgent", "os", [PATH, _CAPABILITY])
        except GatewayError as error:
            if "AlreadyExists" not in error.detail:
                raise
        await self._bluez.call(_ROOT, _MANAGER, "RequestDefaultAgent", "o", [PATH])
        # BlueZ may have gone since it answered, or have let go of us.
        if self._bluez.epoch == epoch and not self._wake.is_set():
            self._registered.set()

    # --- BlueZ (Guest) ---

    def ready(self) -> None:
        """BlueZ answers: it may be another one."""
        self._wake.set()

    def voided(self) -> None:
        """BlueZ may have forgotten us."""
        self._registered.clear()
        self._wake.set()

    def heard(self, message: Message) -> Message | bool | None:
        """Answers BlueZ's questions."""
        if message.message_type is not MessageType.METHOD_CALL or message.interface != _AGENT:
            return None
        if message.member == "Release":
            self._registered.clear()
            self._wake.set()
            return Message.new_method_return(message)
        if message.member == "Cancel":
            self._stop_asking()
            return Message.new_method_return(message)
        return self._answer(message)

    def _answer(self, message: Message) -> Message | bool:
        window = self._window
        if window is None or not message.body or message.body[0] != window.path:
            self.refused += 1
            return Message.new_error(message, _REJECTED, "no enrolment is under way")
        match message.member:
            case "RequestAuthorization" | "AuthorizeService":
                return Message.new_method_return(message)
            case "DisplayPasskey":
                # Told again with each digit typed on the device.
                if message.body[2] == 0:
                    window.person.show_code(message.body[1])
                return Message.new_method_return(message)
            case "RequestPasskey":
                return self._ask(message, lambda: self._passkey(message, window))
            case "RequestConfirmation":
                return self._ask(message, lambda: self._confirmation(message, window))
            case _:
                # PIN codes are of another Bluetooth.
                return Message.new_error(message, _REJECTED, "not for Bluetooth LE")

    def _ask(self, message: Message, question: Callable[[], Awaitable[Message]]) -> bool:
        """A person takes time: BlueZ is answered when they have."""
        self._stop_asking()

        async def ask() -> None:
            try:
                answer = await question()
            except asyncio.CancelledError:
                answer = Message.new_error(message, _CANCELED, "given up")
            self._bluez.send(answer)

        self._asking = asyncio.ensure_future(ask())
        return True

    async def _passkey(self, message: Message, window: Window) -> Message:
        code = await window.person.read_code()
        window.answered = True
        if code is None:
            return Message.new_error(message, _REJECTED, "no code was given")
        return Message.new_method_return(message, "u", [code])

    async def _confirmation(self, message: Message, window: Window) -> Message:
        same = await window.person.same_code(int(message.body[1]))
        window.answered = True
        if same:
            return Message.new_method_return(message)
        return Message.new_error(message, _REJECTED, "the codes differ")

    def _stop_asking(self) -> None:
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.cancel()
