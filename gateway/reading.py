"""The reading: a measurement with identity, honest time and attribution, and its wire form `dho.reading/1`.

Field order here is key order on the wire. Decimals travel as strings, so that 2.0 and 2.00 stay apart; instants are
RFC 3339 with offset. Optional keys that are not set are left out.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from gateway.wire import Record

SCHEMA = "dho.reading/1"
VOID_SCHEMA = "dho.void/1"


def instant_text(instant: datetime) -> str:
    """RFC 3339 with offset; milliseconds only where there are any."""
    return instant.isoformat(timespec="milliseconds" if instant.microsecond >= 1000 else "seconds")


def decimal_text(number: Decimal) -> str:
    """All its digits, never an exponent."""
    return format(number, "f")


DecimalText = Annotated[Decimal, decimal_text]
Instant = Annotated[datetime, instant_text]

Kind = Literal[
    "pulse-oximeter",
    "blood-pressure",
    "weight",
    "spirometry",
    "temperature",
    "heart-rate",
    "glucose",
    "body-composition",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device(Record):
    """Which instrument, without its address or serial number."""

    ref: str
    kind: Kind
    model: str | None = None
    firmware: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Time(Record):
    """How `measured_at` came about.

    `source`: the device's clock (corrected by the offset measured at contact), the moment of receipt at the hub, or
    none. `device_time` is as the device told it. `offset_s` is hub minus device. `uncertainty_s` absent: unknown.
    `earliest` and `latest` bound the receipt of a reading that came while the hub did not know the time.
    """

    source: Literal["device", "hub", "none"]
    device_time: datetime | None = None
    offset_s: DecimalText | None = None
    hub_clock: Literal["synchronised", "rtc", "unsynchronised"]
    uncertainty_s: DecimalText | None = None
    earliest: Instant | None = None
    latest: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Value(Record):
    """One value in its UCUM unit; null with `absent` for what is not a number."""

    type: str
    mdc: int | None = None
    value: DecimalText | None
    unit: str
    absent: Literal["not-a-number", "positive-infinity", "negative-infinity", "error", "out-of-range"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality(Record):
    """What the device said of itself, and technical doubts of the hub; never a clinical judgement."""

    status: Literal["valid", "questionable", "invalid"]
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution(Record):
    """Whose reading this is held to be, and why."""

    status: Literal["assigned", "uncertain", "foreign"]
    method: Literal["sole-user", "user-index", "visit", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Record):
    """One act of measuring, as kept and sent."""

    schema: Literal["dho.reading/1"] = "dho.reading/1"
    id: str
    hub: str
    epoch: str
    seq: int | None
    boot: str
    assignment: str | None
    device: Device
    measured_at: Instant | None
    time: Time
    received_at: Instant | None
    origin: Literal["live", "stored", "replayed"]
    acquisition: Literal["automatic", "manual", "visit"]
    values: tuple[Value, ...]
    quality: Quality
    attribution: Attribution
    simulated: Literal[True] | None = None

    def wire(self, seq: int) -> str:
        """The JSON text of the message, with its place in the sequence."""
        return self.text(seq=seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class Void(Record):
    """Accounts for a stretch of the sequence that can no longer be delivered (topic `reading/void`)."""

    schema: Literal["dho.void/1"] = "dho.void/1"
    hub: str
    epoch: str
    from_: int
    to: int
    reason: str
