"""The floor of a backlog going out, as a process: paho alone, messages in memory, a window of them on the way.

usage: bare_drain.py PORT WINDOW FILE
  FILE  one message a line; connects, says "ready", and begins when it hears a line
"""

import sys
import threading
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

_TOPIC = "dho/1/skien/hub-0042/reading/weight"


def main(port: int, window: int, path: str) -> None:
    """Publishes all of it with QoS 1, in order."""
    messages = Path(path).read_text(encoding="utf-8").splitlines()
    room, connected = threading.Semaphore(window), threading.Event()
    client = Client(CallbackAPIVersion.VERSION2, client_id="bare", protocol=MQTTProtocolVersion.MQTTv5)
    client.max_inflight_messages_set(0)
    client.on_publish = lambda *_: room.release()
    client.on_connect = lambda *_: connected.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    connected.wait(10)
    print("ready", flush=True)
    sys.stdin.readline()
    for message in messages:
        room.acquire()
        client.publish(_TOPIC, message, qos=1)
    for _ in range(window):
        room.acquire()
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
