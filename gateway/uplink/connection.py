"""Keeps a connection to the broker, whatever happens to it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.env import Env
from gateway.errors import GatewayError, RefusedError, TransientError, UnsendableError
from gateway.uplink.link import Link, LinkEvents, UplinkSettings
from gateway.uplink.properties import publish_properties
from gateway.uplink.window import Sending

# A connection that was lost sooner does not end an outage: two hubs that throw each other out, or a message over which
# the broker hangs up, must not connect twice a second for ever.
_STEADY_S = 10.0


@dataclass(frozen=True, slots=True)
class UplinkState:
    """How the uplink is.

    `since`: monotonic seconds of the last change. `reason`: why there is no connection, or what is wrong with it.
    `refused_subscriptions`: topic filters that the broker did not let us listen to.
    """

    connected: bool
    since: float
    reason: str | None
    refused_subscriptions: tuple[str, ...]
    counters: Mapping[str, int]


class Uplink:
    """Keeps one connection to the broker, and publishes while it is there. Use from one event loop only.

    The MQTT session is persistent under `client_id`: what is sent to us while we are away waits at the broker. `will`
    is (topic, payload) of the retained last will. `on_connect`, `on_disconnect` (with the reason; None when we left by
    ourselves; called for each failed attempt too) and `on_message` are called on the event loop. A message counts as
    received when `on_message` has returned, or when the future it returned is done; if that fails (a GatewayError or
    a failed future), the broker is not answered and brings the message again at the next connection. `on_listening`
    is called when the broker has answered to the subscriptions, with those that it refused.
    """

    def __init__(
        self,
        settings: UplinkSettings,
        env: Env,
        will: tuple[str, bytes] | None,
        subscriptions: Sequence[str],
        on_connect: Callable[[], None],
        on_disconnect: Callable[[GatewayError | None], None],
        on_message: Callable[[str, bytes], asyncio.Future[None] | None],
        on_listening: Callable[[Sequence[str]], None] = lambda _refused: None,
    ) -> None:
        self._settings = settings
        self._env = env
        self._will = will
        self._subscriptions = tuple(subscriptions)
        self._on_connect = on_connect
        self._on_disconnect = on_disconnect
        self._on_message = on_message
        self._on_listening = on_listening
        self._link: Link | None = None
        self._since = env.monotonic()
        self._reason: str | None = None
        self._refused: tuple[str, ...] = ()
        self._counters = dict.fromkeys(("attempts", "connections", "published", "confirmed", "refused", "received"), 0)

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us and has not been lost since."""
        return self._link is not None and self._link.connected

    @property
    def state(self) -> UplinkState:
        """A snapshot, for health."""
        return UplinkState(self.connected, self._since, self._reason, self._refused, dict(self._counters))

    async def run(self) -> None:
        """Connects, and again whenever the connection is lost, until cancelled; then takes leave in under 2 s."""
        lost_at = self._env.monotonic()
        while True:
            error, lasted_s = await self._connection()
            if lasted_s >= _STEADY_S:
                lost_at = self._env.monotonic()
            outage = self._env.monotonic() - lost_at
            refused = isinstance(error, RefusedError)
            await self._env.sleep(reconnect_wait(outage, refused=refused, jitter=self._env.jitter()))

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        expiry_s: int | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> asyncio.Future[None]:
        """Sends with QoS 1, in the order of the calls; the future resolves when the broker has acknowledged.

        It fails with TransientError when there is no connection, when it goes, or when the broker acknowledges nothing
        in time (then the connection is made anew): the message is forgotten here, and whether to repeat it is the
        caller's choice. It fails with UnsendableError when this message will never be taken. `properties` are user
        properties and `expiry_s` is the message's life at the broker; both need MQTT 5 and are left out in 3.1.1.
        """
        sending = Sending(topic, payload, asyncio.get_running_loop().create_future(), retain)
        if self._link is None or not self._link.connected:
            sending.fail(TransientError("not-connected"))
            return sending.done
        if self._settings.protocol == "5":
            user = tuple((properties or {}).items())
            sending.properties = publish_properties(user, expiry_s, json=bool(payload))
        self._counters["published"] += 1
        self._link.publish(sending)
        return sending.done

    async def _connection(self) -> tuple[GatewayError, float]:
        self._counters["attempts"] += 1
        events = LinkEvents(self._accepted, self._subscribed, self._received, self._answered)
        link = self._link = Link(self._settings, self._will, self._subscriptions, events)
        try:
            link.start()
            error = await link.ended
        except asyncio.CancelledError:
            await link.goodbye()
            self._over(link, None)
            raise
        lasted_s = self._env.monotonic() - self._since if link.connected else 0.0
        self._over(link, error)
        return error, lasted_s

    def _over(self, link: Link, error: GatewayError | None) -> None:
        if link.connected:
            self._since = self._env.monotonic()
        self._link = None
        self._reason = error.reason if error else "uplink-stopped"
        link.close(error or TransientError("uplink-stopped"))
        self._on_disconnect(error)

    def _accepted(self) -> None:
        self._since = self._env.monotonic()
        self._reason = None
        self._refused = ()
        self._counters["connections"] += 1
        self._on_connect()

    def _subscribed(self, refused: Sequence[int]) -> None:
        self._refused = tuple(self._subscriptions[place] for place in refused)
        if self._refused:
            self._reason = "mqtt-subscription-refused"
        self._on_listening(self._refused)

    def _received(self, topic: str, payload: bytes) -> asyncio.Future[None] | None:
        self._counters["received"] += 1
        return self._on_message(topic, payload)

    def _answered(self, error: GatewayError | None) -> None:
        self._counters["refused" if isinstance(error, UnsendableError) else "confirmed"] += 1


def reconnect_wait(outage_s: float, *, refused: bool, jitter: float) -> float:
    """Seconds until the next attempt: a tenth of the outage so far, from 0.5 to 30 (5 to 60 when a person must act).

    So the broker's return is found within a tenth of its absence, and after a long outage the attempts of many hubs
    spread over half the cap. `jitter` is in [0, 1).
    """
    low, cap = (5.0, 60.0) if refused else (0.5, 30.0)
    return min(max(outage_s / 10, low), cap) * (0.5 + jitter / 2)
