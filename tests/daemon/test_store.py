"""The real daemon on a damaged, a full and a fresh store: nothing it called stored is lost, and all of it is said."""

import json
import signal
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.receiver.ledger import Ledger, judge
from gateway.store.database import FILE, PAGE_BYTES
from tests.broker.mosquitto import Broker
from tests.daemon.hub import Hub, Listener, Pty, until
from tests.daemon.test_delivery import status

pytestmark = pytest.mark.broker


def database(hub: Hub) -> Path:
    return hub.directory / "store" / FILE


def ruin(path: Path, table: str) -> None:
    """The table's first page holds noise."""
    with closing(sqlite3.connect(path)) as link:
        link.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = link.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE_BYTES)
        file.write(b"\xa5" * PAGE_BYTES)


def weigh_offline(hub: Hub, scale: Pty, broker: Broker, count: int) -> list[dict[str, Any]]:
    """So many readings wait for a broker that is away; gives what the log says of them."""
    hub.start().ready()
    broker.stop()
    hub.wait_for("uplink.lost")
    for number in range(count):
        scale.weigh(50 + number / 100)
    return hub.wait_for("reading.stored", count)


@pytest.mark.parametrize("table", ["outbox", "device"])
def test_what_waited_in_a_damaged_database_arrives_under_a_new_epoch(
    hub: Hub, scale: Pty, broker: Broker, listener: Listener, table: str
) -> None:
    stored = weigh_offline(hub, scale, broker, 40)
    hub.end(signal.SIGTERM)
    ruin(database(hub), table)
    broker.start()
    hub.start()
    until(lambda: len(listener.readings()) == 40, what="40 readings")
    assert [r["id"] for r in listener.readings()] == [e["id"] for e in stored]
    assert [r["seq"] for r in listener.readings()] == list(range(1, 41))
    about = until(lambda: listener.documents("about"))[-1]
    assert {r["epoch"] for r in listener.readings()} == {about["epoch"]}
    (told,) = hub.wait_for("store.quarantined")
    assert (told["readings"], told["whole"]) == (40, table == "device")
    (event,) = until(lambda: listener.documents("event/store-quarantined"))
    assert event["epoch"] == about["epoch"] != event["earlier_epoch"]
    assert until(lambda: listener.documents("alarm/store-damaged"))[0]["type"] == "store-damaged"
    assert (hub.directory / "store" / "quarantine" / "1" / FILE).exists()


def test_damage_met_while_running_ends_the_daemon_and_the_next_start_goes_on(
    hub: Hub, scale: Pty, broker: Broker, listener: Listener
) -> None:
    weigh_offline(hub, scale, broker, 10)
    ruin(database(hub), "outbox")
    with closing(sqlite3.connect(database(hub))) as link:
        # Somebody else wrote: what the daemon remembers of the pages is out of date.
        link.execute("INSERT INTO fact VALUES ('test', 'x')")
        link.commit()
    scale.weigh(99)
    until(lambda: not hub.running)
    assert hub.end(0) == 73
    assert hub.named("readings.saved")
    assert hub.named("daemon.store_damaged")
    broker.start()
    hub.start()
    until(lambda: len(listener.readings()) >= 11, what="what was stored, and the last one")
    assert {e["id"] for e in hub.stored} <= {r["id"] for r in listener.readings()}
    assert "99.00" in [r["values"][0]["value"] for r in listener.readings()]
    hub.wait_for("device.opened", 2)
    scale.weigh(70)
    until(lambda: "70.00" in [r["values"][0]["value"] for r in listener.readings()])


def test_a_database_that_is_gone_is_a_new_epoch_and_said(hub: Hub, scale: Pty, listener: Listener) -> None:
    hub.start().wait_for("device.opened")
    scale.weigh(70)
    first = until(listener.readings)[0]["epoch"]
    hub.end(signal.SIGTERM)
    database(hub).unlink()
    hub.start()
    assert hub.wait_for("store.quarantined")[0]["quarantine"] is None
    hub.wait_for("device.opened", 2)
    scale.weigh(71)
    until(lambda: len(listener.readings()) == 2)
    assert listener.readings()[1]["epoch"] != first


def fill(hub: Hub, scale: Pty) -> int:
    """Weighs as fast as the store takes it, until it refuses; gives how many lines that were."""
    number = 0

    def keeps_up() -> bool:
        return len(hub.stored) >= number - 100 or bool(hub.named("store.refused"))

    while not hub.named("store.refused"):
        for _line in range(100):
            number += 1
            scale.weigh(10 + number / 100)
        until(keeps_up, what="the store's word")
    return number


def test_a_full_store_loses_nothing_it_called_stored_and_goes_on_by_itself(
    hub: Hub, scale: Pty, broker: Broker, listener: Listener
) -> None:
    """The cap is reached while the broker is away; all arrives when it is back, also what came meanwhile."""
    hub.store = "max_mb = 1"
    hub.start().wait_for("uplink.connected")
    broker.stop()
    hub.wait_for("uplink.lost")
    number = fill(hub, scale)
    scale.weigh(99)
    size = sum(path.stat().st_size for path in database(hub).parent.glob(f"{FILE}*") if not path.name.endswith("shm"))
    assert size <= 1_000_000
    assert status(hub)["waiting"] == len(hub.stored) < number + 1
    broker.start()
    until(lambda: listener.documents("alarm/store-full"), 30, what="the alarm")
    with acknowledging(listener):
        until(lambda: len({r["id"] for r in listener.readings()}) == number + 1, 50, what="all readings")
        until(lambda: status(hub)["waiting"] == 0, 30)
    assert {e["id"] for e in hub.stored} <= {r["id"] for r in listener.readings()}
    assert hub.named("store.accepted")


def test_what_a_full_store_could_not_take_survives_a_restart(
    hub: Hub, scale: Pty, broker: Broker, listener: Listener
) -> None:
    """Somebody sees the alarm, raises the cap and restarts the daemon: what waited in its memory is there."""
    hub.store = "max_mb = 1"
    hub.start().ready()
    broker.stop()
    hub.wait_for("uplink.lost")
    number = fill(hub, scale)
    hub.end(signal.SIGTERM)
    assert hub.named("readings.saved")[0]["readings"] == number - len(hub.stored)
    assert (database(hub).parent / "unkept").stat().st_mode & 0o077 == 0
    hub.store = "max_mb = 2"
    broker.start()
    hub.start()
    until(lambda: len({r["id"] for r in listener.readings()}) == number, 50, what="all readings")
    assert len({e["id"] for e in hub.stored}) == number
    assert not (database(hub).parent / "unkept").exists()


class acknowledging:  # noqa: N801 - reads as a word
    """Says what has arrived, again and again."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def __enter__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.2):
            readings = self._listener.readings()
            places = {r["seq"] for r in readings}
            through = next(n for n in range(len(places) + 2) if n + 1 not in places)
            if readings and through:
                self._listener.ack(readings[0]["epoch"], through)


def command(**more: Any) -> dict[str, Any]:
    return {
        "schema": "dho.command/1",
        "expires": (datetime.now(UTC) + timedelta(minutes=5)).isoformat(timespec="seconds"),
        **more,
    }


def test_a_ledger_that_is_asked_for_is_what_a_receiver_computes(hub: Hub, scale: Pty, listener: Listener) -> None:
    hub.start().wait_for("device.opened")
    for number in range(5):
        scale.weigh(60 + number)
    until(lambda: len(listener.readings()) == 5)
    listener.say("command/ledger/c-1", command())
    (told,) = until(lambda: listener.documents("ledger"))
    lines = [(r["seq"], r["id"]) for r in listener.readings()]
    mine = Ledger(told["epoch"], told["from"], told["to"], told["count"], told["sha256"])
    assert (told["from"], told["to"]) == (1, 5)
    assert judge(mine, (), lines).result == "match"
    (result,) = until(lambda: listener.documents("command/ledger/c-1/result"))
    assert (result["status"], result["result"]) == ("done", told)


def test_commands_that_may_not_be_done_are_refused_and_change_nothing(hub: Hub, listener: Listener) -> None:
    hub.start()
    until(lambda: listener.documents("health"), what="a word of the hub, which listens before it speaks")
    expired = {**command(), "expires": "2026-01-01T00:00:00Z"}
    for name, number, payload in (
        ("reboot", "c-1", command()),
        ("health", "c-2", expired),
        ("health", "c-3", b"\xff not JSON"),
    ):
        listener.say(f"command/{name}/{number}", payload)

    def reason(name: str, number: str) -> Any:
        return until(lambda: listener.documents(f"command/{name}/{number}/result"))[0]["reason"]

    reasons = {"c-1": reason("reboot", "c-1"), "c-2": reason("health", "c-2"), "c-3": reason("health", "c-3")}
    assert reasons == {"c-1": "command-unknown", "c-2": "command-expired", "c-3": "command-malformed"}
    listener.say("command/health/c-4", command())
    (result,) = until(lambda: listener.documents("command/health/c-4/result"))
    assert result["result"]["schema"] == "dho.health/1"
    assert result["result"]["counters"]["commands_refused"] == 3
    assert result["result"]["store"]["max_bytes"] == 256_000_000


def test_a_command_sent_while_the_hub_was_away_waits_for_it(hub: Hub, listener: Listener) -> None:
    hub.start().wait_for("uplink.connected")
    until(lambda: listener.documents("health"))
    hub.end(signal.SIGTERM)
    listener.say("command/health/c-9", command())
    hub.start()
    (result,) = until(lambda: listener.documents("command/health/c-9/result"))
    assert json.dumps(result["result"]).startswith('{"schema": "dho.health/1"')
