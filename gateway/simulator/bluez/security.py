"""Pairing, and BlueZ's habit of raising security by itself (src/device.c, src/shared/att.c handle_error_rsp)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from dbus_fast import Variant

from gateway.simulator.bluez.agents import REFUSALS, Agent, Agents
from gateway.simulator.bluez.core import Core, Known
from gateway.simulator.bluez.names import DEVICE, bluez_error
from gateway.simulator.bluez.radio import AttError, Link, LinkLostError, PairingFailedError

Answer = TypeVar("Answer")
NEEDS_KEY = (0x05, 0x0F)


class Security:
    """Makes keys, with an agent, and uses them."""

    def __init__(self, core: Core, agents: Agents) -> None:
        self._core = core
        self._agents = agents

    async def pair(self, known: Known, client: str | None) -> None:
        """Pairs over the present link. Without an agent it fails after a while, even where no code is needed."""
        agent = self._agents.choose(client)
        if agent is None:
            await asyncio.sleep(self._core.timing.no_agent)
            raise bluez_error("AuthenticationFailed", "Authentication Failed")
        link = known.link
        if link is None:
            raise bluez_error("AuthenticationCanceled", "Authentication Canceled")
        try:
            await self._make_key(known, link, agent)
        except (PairingFailedError, *REFUSALS) as error:
            raise bluez_error("AuthenticationFailed", "Authentication Failed") from error
        except LinkLostError as error:
            raise bluez_error("AuthenticationCanceled", "Authentication Canceled") from error
        known.temporary = False
        self._core.tree.change(known.path, DEVICE, {"Paired": Variant("b", True), "Bonded": Variant("b", True)})

    async def _make_key(self, known: Known, link: Link, agent: Agent) -> None:
        """A link that goes is noticed while a person still looks for the code, and the agent is told."""
        pairing = asyncio.ensure_future(link.pair(self._agents.asking(agent, known.path), agent.capability))
        gone = asyncio.ensure_future(known.unlinked.wait())
        try:
            await asyncio.wait({pairing, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not pairing.done():
                with suppress(*REFUSALS):
                    await self._agents.cancel(agent)
                raise LinkLostError
            pairing.result()
        finally:
            for task in (pairing, gone):
                task.cancel()
            await asyncio.gather(pairing, gone, return_exceptions=True)

    async def secured(self, known: Known, link: Link, operation: Callable[[], Awaitable[Answer]]) -> Answer:
        """Runs an operation; if the peer wants a key, gets one and runs it once more.

        Without an agent the request is left hanging until the link ends, as BlueZ 5.66 and 5.82 do. An agent is asked
        first, since nobody called Pair (src/device.c, device_confirm_passkey); refused, the peer's error stands.
        """
        try:
            return await operation()
        except AttError as error:
            if error.code not in NEEDS_KEY:
                raise
            refusal = error
        if self._core.radio.bonded(known.address):
            await link.encrypt()
        elif (agent := self._agents.choose(None)) is None:
            await known.unlinked.wait()
            raise LinkLostError
        else:
            try:
                await self._agents.asking(agent, known.path)("RequestAuthorization", "", ())
            except REFUSALS:
                raise refusal from None
            await self.pair(known, None)
        return await operation()
