"""Readings on their way through the real daemon to a real mosquitto, whatever is stopped, killed or unplugged."""

import json
import random
import signal
import time
from pathlib import Path

import pytest

from tests.broker.mosquitto import Broker
from tests.daemon.hub import Hub, Listener, Pty, until

pytestmark = pytest.mark.broker

ENVELOPE = [
    "schema",
    "id",
    "hub",
    "epoch",
    "seq",
    "boot",
    "assignment",
    "device",
    "measured_at",
    "time",
    "received_at",
    "origin",
    "acquisition",
    "values",
    "quality",
    "attribution",
]


def test_a_line_becomes_a_reading_in_the_contracts_form(hub: Hub, scale: Pty, listener: Listener) -> None:
    """`ST,+00082.40 kg` arrives at `reading/weight`, key by key as the contract says."""
    hub.start().wait_for("device.opened")
    scale.feed(b"ST,+00082.40 kg\r\n")
    reading = until(listener.readings)[0]
    assert list(reading) == ENVELOPE
    assert reading["values"] == [{"type": "weight", "mdc": 188736, "value": "82.40", "unit": "kg"}]
    assert (reading["schema"], reading["hub"], reading["seq"]) == ("dho.reading/1", "hub-0042", 1)
    assert reading["device"].keys() == {"ref", "kind"}
    assert reading["attribution"] == {"status": "assigned", "method": "sole-user"}
    stored = hub.stored[0]
    assert (stored["id"], stored["seq"]) == (reading["id"], 1)


def test_three_hundred_readings_wait_for_the_broker(hub: Hub, scale: Pty, broker: Broker, listener: Listener) -> None:
    """The broker is stopped, 300 more come, it starts again: all, in order, once by id."""
    hub.start().ready()
    scale.weigh(70)
    until(listener.readings)
    broker.stop()
    hub.wait_for("uplink.lost")
    for number in range(300):
        scale.weigh(80 + number / 100)
    hub.wait_for("reading.stored", 301)
    broker.start()
    until(lambda: len({r["id"] for r in listener.readings()}) == 301, 30, "301 readings")
    sequence = [r["seq"] for r in listener.readings()]
    assert sequence == sorted(sequence)
    assert sorted(set(sequence)) == list(range(1, 302))
    assert {(r["id"], r["seq"]) for r in listener.readings()} == {(e["id"], e["seq"]) for e in hub.stored}


def test_kill_9_loses_nothing_that_was_logged(hub: Hub, scale: Pty, listener: Listener) -> None:
    """Killed again and again in the middle of measuring: whatever had logged `reading.stored` arrives."""
    dice = random.Random(7)  # noqa: S311  # dice, not secrets
    number = 0
    for _round in range(5):
        hub.start()
        hub.wait_for("device.opened", _round + 1)
        before = len(hub.stored)
        for _burst in range(dice.randrange(3, 12)):
            number += 1
            scale.weigh(50 + number / 100)
        hub.wait_for("reading.stored", before + 1)
        time.sleep(dice.random() * 0.02)
        assert hub.end(signal.SIGKILL) == -signal.SIGKILL
    hub.start().wait_for("uplink.connected", 1)
    logged = {(e["id"], e["seq"]) for e in hub.stored}
    until(lambda: logged <= {(r["id"], r["seq"]) for r in listener.readings()}, what="everything that was logged")
    contents = {r["id"]: r for r in listener.readings()}
    assert all(contents[r["id"]] == r for r in listener.readings())
    assert sorted(r["seq"] for r in contents.values()) == list(range(1, len(contents) + 1))


def test_sigterm_ends_it_in_time_and_with_0(hub: Hub, scale: Pty, listener: Listener) -> None:
    """A graceful stop takes under five seconds, says `disconnected`, and leaves nothing half done."""
    hub.start().ready()
    scale.weigh(71.5)
    until(listener.readings)
    began = time.monotonic()
    assert hub.end(signal.SIGTERM) == 0
    assert time.monotonic() - began < 5
    until(lambda: [d["state"] for d in listener.documents("state")][-1] == "disconnected")


def test_the_last_will_says_lost(hub: Hub, listener: Listener) -> None:
    """After kill -9 the broker itself tells that the hub is lost."""
    hub.start().wait_for("uplink.connected")
    until(lambda: [d["state"] for d in listener.documents("state")] == ["ready"])
    hub.end(signal.SIGKILL)
    until(lambda: [d["state"] for d in listener.documents("state")][-1] == "lost")
    assert listener.documents("state")[-1]["boot"] == listener.documents("state")[0]["boot"]


def test_a_confirmed_reading_leaves_the_outbox(hub: Hub, scale: Pty, listener: Listener) -> None:
    """With `receiver`, the broker's word does not release a reading; the receiver's ack does."""
    hub.start().ready()
    for number in range(3):
        scale.weigh(60 + number)
    until(lambda: len(listener.readings()) == 3)
    assert until(lambda: status(hub)["at_broker"] == 3 and status(hub))["waiting"] == 3
    listener.ack(listener.readings()[0]["epoch"], 2)
    until(lambda: status(hub)["waiting"] == 1)
    listener.ack(listener.readings()[0]["epoch"], 1, also=[[3, 3]])
    until(lambda: status(hub)["waiting"] == 0)


def test_with_broker_confirmation_the_puback_releases(hub: Hub, scale: Pty, listener: Listener) -> None:
    """A backend that cannot ack: what the broker has taken is done with."""
    hub.confirm = "broker"
    hub.start().ready()
    scale.weigh(61)
    until(listener.readings)
    until(lambda: status(hub)["stored"] == 1 and status(hub)["waiting"] == 0)


def test_a_restart_does_not_repeat_what_the_broker_has(hub: Hub, scale: Pty, listener: Listener) -> None:
    """Taken by the broker, not yet confirmed: a restart alone sends nothing again; `resend` does."""
    hub.start().ready()
    for number in range(5):
        scale.weigh(62 + number)
    until(lambda: len(listener.readings()) == 5)
    hub.end(signal.SIGTERM)
    hub.start().ready(2)
    scale.weigh(90)
    until(lambda: len(listener.readings()) == 6)
    assert [r["seq"] for r in listener.readings()] == [1, 2, 3, 4, 5, 6]
    listener.ack(listener.readings()[0]["epoch"], 1, resend=[[3, 3]])
    until(lambda: [r["seq"] for r in listener.readings()][6:] == [3])


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"schema":"dho.ack/1"}',
        b'{"schema":"dho.ack/1","epoch":"e-0","through":1}',
        b'{"schema":"dho.ack/1","epoch":"EPOCH","through":99}',
        b'{"schema":"dho.ack/1","epoch":"EPOCH","through":-1}',
        b'{"schema":"dho.ack/1","epoch":"EPOCH","through":1,"also":[[0,5]]}',
        b'{"schema":"dho.ack/1","epoch":"EPOCH","through":true}',
        b"[" * 100_000,
    ],
)
def test_a_bad_ack_is_ignored_and_counted(hub: Hub, scale: Pty, listener: Listener, payload: bytes) -> None:
    """Another epoch, a place never given, or nonsense: nothing is released, the daemon stays up."""
    hub.start().ready()
    scale.weigh(63)
    epoch = until(listener.readings)[0]["epoch"]
    listener.say("ack", payload.replace(b"EPOCH", epoch.encode()))
    hub.wait_for("ack.refused")
    assert status(hub)["waiting"] == 1
    assert hub.running


def test_garbage_on_the_line_is_counted_and_hurts_nothing(hub: Hub, scale: Pty, listener: Listener) -> None:
    """Noise, half lines and endless lines make no reading and stop nothing."""
    hub.start().wait_for("device.opened")
    scale.feed(b"\x00\xff\x80garbage\r\nST,+00082\r\n" + b"X" * 20_000 + b"\r\nST,+0008")
    time.sleep(0.1)
    scale.feed(b"2.40 kg\r\nUS,+00099.90 kg\r\nOL,+999999.9 kg\r\n")
    reading = until(listener.readings)[0]
    assert reading["values"][0]["value"] == "82.40"
    counters = until(
        lambda: [
            d["counters"]
            for d in listener.documents(f"device/{reading['device']['ref']}")
            if {"refused", "stored"} <= d["counters"].keys()
        ]
    )
    assert counters[-1]["stored"] == 1
    assert hub.running
    assert len(listener.readings()) == 1


def test_the_port_comes_and_goes(hub: Hub, scale: Pty, listener: Listener) -> None:
    """Unplugged in mid-line and plugged in again: told once each way, and the next reading comes."""
    hub.start().wait_for("device.opened")
    scale.weigh(64)
    until(listener.readings)
    scale.feed(b"ST,+000")
    scale.unplug()
    hub.wait_for("device.closed")
    scale.plug_in()
    hub.wait_for("device.opened", 2, within=5)
    scale.weigh(65)
    until(lambda: [r["values"][0]["value"] for r in listener.readings()] == ["64.00", "65.00"])
    assert len(hub.named("device.closed")) == 1


def test_two_daemons_do_not_share_a_store(hub: Hub, tmp_path: Path) -> None:
    """The second one says so and ends; the first goes on."""
    hub.start().wait_for("uplink.connected")
    second = Hub(tmp_path, hub.port, more=hub.more)
    second.start()
    try:
        until(lambda: not second.running)
        assert second.end(0) == 73
        (refused,) = second.named("store.refused")
        assert refused["reason"] == "store-in-use"
        assert refused["text"].endswith(".")
        assert hub.running
    finally:
        second.close()


def test_no_value_address_or_path_is_logged(hub: Hub, scale: Pty, listener: Listener) -> None:
    """The log tells what happened, never what was measured nor which instrument by its address."""
    hub.start().wait_for("device.opened")
    scale.weigh(83.17)
    scale.feed(b"ST,+00083.17 k\xff\r\n")
    until(listener.readings)
    hub.wait_for("frame.refused")
    hub.end(signal.SIGTERM)
    log = json.dumps(hub.events)
    assert "83.17" not in log
    assert str(scale.path) not in log


def status(hub: Hub) -> dict[str, int]:
    """What `dho-gateway status --json` says beside the running daemon."""
    import subprocess
    import sys

    words = [sys.executable, "-m", "gateway", "status", "--config", str(hub.config), "--json"]
    found: dict[str, int] = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return found
