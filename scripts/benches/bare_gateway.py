"""The floor of a gateway, as a process: pty, SQLite with one durable commit for each line, paho. No promise is kept.

usage: bare_gateway.py TTY PORT DATABASE
"""

import os
import sqlite3
import sys
import tty

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

_TOPIC = "dho/1/skien/hub-0042/reading/weight"
_REST = "x" * 560


def main(port: str, broker: int, path: str) -> None:
    """Reads until the port is gone."""
    store = sqlite3.connect(path, isolation_level=None)
    for pragma in ("page_size = 1024", "journal_mode = WAL", "synchronous = FULL"):
        store.execute(f"PRAGMA {pragma}")
    store.execute("CREATE TABLE outbox (seq INTEGER PRIMARY KEY, payload TEXT NOT NULL)")
    client = Client(CallbackAPIVersion.VERSION2, client_id="bare", protocol=MQTTProtocolVersion.MQTTv5)
    client.connect("127.0.0.1", broker)
    client.loop_start()
    line = os.open(port, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(line)
    print("ready", flush=True)
    rest = b""
    while data := os.read(line, 4096):
        *lines, rest = (rest + data).split(b"\r\n")
        for one in lines:
            value = one.decode().split()[0].removeprefix("ST,+").lstrip("0")
            payload = f'{{"values":[{{"value":"{value if value[0] != "." else "0" + value}"}}],"rest":"{_REST}"}}'
            store.execute("INSERT INTO outbox (payload) VALUES (?)", (payload,))
            client.publish(_TOPIC, payload, qos=1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
