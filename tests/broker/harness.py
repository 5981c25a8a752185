"""An uplink under test with its callbacks recorded, and an independent client as witness."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any, Self

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from gateway.env import Env, real_env
from gateway.errors import GatewayError
from gateway.uplink import Uplink, UplinkSettings
from tests.aio import until

HUB = "dho/1/skien/hub-0042"


def settings(port: int, **changes: Any) -> UplinkSettings:
    """Plain text to a broker on loopback, unless changed."""
    plain = UplinkSettings(host="127.0.0.1", port=port, client_id="hub-0042", tls=None)
    return replace(plain, **changes)


def quick_env() -> Env:
    """The real world with waits a tenth as long, so that a test of retries is short."""
    real = real_env()
    return replace(real, sleep=lambda seconds: asyncio.sleep(seconds / 10))


@dataclass
class Rig:
    """What an uplink told."""

    uplink: Uplink
    task: "asyncio.Task[None]"
    connects: list[float] = field(default_factory=list)
    ends: list[GatewayError | None] = field(default_factory=list)
    messages: list[tuple[str, bytes]] = field(default_factory=list)
    fault: Exception | None = None

    async def connected(self, times: int = 1, within: float = 10.0) -> None:
        """Waits for the n-th connection."""
        await until(lambda: len(self.connects) >= times and self.uplink.connected, within)

    async def ended(self, times: int = 1, within: float = 10.0) -> GatewayError:
        """Waits for the n-th end of a connection or attempt, and gives its error."""
        await until(lambda: len(self.ends) >= times, within)
        error = self.ends[times - 1]
        assert error is not None
        return error


@contextlib.asynccontextmanager
async def uplink(
    chosen: UplinkSettings,
    *,
    will: tuple[str, bytes] | None = None,
    subscriptions: Sequence[str] = (),
    env: Env | None = None,
) -> AsyncIterator[Rig]:
    """Runs an uplink; it is cancelled at the end."""
    made: list[Rig] = []
    loop = asyncio.get_running_loop()

    def on_message(topic: str, payload: bytes) -> None:
        made[0].messages.append((topic, payload))
        if made[0].fault is not None:
            raise made[0].fault

    link = Uplink(
        chosen,
        env or quick_env(),
        will,
        subscriptions,
        lambda: made[0].connects.append(loop.time()),
        lambda error: _noted(made[0], error),
        on_message,
    )
    rig = Rig(link, asyncio.create_task(link.run()))
    made.append(rig)
    try:
        yield rig
    finally:
        rig.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await rig.task


def _send_at_once(_client: Client, _data: object, opened: Any) -> None:
    # Without this each answer to a message delays our next one by 40 ms (Nagle's algorithm and delayed answers).
    opened.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)


def _noted(rig: Rig, error: GatewayError | None) -> None:
    rig.ends.append(error)


class Witness:
    """A bare client that sees what the broker really has, in order of arrival; independent of the uplink."""

    def __init__(self, port: int, topic: str = "#") -> None:
        self.seen: list[tuple[str, bytes]] = []
        self._listening = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"witness-{port}", clean_session=False)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, 1)
        self._client.on_subscribe = lambda *_: self._listening.set()
        self._client.on_message = lambda _client, _data, message: self.seen.append(
            (message.topic, bytes(message.payload))
        )
        self._client.on_socket_open = _send_at_once
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._listening.wait(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    async def take(self, count: int, within: float = 10.0) -> list[tuple[str, bytes]]:
        """The first `count` messages, once they are there."""
        await until(lambda: len(self.seen) >= count, within)
        return self.seen[:count]

    def say(self, topic: str, payload: bytes) -> None:
        """Publishes with QoS 1 and waits for the broker's answer."""
        self._client.publish(topic, payload, qos=1).wait_for_publish(10)
