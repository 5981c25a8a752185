"""A backlog going out, beside bare paho with the same window and the same payloads."""

import threading
import time

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from benches import Row, at_least, share_of_floor
from benches.rig import Counter, Mosquitto, fill, packet_bytes, rig
from gateway.settings import Delivery
from tests.daemon.hub import ROOT, until

_TOPIC = f"{ROOT}/reading/weight"


def measure(*, quick: bool = False) -> list[Row]:
    """Messages a second, from the connection to the last one at a subscriber."""
    count = 10_000 if quick else 100_000
    ours, messages = _ours(count)
    floor = _bare(messages, Delivery().window)
    return [
        Row(f"backlog of {count:,}, drained", ours, floor, "1/s", share_of_floor(0.7)),
        Row("backlog, drained", ours, None, "1/s", at_least(1000)),
    ]


def _ours(count: int) -> tuple[float, list[str]]:
    with rig() as bench:
        messages = fill(bench.directory / "store", count)
        counter = Counter(bench.broker.port)
        bench.hub.start()
        until(lambda: bench.hub.named("uplink.connected"), 30)
        began = time.perf_counter()
        ended = counter.wait(sum(map(packet_bytes, messages)), 600)
        counter.close()
    return count / (ended - began), messages


def _bare(messages: list[str], window: int) -> float:
    with rig() as bench:
        counter = Counter(bench.broker.port)
        client, room = _client(bench.broker, window)
        began = time.perf_counter()
        for message in messages:
            room.acquire()
            client.publish(_TOPIC, message, qos=1)
        ended = counter.wait(sum(map(packet_bytes, messages)), 600)
        client.disconnect()
        client.loop_stop()
        counter.close()
    return len(messages) / (ended - began)


def _client(broker: Mosquitto, window: int) -> tuple[Client, threading.Semaphore]:
    room = threading.Semaphore(window)
    client = Client(CallbackAPIVersion.VERSION2, client_id="bare", protocol=MQTTProtocolVersion.MQTTv5)
    client.max_inflight_messages_set(0)
    client.on_publish = lambda *_: room.release()
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    until(client.is_connected)
    return client, room
