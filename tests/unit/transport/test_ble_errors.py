"""Every fault that bleak or D-Bus can show has a reason, a kind and a sentence, and tells nobody's address."""

import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)
from dbus_fast import AuthError
from hypothesis import given
from hypothesis import strategies as st

from gateway.alarms import RADIO_POWER, RADIO_REBOOT, RADIO_SERVICE
from gateway.catalogue.ble import TEXTS
from gateway.errors import RefusedError, TransientError
from gateway.transport.ble.errors import (
    FOREIGN,
    REASONS,
    AttRefusedError,
    Doing,
    fault,
    of_pairing,
    of_reply,
    translate,
)

BLUEZ, DBUS = "org.bluez.Error.", "org.freedesktop.DBus.Error."
OFF = BleakBluetoothNotAvailableReason.POWERED_OFF
NONE = BleakBluetoothNotAvailableReason.NO_BLUETOOTH
DENIED = BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM

CASES: list[tuple[Exception, Doing, str]] = [
    (BleakDBusError(BLUEZ + "Failed", ["le-connection-abort-by-local"]), "connect", "ble-connect-failed"),
    (BleakDBusError(BLUEZ + "Failed", ["br-connection-canceled"]), "connect", "ble-dropped"),
    (BleakDBusError(BLUEZ + "Failed", ["le-connection-key-missing"]), "connect", "needs-pairing-again"),
    (BleakDBusError(BLUEZ + "InProgress", ["Operation already in progress"]), "connect", "ble-busy"),
    (BleakDBusError(BLUEZ + "InProgress", []), "scan", "bluetooth-deaf"),
    (BleakDBusError(BLUEZ + "NotReady", ["Resource Not Ready"]), "scan", "bluetooth-off"),
    (BleakDBusError(BLUEZ + "NotPermitted", ["Not paired"]), "gatt", "needs-pairing"),
    (BleakDBusError(BLUEZ + "NotPermitted", ["Notify acquired"]), "gatt", "ble-refused"),
    (BleakDBusError(BLUEZ + "AuthenticationFailed", []), "connect", "pairing-failed"),
    (BleakDBusError(BLUEZ + "NotConnected", ["Not Connected"]), "gatt", "ble-dropped"),
    (BleakDBusError(BLUEZ + "Failed", ["Not connected"]), "gatt", "ble-dropped"),
    (BleakDBusError(BLUEZ + "Failed", ["No discovery started"]), "scan", "bluetooth-deaf"),
    (BleakDBusError(DBUS + "UnknownObject", ["gone"]), "gatt", "ble-gone"),
    (BleakDBusError(DBUS + "UnknownObject", ["gone"]), "scan", "bluetooth-adapter-missing"),
    (BleakDBusError(DBUS + "ServiceUnknown", []), "scan", "bluetooth-missing"),
    (BleakDBusError(DBUS + "ServiceUnknown", []), "gatt", "bluetooth-lost"),
    (BleakDBusError(DBUS + "AccessDenied", []), "scan", "bluetooth-permission"),
    (BleakError("device 'dev_C0_00_00_00_00_13' not found"), "connect", "ble-gone"),
    (BleakError("adapter 'hci1' not found"), "scan", "bluetooth-adapter-missing"),
    (BleakError("failed to discover services, device disconnected"), "connect", "ble-dropped"),
    (BleakError("Not connected"), "gatt", "ble-dropped"),
    (BleakError("something new"), "connect", "ble-connect-failed"),
    (BleakDeviceNotFoundError("C0:00:00:00:00:13", "not found"), "connect", "ble-gone"),
    (BleakBluetoothNotAvailableError("off", OFF), "scan", "bluetooth-off"),
    (BleakBluetoothNotAvailableError("none", NONE), "scan", "bluetooth-adapter-missing"),
    (BleakBluetoothNotAvailableError("no", DENIED), "scan", "bluetooth-permission"),
    (BleakGATTProtocolError(0x05), "gatt", "needs-pairing"),
    (BleakGATTProtocolError(0x0F), "gatt", "needs-pairing"),
    (BleakGATTProtocolError(0x80), "gatt", "ble-refused"),
    (TimeoutError(), "connect", "ble-connect-timeout"),
    (TimeoutError(), "gatt", "ble-no-answer"),
    (TimeoutError(), "scan", "bluetooth-deaf"),
    (TimeoutError(), "bus", "bluetooth-missing"),
    (AuthError("no"), "bus", "bluetooth-permission"),
    (PermissionError(), "bus", "bluetooth-permission"),
    (FileNotFoundError(), "bus", "bluetooth-missing"),
    (ConnectionRefusedError(), "scan", "bluetooth-missing"),
    (EOFError(), "gatt", "bluetooth-lost"),
    (AssertionError(), "gatt", "bluetooth-lost"),
    (AttributeError("'NoneType' object has no attribute 'error_name'"), "connect", "bluetooth-lost"),
    (KeyError("org.bluez.Device1"), "scan", "bluetooth-missing"),
]


@pytest.mark.parametrize(("error", "doing", "reason"), CASES, ids=lambda value: repr(value)[:60])
def test_a_known_fault_has_its_reason(error: Exception, doing: Doing, reason: str) -> None:
    assert isinstance(error, FOREIGN)
    assert translate(error, doing).reason == reason


@pytest.mark.parametrize(
    ("name", "text", "linked", "reason"),
    [
        ("AuthenticationCanceled", "Authentication Canceled", False, "pairing-broken-off"),
        ("AuthenticationCanceled", "Authentication Canceled", True, "pairing-broken-off"),
        ("AuthenticationTimeout", "Authentication Timeout", False, "pairing-broken-off"),
        ("ConnectionAttemptFailed", "Page Timeout", False, "pairing-broken-off"),
        ("Failed", "le-connection-abort-by-local", False, "pairing-broken-off"),
        ("NotConnected", "Not Connected", False, "pairing-broken-off"),
        ("DoesNotExist", "Does Not Exist", False, "pairing-broken-off"),
        ("AuthenticationFailed", "Authentication Failed", False, "pairing-broken-off"),
        ("AuthenticationFailed", "Authentication Failed", True, "pairing-failed"),
        ("AuthenticationRejected", "Authentication Rejected", True, "pairing-failed"),
        ("InProgress", "In Progress", False, "ble-busy"),
    ],
)
def test_a_pairing_that_was_broken_off_is_told_from_one_that_was_refused(
    name: str, text: str, linked: bool, reason: str
) -> None:
    assert of_pairing(of_reply(BLUEZ + name, text, "gatt"), linked=linked).reason == reason


def test_a_pairing_that_is_not_finished_in_our_own_time_is_not_broken_off() -> None:
    assert of_pairing(translate(TimeoutError(), "gatt"), linked=False).reason == "pairing-timeout"


def test_what_a_person_must_put_right_is_refused_and_all_else_transient() -> None:
    refused = {r for r in REASONS if isinstance(fault(r), RefusedError)}
    assert refused >= {"needs-pairing", "needs-pairing-again", "wrong-profile", "bluetooth-permission"}
    assert all(isinstance(fault(r), TransientError) for r in REASONS - refused)


def test_an_att_error_keeps_its_code_for_the_conversation() -> None:
    error = translate(BleakGATTProtocolError(0x80), "gatt")
    assert isinstance(error, AttRefusedError)
    assert error.code == 0x80


def test_no_detail_tells_an_address() -> None:
    for text in ("device 'dev_C0_00_00_00_00_13' not found", "C0:00:00:00:00:13 was not found"):
        assert "00:13" not in str(translate(BleakError(text), "connect"))
        assert "00_13" not in str(translate(BleakError(text), "connect"))


def test_every_reason_has_a_sentence_in_both_languages_and_no_sentence_is_idle() -> None:
    assert TEXTS.keys() == REASONS | {RADIO_POWER, RADIO_SERVICE, RADIO_REBOOT}
    for text in TEXTS.values():
        assert text.en
        assert text.nb
        assert text.en != text.nb


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["bus", "scan", "connect", "gatt"]))
def test_any_reply_of_dbus_has_a_reason_with_a_sentence(name: str, text: str, doing: Doing) -> None:
    assert translate(BleakDBusError(name, [text]), doing).reason in TEXTS
    assert translate(BleakError(text), doing).reason in TEXTS
