"""What a real broker denies a real hub is not lost: it comes when the rights are mended."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.broker.mosquitto import Broker
from tests.daemon.hub import ROOT, Hub, Listener, Pty, until
from tests.daemon.test_assignments import asked

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]

# A mosquitto of Debian 12 hangs up after each denial: with more denied, nothing would get as far as a refusal.
ALLOWED = ("state", "about", "health", "device/#", "event/#", "alarm/#", "ledger", "reading/void")
DENIED = "".join(f"topic write {ROOT}/{words}\n" for words in ALLOWED) + "topic read #\ntopic write dho/+/+/+/ack\n"


def test_readings_go_out_where_the_hub_may_not_tell_of_itself(
    hub: Hub, scale: Pty, tmp_path: Path, make_broker: Callable[..., Broker]
) -> None:
    rights = tmp_path / "rights"
    rights.write_text(f"topic write {ROOT}/reading/#\ntopic read #\n", encoding="ascii")
    rights.chmod(0o644)
    broker = make_broker(extra=(f"acl_file {rights}",))
    hub.port = broker.port
    listener = Listener(broker.port)
    hub.start().wait_for("device.opened")
    scale.weigh(70)
    (reading,) = until(listener.readings, 120, "the reading")
    assert reading["values"][0]["value"] == "70.00"
    listener.close()


def test_denied_readings_are_counted_and_come_in_order_under_their_ids_when_the_access_list_is_mended(
    hub: Hub, scale: Pty, tmp_path: Path, make_broker: Callable[..., Broker]
) -> None:
    rights = tmp_path / "rights"
    rights.write_text(DENIED, encoding="ascii")
    rights.chmod(0o644)
    broker = make_broker(extra=(f"acl_file {rights}",))
    hub.port = broker.port
    listener = Listener(broker.port)
    hub.start().ready()
    for number in range(3):
        scale.weigh(70 + number)
    hub.wait_for("reading.stored", 3)
    until(lambda: asked(hub, "status")["aside"] == 3, 60, "three refused readings")
    found = asked(hub, "outbox", "list")["refused"]
    assert found == [{"kind": "weight", "reason": "mqtt-not-authorised", "readings": 3}]
    assert listener.readings() == []
    rights.write_text("topic readwrite #\n", encoding="ascii")
    broker.reload()
    answer = asked(hub, "outbox", "retry")
    assert (answer["offered"], answer["left"]) == (3, 0)
    until(lambda: len(listener.readings()) == 3, 30, "the readings")
    came = listener.readings()
    assert [(r["seq"], r["values"][0]["value"]) for r in came] == [(4, "70.00"), (5, "71.00"), (6, "72.00")]
    assert [r["id"] for r in came] == [e["id"] for e in hub.stored]
    epoch = came[0]["epoch"]
    voids = until(lambda: len(listener.documents("reading/void")) >= 3 and listener.documents("reading/void"))
    assert {(v["from"], v["to"], v["reason"]) for v in voids} == {(n, n, "mqtt-not-authorised") for n in (1, 2, 3)}
    listener.ack(epoch, 6)
    until(lambda: asked(hub, "status")["waiting"] == 0)
    assert asked(hub, "status")["aside"] == 0
    listener.close()
