"""Alarms: told when they are raised, once; told again to another broker; cleared with an empty message."""

from datetime import UTC, datetime

from gateway import catalogue
from gateway.alarms import ALARMS, STORE_DAMAGED, STORE_FULL, Alarms, of_radio
from gateway.transport.ble.ladder import Rung

AT = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)


def tell(alarms: Alarms) -> dict[str, dict[str, object] | None]:
    due = alarms.due()
    for message in due:
        alarms.told(message)
    return dict(due)


def test_what_an_earlier_run_may_have_raised_is_cleared_once() -> None:
    alarms = Alarms()
    assert tell(alarms) == dict.fromkeys(ALARMS)
    assert tell(alarms) == {}
    alarms.connected()
    assert tell(alarms) == {}


def test_an_alarm_is_told_once_and_again_at_each_connection_until_it_is_over() -> None:
    alarms = Alarms()
    tell(alarms)
    assert alarms.set(["mqtt-bad-credentials", STORE_FULL], "7c9e1f", AT)
    document = {"schema": "dho.alarm/1", "type": STORE_FULL, "boot": "7c9e1f", "at": "2026-11-24T07:30:00+00:00"}
    assert tell(alarms) == {STORE_FULL: document}
    assert not alarms.set([STORE_FULL], "7c9e1f", AT.replace(hour=9))
    assert tell(alarms) == {}
    alarms.connected()
    assert tell(alarms) == {STORE_FULL: document}
    assert alarms.set([STORE_DAMAGED], "7c9e1f", None)
    assert alarms.raised == [STORE_DAMAGED]
    assert tell(alarms) == {
        STORE_FULL: None,
        STORE_DAMAGED: {"schema": "dho.alarm/1", "type": STORE_DAMAGED, "boot": "7c9e1f"},
    }


def test_what_did_not_get_through_stays_due() -> None:
    alarms = Alarms()
    alarms.set([STORE_FULL], "7c9e1f", AT)
    assert dict(alarms.due())[STORE_FULL] is not None
    assert dict(alarms.due())[STORE_FULL] is not None


def test_each_remedy_for_the_radio_has_an_alarm_of_its_own_and_so_has_the_end_of_all_remedies() -> None:
    raised = [code for rung in Rung for code in of_radio("bluetooth-off", rung)]
    assert len(set(raised)) == len(Rung)
    assert set(raised) < set(ALARMS)
    assert of_radio("bluetooth-needs-power-cycle", Rung.REBOOT) == [raised[-1], "bluetooth-needs-power-cycle"]
    assert of_radio("ready", None) == of_radio("bluetooth-off", None) == []


def test_every_alarm_has_a_sentence() -> None:
    assert set(ALARMS) <= catalogue.all_texts().keys()
