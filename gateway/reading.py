"""The reading: a measurement with identity, honest time and attribution, and its wire form `dho.reading/1`.

Field order here is key order on the wire. Decimals travel as strings, so that 2.0 and 2.00 stay apart; instants are
RFC 3339 with offset. Optional keys that are not set are left out.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

SCHEMA = "dho.reading/1"
VOID_SCHEMA = "dho.void/1"


def instant_text(instant: datetime) -> str:
    """RFC 3339 with offset; milliseconds only where there are any."""
    return instant.isoformat(timespec="milliseconds" if instant.microsecond >= 1000 else "seconds")


DecimalText = Annotated[Decimal, PlainSerializer(lambda d: format(d, "f"), return_type=str)]
Instant = Annotated[datetime, PlainSerializer(instant_text, return_type=str)]

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


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Device(_Wire):
    """Which instrument, without its address or serial number."""

    ref: str
    kind: Kind
    model: str | None = None
    firmware: str | None = None


class Time(_Wire):
    """How `measured_at` came about.

    `source`: the device's clock (corrected by the offset measured at contact), the moment of receipt at the hub, or
    none. `device_time` is as the device told it. `offset_s` is hub minus device. `uncertainty_s` absent: unknown.
    `earliest` and `latest` bound the receipt of a reading that came while the hub did not know the time.
    """

    source: Literal["device", "hub", "none"]
    device_time: Annotated[datetime, PlainSerializer(lambda t: t.isoformat(), return_type=str)] | None = None
    offset_s: DecimalText | None = None
    hub_clock: Literal["synchronised", "rtc", "unsynchronised"]
    uncertainty_s: DecimalText | None = None
    earliest: Instant | None = None
    latest: Instant | None = None


class Value(_Wire):
    """One value in its UCUM unit; null with `absent` for what is not a number."""

    type: str
    mdc: int | None = None
    value: DecimalText | None
    unit: str
    absent: Literal["not-a-number", "positive-infinity", "negative-infinity", "error", "out-of-range"] | None = None


class Quality(_Wire):
    """What the device said of itself, and technical doubts of the hub; never a clinical judgement."""

    status: Literal["valid", "questionable", "invalid"]
    flags: tuple[str, ...] = ()


class Attribution(_Wire):
    """Whose reading this is held to be, and why."""

    status: Literal["assigned", "uncertain", "foreign"]
    method: Literal["sole-user", "user-index", "visit", "none"]


class Reading(_Wire):
    """One act of measuring, as kept and sent."""

    schema_: Literal["dho.reading/1"] = Field(default="dho.reading/1", alias="schema")
    id: str
    hub: str
    epoch: str
    seq: int | None = None
    boot: str
    assignment: str | None = None
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
        placed = self.model_copy(update={"seq": seq})
        return placed.model_dump_json(by_alias=True, exclude_unset=True)


class Void(_Wire):
    """Accounts for a stretch of the sequence that can no longer be delivered (topic `reading/void`)."""

    schema_: Literal["dho.void/1"] = Field(default="dho.void/1", alias="schema")
    hub: str
    epoch: str
    from_: int = Field(alias="from")
    to: int
    reason: str
