"""Technical alarms: which are raised, and what must be told of them. Pure.

An alarm is a retained message at the broker while it is raised; an empty one clears it. Nothing here is about what was
measured: the hub never judges a value.
"""

from collections.abc import Iterable
from datetime import datetime

from gateway.reading import instant_text
from gateway.topics import ALARM_SCHEMA

# Each is a key of the catalogue: what it means, and what to do.
STORE_FULL = "store-full"
STORE_READ_ONLY = "store-read-only"
STORE_FAILING = "store-io"
STORE_DAMAGED = "store-damaged"
# The radio is in trouble, and this remedy was taken last (gateway/transport/ble/ladder.py); or none is left.
RADIO_POWER = "bluetooth-recovery-power"
RADIO_SERVICE = "bluetooth-recovery-service"
RADIO_REBOOT = "bluetooth-recovery-reboot"
RADIO_GIVEN_UP = "bluetooth-needs-power-cycle"
ALARMS = (
    *(STORE_FULL, STORE_READ_ONLY, STORE_FAILING, STORE_DAMAGED),
    *(RADIO_POWER, RADIO_SERVICE, RADIO_REBOOT, RADIO_GIVEN_UP),
)

# The type, and the document; None clears.
Message = tuple[str, dict[str, object] | None]


def of_radio(code: str, rung: str | None) -> list[str]:
    """What its present code and the highest remedy taken (None: none was needed) raise."""
    taken = [] if rung is None else [f"bluetooth-recovery-{rung}"]
    return [*taken, *([code] if code == RADIO_GIVEN_UP else [])]


class Alarms:
    """What is raised, and what the broker has been told."""

    def __init__(self) -> None:
        self._raised: dict[str, dict[str, object]] = {}
        # What the broker has of each: nobody knows before it was told.
        self._told: dict[str, dict[str, object] | None] = {}

    @property
    def raised(self) -> list[str]:
        """The alarms that stand."""
        return sorted(self._raised)

    def set(self, codes: Iterable[str], boot: str, at: datetime | None) -> bool:
        """These stand now (what is no alarm is left out); whether that is news. `at` None: nobody knows the time."""
        standing = [code for code in ALARMS if code in set(codes)]
        new = {code: _document(code, boot, at) for code in standing if code not in self._raised}
        gone = [code for code in self._raised if code not in standing]
        for code in gone:
            del self._raised[code]
        self._raised.update(new)
        return bool(new or gone)

    def connected(self) -> None:
        """Another broker may be there, or one that was emptied: what stands is told again."""
        self._told = {code: document for code, document in self._told.items() if document is None}

    def due(self) -> list[Message]:
        """What the broker must be told. What was cleared is told once: an earlier run may have raised it."""
        wanted = {code: self._raised.get(code) for code in ALARMS}
        return [(code, table) for code, table in wanted.items() if code not in self._told or self._told[code] != table]

    def told(self, message: Message) -> None:
        """The broker has it."""
        code, document = message
        self._told[code] = document


def _document(code: str, boot: str, at: datetime | None) -> dict[str, object]:
    known = {} if at is None else {"at": instant_text(at)}
    return {"schema": ALARM_SCHEMA, "type": code, "boot": boot, **known}
