"""Pieces of configurations that tests of commands put together; `{store}` is where the store lies."""

HUB = """
[hub]
id = "hub-0042"
tenant = "skien"
[store]
path = "{store}"
[mqtt]
host = "127.0.0.1"
port = 1883
insecure_plaintext = true
"""
CUFF = """
[[device]]
name = "mansjett"
driver = "blood-pressure"
transport = "ble"
address = "AA:BB:CC:DD:EE:FF"
"""
SCALE = """
[[device]]
name = "vekt"
driver = "and-scale"
transport = "serial"
port = "/dev/serial/by-id/x"
"""
