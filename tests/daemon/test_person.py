"""Nothing that points to a person enters or leaves a hub, a stolen card shows no value, and a wipe is proved."""

import json
import random
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.certificate import PUBLIC_KEY, SIGNATURE, fingerprint, signed_bytes
from gateway.store.signing import is_signed
from tests.broker.mosquitto import Broker
from tests.daemon.hub import ROOT, Hub, Listener, Pty, until

# Many commands, each a process of its own: slow on a busy machine.
pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]

PERSONS = ("137174 04089", "Kari Nordmann", "+47 912 34 567")


def asked(hub: Hub, *words: str) -> tuple[int, Any]:
    """A command beside the daemon: its exit code and what it printed as JSON."""
    command = [sys.executable, "-m", "gateway", *words, "--config", str(hub.config), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=40, check=False)
    return done.returncode, json.loads(done.stdout)


def everything(hub: Hub, listener: Listener) -> bytes:
    """All that the hub has written and said: files of its directory, log, topics and messages."""
    files = [path.read_bytes() for path in (hub.directory / "store").rglob("*") if path.is_file()]
    said = [topic.encode() + b" " + payload for topic, payload in listener.messages]
    return b"\n".join([*files, *said, json.dumps(hub.events, ensure_ascii=False).encode()])


def weights(count: int) -> list[float]:
    """Different weights that no time or count looks like."""
    dice = random.Random(7)  # noqa: S311 - fixed
    return [kilograms / 100 for kilograms in dice.sample(range(10_001, 29_999), count)]


@pytest.mark.parametrize("person", PERSONS)
def test_no_person_enters_by_any_door(hub: Hub, scale: Pty, listener: Listener, person: str) -> None:
    """By configuration, acts, commands and acks: refused with the place; nothing of it is written or sent."""
    hub.start().ready()
    scale.weigh(82.4)
    until(listener.readings)
    create = ("assignment", "create", person, "--purpose", "follow-up")
    assert asked(hub, *create)[0] != 0
    asked(hub, "assignment", "create", "asg-9f2c7b1", "--purpose", "follow-up")
    code, found = asked(hub, "equipment", "replace", "stuevekt", "stuevekt", "--reason", person)
    assert (code, found["ok"]) == (65, False)
    code, found = asked(hub, "wipe", "--force", "--reason", person)
    assert (code, found["error"].startswith("personal-")) == (65, True)
    listener.say(
        f"command/health/{person.replace(' ', '-').replace('+', '')}", {"schema": "dho.command/1", "note": person}
    )
    listener.say("ack", {"schema": "dho.ack/1", "epoch": person, "through": 1})
    hub.wait_for("ack.refused")
    hub.more += f'\n[[device]]\nname = "{person}"\ndriver = "and-scale"\ntransport = "serial"\nport = "/dev/serial/x"\n'
    code, found = asked(hub, "check")
    assert code == 78
    assert [(f["path"], f["reason"][:9]) for f in found["faults"]] == [("device[1].name", "personal-")]
    hub.end(15)
    own = [m for m in listener.messages if not m[0].startswith((f"{ROOT}/ack", f"{ROOT}/command")) or "/result" in m[0]]
    listener.messages[:] = own
    assert person.encode() not in everything(hub, listener)


def test_a_stolen_card_shows_no_weight(hub: Hub, scale: Pty, broker: Broker) -> None:
    """While the broker is away everything waits on the card: none of the values is found on it, running or not."""
    broker.stop()
    hub.start().wait_for("device.opened")
    planted = weights(200)
    for kilograms in planted:
        scale.weigh(kilograms)
    hub.wait_for("reading.stored", 200, within=40)

    def found() -> list[float]:
        data = b"".join(path.read_bytes() for path in (hub.directory / "store").rglob("*") if path.is_file())
        return [kilograms for kilograms in planted if f"{kilograms:.2f}".encode() in data]

    assert found() == []
    hub.end(9)
    assert found() == []
    assert not [k for k in planted if f"{k:.2f}" in json.dumps(hub.events)]


def test_a_wipe_beside_the_daemon_is_proved_and_the_next_reading_goes_on(
    hub: Hub, scale: Pty, listener: Listener
) -> None:
    hub.start().ready()
    planted = weights(20)
    for kilograms in planted:
        scale.weigh(kilograms)
    until(lambda: len(listener.readings()) == 20)
    epoch = listener.readings()[0]["epoch"]
    listener.ack(epoch, 15)
    hub.wait_for("uplink.connected")
    until(lambda: asked(hub, "status")[1]["waiting"] == 5)
    assert asked(hub, "wipe")[1]["error"] == "wipe-unconfirmed"
    code, found = asked(hub, "wipe", "--force", "--reason", "backend is gone")
    assert code == 0
    certificate = until(lambda: listener.documents("event/wipe"))[0]
    assert certificate == found["certificate"]
    assert is_signed(certificate[PUBLIC_KEY], certificate[SIGNATURE], signed_bytes(certificate))
    assert listener.documents("about")[-1]["signing_key"] == fingerprint(certificate[PUBLIC_KEY])
    assert (certificate["epoch"], certificate["last_seq"], certificate["counts"]["unconfirmed"]) == (epoch, 20, 5)
    (topic,) = {topic for topic, _ in listener.messages if "/device/" in topic}
    told = topic.removeprefix(f"{ROOT}/")
    assert any("last_reading_at" in twin for twin in listener.documents(told))
    until(lambda: "last_reading_at" not in listener.documents(told)[-1])
    void = until(lambda: listener.documents("reading/void"))[0]
    assert (void["from"], void["to"], void["reason"]) == (16, 20, "wiped")
    deviation = until(lambda: [d for d in listener.documents("event/deviation") if d["deviation"] == "forced"])[0]
    assert (deviation["readings"], deviation["owner"], deviation["state"]) == (5, "coordinator", "open")
    scale.weigh(60)
    reading = until(lambda: [r for r in listener.readings() if r["seq"] > 20])[0]
    assert (reading["epoch"], reading["seq"]) == (epoch, 21)
    listener.ack(epoch, 21)
    until(lambda: asked(hub, "status")[1]["waiting"] == 0)
    hub.end(15)
    data = b"".join(path.read_bytes() for path in (hub.directory / "store").rglob("*") if path.is_file())
    assert not [k for k in planted if f"{k:.2f}".encode() in data]
    assert asked(hub, "audit", "verify")[0] == 0


def state_of_wipe(hub: Hub) -> str | None:
    """Read beside the daemon."""
    card = sqlite3.connect(f"file:{hub.directory}/store/outbox.sqlite?mode=ro", uri=True)
    try:
        row = card.execute("SELECT state FROM act WHERE name = 'wipe'").fetchone()
    finally:
        card.close()
    return None if row is None else str(row[0])


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["asked", "begun"])
def test_a_wipe_that_the_power_cuts_short_ends_by_itself(hub: Hub, scale: Pty, listener: Listener, moment: str) -> None:
    """Whoever asked is gone, too; of 1,000 values none is found, and one certificate says so."""
    hub.start().ready()
    planted = weights(1000)
    for kilograms in planted:
        scale.weigh(kilograms)
    hub.wait_for("reading.stored", 1000, within=90)
    words = ["wipe", "--force", "--reason", "backend is gone", "--config", str(hub.config)]
    asking = subprocess.Popen([sys.executable, "-m", "gateway", *words], stdout=subprocess.DEVNULL)
    until(lambda: state_of_wipe(hub) in (moment, "done"), within=30, what="the wipe")
    hub.end(9)
    asking.kill()
    asking.wait()
    hub.start()
    (certificate,) = until(lambda: listener.documents("event/wipe"), within=40)
    assert is_signed(certificate[PUBLIC_KEY], certificate[SIGNATURE], signed_bytes(certificate))
    assert certificate["counts"]["unconfirmed"] == 1000
    found = b"".join(path.read_bytes() for path in (hub.directory / "store").rglob("*") if path.is_file())
    assert not [k for k in planted if f"{k:.2f}".encode() in found]
    assert hub.end(15) == 0
    deviations = asked(hub, "deviation", "list")[1]["deviations"]
    assert [(d["type"], d["cause"], d["readings"]) for d in deviations] == [("forced", "wipe", 1000)]
    assert len(listener.documents("event/wipe")) == 1
    assert not (hub.directory / "store" / "store.key.next").exists()


def test_what_is_held_back_is_one_deviation_that_is_told_and_can_be_closed(
    hub: Hub, scale: Pty, listener: Listener
) -> None:
    hub.start().ready()
    asked(hub, "assignment", "create", "asg-9f2c7b1", "--purpose", "follow-up")
    asked(hub, "assignment", "end")
    for number in range(3):
        scale.weigh(62 + number)
    hub.wait_for("reading.held", 3)
    told = until(lambda: listener.documents("event/deviation"))
    assert [(d["number"], d["deviation"], d["state"]) for d in told] == [(1, "unattributed", "open")]
    (listed,) = asked(hub, "deviation", "list")[1]["deviations"]
    assert (listed["type"], listed["readings"], listed["owner"]) == ("unattributed", 3, "coordinator")
    assert asked(hub, "deviation", "close", "1", "--action", "deleted")[0] == 0
    until(lambda: len(listener.documents("event/deviation")) == 2)
    assert listener.documents("event/deviation")[1]["state"] == "closed"
    head = until(lambda: listener.documents("health")[-1]["records"]["audit_head"])
    assert asked(hub, "audit", "verify", "--head", head)[0] == 0
    hub.end(9)
    card = sqlite3.connect(Path(hub.directory) / "store" / "outbox.sqlite")
    card.execute("DROP TRIGGER audit_stays")
    card.execute("UPDATE audit SET record = replace(record, 'coordinator', 'support') WHERE number = 2")
    card.commit()
    card.close()
    code, found = asked(hub, "audit", "verify")
    assert (code, found["flaws"]) == (1, [{"reason": "altered", "first": 2, "last": 2}])
