"""Every fault of bleak and of D-Bus in the project's words: mapped here, once, and nowhere else.

`Doing` is what was tried, since the same fault means another thing to a scan than to a connection. Names of errors:
BlueZ src/error.c and src/error.h; D-Bus specification, "Standard error names"; ATT codes: Core Specification, Vol 3,
Part F, 3.4.1.1.
"""

import re
from collections.abc import Callable
from typing import Literal

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)
from dbus_fast import AuthError, DBusFastError

from gateway.errors import GatewayError, RefusedError, TransientError

Doing = Literal["bus", "scan", "connect", "gatt"]

# A bus that breaks under a call answers None, which bleak trips over in its own ways: assertions, attributes, keys.
FOREIGN = (BleakError, DBusFastError, OSError, EOFError, AssertionError, AttributeError, KeyError)

READY = "ready"
STARTING = "bluetooth-starting"
OFF = "bluetooth-off"
MISSING = "bluetooth-missing"
NO_ADAPTER = "bluetooth-adapter-missing"
PERMISSION = "bluetooth-permission"
DEAF = "bluetooth-deaf"
LOST = "bluetooth-lost"
CACHE_OFF = "bluetooth-cache-off"
BLOCKED = "bluetooth-blocked"
SILENT = "bluetooth-silent"
NEEDS_POWER_CYCLE = "bluetooth-needs-power-cycle"
CONNECT_TIMEOUT = "ble-connect-timeout"
CONNECT_FAILED = "ble-connect-failed"
GONE = "ble-gone"
DROPPED = "ble-dropped"
BUSY = "ble-busy"
NO_ANSWER = "ble-no-answer"
REFUSED = "ble-refused"
FAULT = "ble-fault"
NEEDS_PAIRING = "needs-pairing"
NEEDS_PAIRING_AGAIN = "needs-pairing-again"
PAIRING_FAILED = "pairing-failed"
PAIRING_BROKEN_OFF = "pairing-broken-off"
PAIRING_TIMEOUT = "pairing-timeout"
WRONG_PROFILE = "wrong-profile"

REASONS = frozenset({
    STARTING, OFF, MISSING, NO_ADAPTER, PERMISSION, DEAF, LOST, CACHE_OFF, BLOCKED, SILENT, NEEDS_POWER_CYCLE,
    CONNECT_TIMEOUT, CONNECT_FAILED, GONE, DROPPED, BUSY, NO_ANSWER, REFUSED, FAULT, NEEDS_PAIRING, NEEDS_PAIRING_AGAIN,
    PAIRING_FAILED, PAIRING_BROKEN_OFF, PAIRING_TIMEOUT, WRONG_PROFILE,
})  # fmt: skip
_A_PERSON_MUST_ACT = frozenset({
    PERMISSION, REFUSED, NEEDS_PAIRING, NEEDS_PAIRING_AGAIN, PAIRING_FAILED, PAIRING_TIMEOUT, WRONG_PROFILE,
})  # fmt: skip

_ADDRESS = re.compile(r"(?:[0-9A-Fa-f]{2}[:_-]){5}[0-9A-Fa-f]{2}")
_UNPAIRED = frozenset({0x05, 0x08, 0x0C, 0x0F})


class AttRefusedError(RefusedError):
    """The device answered with an ATT error; `code` where it gave one."""

    def __init__(self, code: int | None = None) -> None:
        super().__init__(REFUSED, "" if code is None else f"ATT error 0x{code:02x}")
        self.code = code


def fault(reason: str, detail: str = "") -> GatewayError:
    """The error for a reason; addresses are taken out of the detail."""
    plain = _ADDRESS.sub("<address>", detail)
    return (RefusedError if reason in _A_PERSON_MUST_ACT else TransientError)(reason, plain)


def translate(error: BaseException, doing: Doing) -> GatewayError:
    """The project's error for anything of `FOREIGN`."""
    rule = next(rule for kind, rule in _RULES if isinstance(error, kind))
    return rule(error, doing)


def of_reply(name: str, text: str, doing: Doing) -> GatewayError:
    """The project's error for a D-Bus error reply."""
    code = _att_code(f"{name} {text}") if doing == "gatt" else None
    if code is not None:
        return of_code(code)
    for pattern, reasons in _REPLIES:
        if re.search(pattern, f"{name} {text}"):
            reason = reasons if isinstance(reasons, str) else reasons.get(doing, reasons["gatt"])
            return fault(reason, f"{name} {text}".strip())
    return fault(_OTHERWISE[doing], f"{name} {text}".strip())


_OTHERWISE: dict[Doing, str] = {"bus": MISSING, "scan": DEAF, "connect": CONNECT_FAILED, "gatt": NO_ANSWER}
_LATE: dict[Doing, str] = {"bus": MISSING, "scan": DEAF, "connect": CONNECT_TIMEOUT, "gatt": NO_ANSWER}
_SERVICE: dict[Doing, str] = {"bus": MISSING, "scan": MISSING, "gatt": LOST}
_OBJECT: dict[Doing, str] = {"bus": MISSING, "scan": NO_ADAPTER, "gatt": GONE}

_REPLIES: tuple[tuple[str, str | dict[Doing, str]], ...] = (
    (r"bluez\.Error\.NotReady", OFF),
    (r"bluez\.Error\.InProgress", {"scan": DEAF, "gatt": BUSY}),
    (r"bluez\.Error\.NotPermitted Not paired|bluez\.Error\.NotAuthorized", NEEDS_PAIRING),
    (r"bluez\.Error\.NotPermitted", {"scan": DEAF, "gatt": REFUSED}),
    (r"key-missing", NEEDS_PAIRING_AGAIN),
    (r"bluez\.Error\.AuthenticationTimeout", PAIRING_TIMEOUT),
    (r"bluez\.Error\.Authentication|not-bonded|auth-failed", PAIRING_FAILED),
    (r"bluez\.Error\.NotConnected|Not connected|connection-canceled", DROPPED),
    (r"bluez\.Error\.DoesNotExist", _OBJECT),
    (r"DBus\.Error\.Unknown(Object|Method|Interface)", _OBJECT),
    (r"DBus\.Error\.(ServiceUnknown|NameHasNoOwner|NoReply|Disconnected|NoServer|Spawn)", _SERVICE),
    (r"DBus\.Error\.(AccessDenied|AuthFailed)", PERMISSION),
    (r"DBus\.Error\.(Timeout|TimedOut)", _LATE),
)

# BlueZ has words of its own for some ATT errors (src/gatt-client.c, create_gatt_dbus_error).
_ATT_WORDS: tuple[tuple[str, int], ...] = (
    (r"NotPermitted Read not permitted", 0x02),
    (r"NotPermitted Write not permitted", 0x03),
    (r"bluez\.Error\.NotSupported", 0x06),
    (r"bluez\.Error\.ImproperlyConfigured", 0xFD),
)
_ATT_NUMBER = re.compile(r"ATT error: 0x([0-9A-Fa-f]{2})")


def _att_code(text: str) -> int | None:
    number = _ATT_NUMBER.search(text)
    if number is not None:
        return int(number[1], 16)
    return next((code for pattern, code in _ATT_WORDS if re.search(pattern, text)), None)


# What BlueZ calls it when the link went, or never came (src/device.c, new_authentication_return; kernel net/bluetooth/
# mgmt.c, mgmt_status_table: a link that faded away has "timed out").
_BROKEN_OFF = re.compile(r"Authentication(Canceled|Timeout)|ConnectionAttemptFailed|connection-(abort|canceled)")
_LINK_GONE = frozenset({DROPPED, GONE, CONNECT_FAILED})


def of_pairing(error: GatewayError, *, linked: bool) -> GatewayError:
    """What a failed call to pair was: broken off by the device, not finished in our time, or what it says.

    `linked`: whether the device is still connected. One that has hung up may have left BlueZ to say that it "failed".
    """
    if error.reason == NO_ANSWER and error.detail == TimeoutError.__name__:
        return fault(PAIRING_TIMEOUT)
    gone = error.reason in _LINK_GONE or (error.reason == PAIRING_FAILED and not linked)
    if gone or _BROKEN_OFF.search(error.detail):
        return fault(PAIRING_BROKEN_OFF, error.detail)
    return error


_UNAVAILABLE = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: NO_ADAPTER,
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: NO_ADAPTER,
    BleakBluetoothNotAvailableReason.POWERED_OFF: OFF,
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: PERMISSION,
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: PERMISSION,
    BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN: PERMISSION,
}

_WORDS: tuple[tuple[str, str], ...] = (
    (r"failed to discover services|[Nn]ot connected|disconnected", DROPPED),
    (r"adapter .* not found", NO_ADAPTER),
    (r"not found", GONE),
)


def _unavailable(error: BaseException, doing: Doing) -> GatewayError:
    reason = error.reason if isinstance(error, BleakBluetoothNotAvailableError) else None
    return fault(MISSING if reason is None else _UNAVAILABLE.get(reason, MISSING), str(error.args[0]))


def _att(error: BaseException, doing: Doing) -> GatewayError:
    return of_code(int(error.args[0]))


def of_code(code: int) -> GatewayError:
    """The project's error for an ATT error code."""
    return fault(NEEDS_PAIRING, f"ATT error 0x{code:02x}") if code in _UNPAIRED else AttRefusedError(code)


def _reply(error: BaseException, doing: Doing) -> GatewayError:
    return of_reply(str(error.args[0]), " ".join(str(a) for a in error.args[1:]), doing)


def _words(error: BaseException, doing: Doing) -> GatewayError:
    text = str(error)
    for pattern, reason in _WORDS:
        if re.search(pattern, text):
            return fault(reason, text)
    return fault(_OTHERWISE[doing], text)


def _always(reasons: dict[Doing, str]) -> Callable[[BaseException, Doing], GatewayError]:
    def rule(error: BaseException, doing: Doing) -> GatewayError:
        return fault(reasons.get(doing, reasons["gatt"]), type(error).__name__)

    return rule


_DENIED: dict[Doing, str] = {"gatt": PERMISSION}

# First match wins: the particular before the general. TimeoutError is an OSError.
_RULES: tuple[tuple[type[BaseException], Callable[[BaseException, Doing], GatewayError]], ...] = (
    (BleakBluetoothNotAvailableError, _unavailable),
    (BleakGATTProtocolError, _att),
    (BleakDBusError, _reply),
    (BleakDeviceNotFoundError, _always({"gatt": GONE})),
    (BleakError, _words),
    (TimeoutError, _always(_LATE)),
    (AuthError, _always(_DENIED)),
    (PermissionError, _always(_DENIED)),
    (OSError, _always(_SERVICE)),
    (EOFError, _always(_SERVICE)),
    (BaseException, _always(_SERVICE)),
)
