"""One connection to the broker: one paho client, used once and thrown away.

Since the client dies with its connection, nothing that paho still holds can ever be sent again; the store alone
repeats. Only connecting, which can take long, happens on a thread of its own; from then on the event loop reads and
writes. paho's callbacks (`_paho_...`) hold its locks, so they only note what is to be done next.
"""

import asyncio
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from paho.mqtt import MQTTException
from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.errors import GatewayError, RefusedError, TransientError, UnsendableError
from gateway.uplink import faults
from gateway.uplink.properties import accept_any_refusal
from gateway.uplink.tls import Tls, WatchedSocket, make_context, read_secret
from gateway.uplink.window import Sending, Window

_DIAL_TIMEOUT_S = 15.0
_CONNECT_TIMEOUT_S = 30.0
_GOODBYE_S = 1.0
_HEADER_BYTES = 9
# How often paho is asked whether the broker must be asked for a sign of life: so many times in that span.
_LOOKS_PER_KEEPALIVE = 10
# What bytes that are no MQTT can make of paho's decoding.
_GARBLED = (MQTTException, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, struct.error)
_PROTOCOLS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}

accept_any_refusal()


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkSettings:
    """How to reach the broker.

    `window` bounds the messages on the way at the same time (a broker's smaller Receive Maximum wins).
    `puback_timeout_s`: how long the broker may acknowledge nothing before the connection is given up.
    User name and password are read from their files at each attempt, so that new ones need no restart.
    `max_packet_bytes` bounds what is sent at all (a broker's smaller Maximum Packet Size wins).
    """

    host: str
    port: int
    client_id: str
    tls: Tls | None
    username_file: str | None = None
    password_file: str | None = None
    protocol: Literal["5", "3.1.1"] = "5"
    keepalive_s: int = 60
    session_expiry_s: int = 30 * 24 * 3600
    window: int = 20
    puback_timeout_s: float = 20.0
    max_packet_bytes: int = 262_144


@dataclass(frozen=True, slots=True)
class LinkEvents:
    """What a link tells, on the event loop: accepted; the places of refused subscriptions; a message; an answer.

    `message` returns a future where the broker must not be answered before it is done. `answered` gives the error of
    a refused message, or None.
    """

    accepted: Callable[[], None]
    subscribed: Callable[[Sequence[int]], None]
    message: Callable[[str, bytes], asyncio.Future[None] | None]
    answered: Callable[[GatewayError | None], None]


class Link:
    """Use on the event loop. `ended` resolves with the reason, once, whenever the connection is over."""

    def __init__(
        self,
        settings: UplinkSettings,
        will: tuple[str, bytes] | None,
        subscriptions: Sequence[str],
        events: LinkEvents,
    ) -> None:
        self._settings = settings
        self._subscriptions = subscriptions
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._window = Window(settings.window, settings.max_packet_bytes, settings.puback_timeout_s, self._loop.time)
        self.ended: asyncio.Future[GatewayError] = self._loop.create_future()
        self.connected = False
        self._timer: asyncio.TimerHandle | None = None
        self._quiet = asyncio.Event()
        self._unwanted = threading.Event()
        self._socket: socket.socket | None = None
        self._box: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._called = False
        self._keeper: asyncio.TimerHandle | None = None
        self._client = self._make_client(will)

    def start(self) -> None:
        """Begins to connect, on a thread that nobody has to wait for: names and handshakes can take long."""
        slow = TransientError("broker-unreachable", "no answer to CONNECT")
        self._timer = self._loop.call_later(_CONNECT_TIMEOUT_S, self._end, slow)
        threading.Thread(target=self._paho_dial, name="uplink-dial", daemon=True).start()

    def publish(self, sending: Sending) -> None:
        """Sends with QoS 1, or puts in line behind a full window."""
        sending.size = self._size_of(sending)
        self._window.add(sending)
        self._pump()

    async def goodbye(self) -> None:
        """Takes leave of the broker, so that it does not publish the last will; at most a second."""
        self._unwanted.set()
        if self.connected:
            self._client.disconnect()
            try:
                await asyncio.wait_for(self._quiet.wait(), _GOODBYE_S)
            except TimeoutError:
                return

    def close(self, error: GatewayError) -> None:
        """Lets go of everything; messages under way fail with the reason."""
        self._unwanted.set()
        self.connected = False
        if self._timer is not None:
            self._timer.cancel()
        self._window.fail_all(TransientError(error.reason, error.detail))
        self._unwatch()
        self._cut()
        # Without a ring of references, paho's client closes its sockets as soon as it is let go of.
        client = self._client
        client.on_socket_open = client.on_socket_close = client.on_socket_register_write = None
        client.on_connect = client.on_disconnect = client.on_publish = client.on_subscribe = client.on_message = None

    @staticmethod
    def _size_of(sending: Sending) -> int:
        properties = len(sending.properties.pack()) if sending.properties else 0
        return _HEADER_BYTES + len(sending.topic.encode()) + len(sending.payload) + properties

    def _pump(self) -> None:
        for sending in self._window.ready():
            try:
                told = self._client.publish(
                    sending.topic, sending.payload, qos=1, retain=sending.retain, properties=sending.properties
                )
            except ValueError as error:
                sending.fail(UnsendableError("mqtt-topic-invalid", str(error)))
                continue
            if told.rc == MQTT_ERR_SUCCESS:
                self._window.sent(told.mid, sending)
            else:
                sending.fail(TransientError("connection-lost", "not sent"))
        self._watch()

    def _watch(self) -> None:
        if self._timer is not None or (patience := self._window.patience()) is None:
            return
        self._timer = self._loop.call_later(max(patience, 0), self._look)

    def _look(self) -> None:
        self._timer = None
        patience = self._window.patience()
        if patience is not None and patience <= 0:
            self._end(TransientError("puback-timeout", f"nothing for {self._settings.puback_timeout_s:g} s"))
        else:
            self._watch()

    def _end(self, error: GatewayError) -> None:
        if not self.ended.done():
            self.ended.set_result(error)

    def _cut(self) -> None:
        if self._socket is not None:
            try:
                # The plain socket's method: SSLSocket.shutdown would first take the encryption off a live socket.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            except OSError:
                return  # gone already

    # --- paho's socket, on the event loop ---

    def _dialled(self) -> None:
        """The thread that connected is done with the client."""
        if self._unwanted.is_set():
            self._cut()
        if self._unwanted.is_set() or self._socket is None or self._socket.fileno() < 0:
            return
        self._client.on_socket_close = self._paho_closing
        self._client.on_socket_register_write = self._paho_writes
        self._loop.add_reader(self._socket, self._readable)
        self._keep_alive()
        self._write()

    def _readable(self) -> None:
        self._called = True  # what paho tells meanwhile is done below
        try:
            self._client.loop_read()
            while isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
                self._client.loop_read()
        except _GARBLED as error:
            self._unwatch()
            self._end(faults.silent_end(faults.PROTOCOL_ERROR, type(error).__name__, accepted=self.connected))
        finally:
            self._unbox()

    def _write(self) -> None:
        if self._keeper is not None:
            self._client.loop_write()
        if self._keeper is None or self._socket is None:
            return  # over, perhaps just now
        if self._client.want_write():
            self._loop.add_writer(self._socket, self._write)
        else:
            self._loop.remove_writer(self._socket)

    def _keep_alive(self) -> None:
        self._keeper = self._loop.call_later(self._settings.keepalive_s / _LOOKS_PER_KEEPALIVE, self._keep_alive)
        self._client.loop_misc()

    def _unwatch(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            self._keeper = None
        if self._socket is not None and self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)

    # --- told by paho, on the event loop ---

    def _accepted(self, receive_maximum: int | None, max_packet: int | None) -> None:
        if self.ended.done() or self._unwanted.is_set():
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._window.narrow(receive_maximum, max_packet)
        self.connected = True
        if self._subscriptions:
            self._client.subscribe([(topic, 1) for topic in self._subscriptions])
        self._events.accepted()

    def _answered(self, number: int, code: int, name: str) -> None:
        sending = self._window.landed(number)
        if sending is not None:
            error = faults.publish_refusal(code, name) if code >= faults.FAILURE else None
            if error is None:
                sending.resolve()
            else:
                sending.fail(error)
            self._events.answered(error)
        if self._window.waits:
            self._pump()

    def _subscribed(self, refused: Sequence[int]) -> None:
        if not self._unwanted.is_set():
            self._events.subscribed(refused)

    def _message(self, message: MQTTMessage) -> None:
        if self._unwanted.is_set():
            return  # unanswered, as below
        try:
            stored = self._events.message(message.topic, bytes(message.payload))
        except (GatewayError, UnicodeDecodeError):
            return  # unanswered, so the broker keeps it for the next connection
        if stored is None:
            self._client.ack(message.mid, message.qos)
        else:
            stored.add_done_callback(lambda done: self._stored(done, message))

    def _stored(self, done: "asyncio.Future[None]", message: MQTTMessage) -> None:
        if not done.cancelled() and done.exception() is None:
            self._client.ack(message.mid, message.qos)

    def _lost(self, by_broker: bool, code: int, name: str) -> None:
        self._quiet.set()
        if by_broker and code == faults.PACKET_TOO_LARGE:
            self._window.fail_largest(faults.publish_refusal(code, name))
        self._end(self._why_lost(by_broker, code, name))

    def _why_lost(self, by_broker: bool, code: int, name: str) -> GatewayError:
        broken = self._socket.fault if isinstance(self._socket, WatchedSocket) else None
        if broken is not None:
            return faults.way_fault(broken, has_certificate=self._has_certificate)
        if by_broker:
            return faults.broker_goodbye(code, name)
        return faults.silent_end(code, name, accepted=self.connected)

    @property
    def _has_certificate(self) -> bool:
        return self._settings.tls is not None and self._settings.tls.cert_file is not None

    # --- on the thread that connects ---

    def _make_client(self, will: tuple[str, bytes] | None) -> Client:
        s = self._settings
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=s.client_id,
            clean_session=None if s.protocol == "5" else False,
            protocol=_PROTOCOLS[s.protocol],
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.suppress_exceptions = True
        client.connect_timeout = _DIAL_TIMEOUT_S
        client.max_inflight_messages_set(0)  # the window bounds; a queue of paho's own would be out of our sight
        if will is not None:
            client.will_set(will[0], will[1], qos=1, retain=True)
        client.on_socket_open = self._paho_socket
        client.on_connect = self._paho_connect
        client.on_disconnect = self._paho_disconnect
        client.on_publish = self._paho_publish
        client.on_subscribe = self._paho_subscribe
        client.on_message = self._paho_message
        return client

    def _paho_dial(self) -> None:
        try:
            self._paho_open()
        except GatewayError as error:
            self._hand(self._end, error)
        except OSError as error:
            self._hand(self._end, faults.way_fault(error, has_certificate=self._has_certificate))
        except ValueError as error:  # what the name resolver makes of a host name that can be none
            self._hand(self._end, RefusedError("broker-name-unknown", type(error).__name__))
        else:
            self._hand(self._dialled)

    def _paho_open(self) -> None:
        s = self._settings
        if s.tls is not None:
            self._client.tls_set_context(make_context(s.tls))
        if s.username_file is not None:
            password = None if s.password_file is None else read_secret(s.password_file)
            self._client.username_pw_set(read_secret(s.username_file), password)
        if s.protocol == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = s.session_expiry_s
            self._client.connect(s.host, s.port, s.keepalive_s, clean_start=False, properties=properties)
        else:
            self._client.connect(s.host, s.port, s.keepalive_s)

    def _paho_socket(self, _client: Client, _data: object, opened: Any) -> None:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = opened

    # --- paho's callbacks ---

    def _paho_closing(self, _client: Client, _data: object, _socket: object) -> None:
        self._unwatch()

    def _paho_writes(self, _client: Client, _data: object, _socket: object) -> None:
        self._loop.call_soon(self._write)

    def _paho_connect(self, _client: Client, _data: object, _flags: object, code: ReasonCode, told: Any) -> None:
        if code.is_failure:
            self._hand(self._end, faults.connect_refusal(code.value, str(code)))
        else:
            self._hand(self._accepted, getattr(told, "ReceiveMaximum", None), getattr(told, "MaximumPacketSize", None))

    def _paho_disconnect(self, _client: Client, _data: object, flags: Any, code: ReasonCode, _told: object) -> None:
        self._hand(self._lost, flags.is_disconnect_packet_from_server, code.value, str(code))

    def _paho_publish(self, _client: Client, _data: object, number: int, code: ReasonCode, _told: object) -> None:
        self._hand(self._answered, number, code.value, str(code))

    def _paho_subscribe(self, _client: Client, _data: object, _mid: int, codes: list[ReasonCode], _p: object) -> None:
        self._hand(self._subscribed, [i for i, code in enumerate(codes) if code.is_failure])

    def _paho_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self._hand(self._message, message)

    def _hand(self, call: Callable[..., None], *args: object) -> None:
        """Hands a call over to the event loop; many at once cost one wake-up."""
        self._box.append((call, args))
        if not self._called:
            self._called = True
            try:
                self._loop.call_soon_threadsafe(self._unbox)
            except RuntimeError:
                self._box.clear()  # the loop is closed: nobody is left to be told

    def _unbox(self) -> None:
        try:
            while self._box:
                call, args = self._box.popleft()
                call(*args)
        finally:
            self._called = bool(self._box)
            if self._box:  # a call failed, which the loop reports; the rest has its turn next
                self._loop.call_soon(self._unbox)
