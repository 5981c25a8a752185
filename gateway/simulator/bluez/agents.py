"""org.bluez.AgentManager1: who answers when a device wants to pair (src/agent.c)."""

from dataclasses import dataclass

from gateway.simulator.bluez.core import Core
from gateway.simulator.bluez.names import AGENT, AGENT_MANAGER, ROOT, BusError, bluez_error
from gateway.simulator.bluez.objects import Call
from gateway.simulator.bluez.radio import Ask


@dataclass(frozen=True, slots=True)
class Agent:
    """A registered agent: its program, its object, what it can do."""

    client: str
    path: str
    capability: str


class Agents:
    """The agents of all programs. The first to register is the default one until another asks to be."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._agents: dict[str, Agent] = {}
        self._order: list[str] = []
        core.tree.serve(
            AGENT_MANAGER,
            RegisterAgent=self._register,
            UnregisterAgent=self._unregister,
            RequestDefaultAgent=self._request_default,
        )

    def export(self) -> None:
        """Makes the manager's object."""
        self._core.tree.add(ROOT, {AGENT_MANAGER: {}})

    def choose(self, client: str | None) -> Agent | None:
        """The caller's own agent, else the default one."""
        if client is not None and client in self._agents:
            return self._agents[client]
        return self._agents[self._order[0]] if self._order else None

    def asking(self, agent: Agent, device_path: str) -> Ask:
        """A function that asks the agent about a device."""

        async def ask(member: str, signature: str, arguments: tuple[object, ...]) -> object:
            body = ("o" + signature, [device_path, *arguments])
            reply = await self._core.tree.ask(agent.client, agent.path, AGENT, member, body, self._core.timing.agent)
            return reply[0] if reply else None

        return ask

    async def cancel(self, agent: Agent) -> None:
        """What it was asked does not matter any more."""
        await self._core.tree.ask(agent.client, agent.path, AGENT, "Cancel", ("", []), self._core.timing.agent)

    def client_gone(self, client: str) -> None:
        """A program left, and its agent with it."""
        self._agents.pop(client, None)
        self._order = [name for name in self._order if name != client]

    def reset(self) -> None:
        """Forgets them all."""
        self._agents.clear()
        self._order.clear()

    async def _register(self, call: Call) -> None:
        if call.sender in self._agents:
            raise bluez_error("AlreadyExists", "Already Exists")
        path, capability = str(call.body[0]), str(call.body[1])
        self._agents[call.sender] = Agent(call.sender, path, capability or "KeyboardDisplay")
        self._order.append(call.sender)

    async def _unregister(self, call: Call) -> None:
        self._require(call)
        self.client_gone(call.sender)

    async def _request_default(self, call: Call) -> None:
        self._require(call)
        self._order = [call.sender, *(name for name in self._order if name != call.sender)]

    def _require(self, call: Call) -> None:
        agent = self._agents.get(call.sender)
        if agent is None or agent.path != str(call.body[0]):
            raise bluez_error("DoesNotExist", "Does Not Exist")


REFUSALS = (BusError, TimeoutError)
"""What an agent's refusal or silence looks like to whoever asks it."""
