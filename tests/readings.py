"""Readings, drafts and toy devices for tests that care little which."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from drivers.api import BleDriver, Characteristic, Clock, DecodeError, GathererFactory, Measurement, Sample
from drivers.gather import each
from drivers.quantities import WEIGHT
from drivers.uuids import full
from gateway.identity import reading_id
from gateway.keeping import Draft, KeptFrame
from gateway.reading import Attribution, Device, Quality, Reading, Time, Value
from gateway.timebase import Moment

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
REF = "dev-3f9c21aa0b11"
KEY = bytes(range(32))


def reading(name: str = "one", status: Literal["assigned", "uncertain", "foreign"] = "assigned") -> Reading:
    """A weighing; `name` gives it its id."""
    return Reading(
        schema="dho.reading/1",
        id=reading_id(KEY, REF, "weight", name),
        hub="hub-0042",
        epoch="e-51c0a2",
        seq=None,
        boot="7c9e1f",
        assignment=None,
        device=Device(ref=REF, kind="weight"),
        measured_at=NOON,
        time=Time(source="hub", hub_clock="synchronised", uncertainty_s=Decimal(60)),
        received_at=NOON,
        origin="live",
        acquisition="automatic",
        values=(Value(type="body-weight", mdc=188736, value=Decimal("82.40"), unit="kg"),),
        quality=Quality(status="valid", flags=()),
        attribution=Attribution(status=status, method="sole-user"),
    )


def draft(
    name: str = "one",
    status: Literal["assigned", "uncertain", "foreign"] = "assigned",
    *,
    waiting: tuple[int, ...] = (),
    cursor: int | None = None,
) -> Draft:
    """A draft of `reading(name)`."""
    return Draft(reading(name, status), [("port", name.encode().hex())], waiting, cursor)


def kept_frame(data: bytes = b"frame", *, ref: str = REF, monotonic: float = 10.0) -> KeptFrame:
    """A frame as it came."""
    return KeptFrame(ref, "port", data, Moment(NOON, monotonic, "synchronised"), "7c9e1f")


# A toy device speaks one characteristic: `W82.40`, with a time `W82.40@2026-01-12T07:35:02`, a record number `#7`,
# `!` for a failed measurement, anything else is refused.
TOY = full(0x2A9D)
TOY_CLOCK = full(0x2A2B)


def decode_toy(data: bytes) -> Measurement | None:
    """`W<kg>[@time][#record]`; `!` failed; empty: nothing to tell."""
    text = data.decode("ascii", errors="replace")
    if not text:
        return None
    if text == "!":
        return Measurement(kind="weight", samples=(), failed="overload")
    if not text.startswith("W"):
        raise DecodeError("not-a-toy", 0, "no W")
    body, _, record = text[1:].partition("#")
    number, _, time = body.partition("@")
    return Measurement(
        kind="weight",
        samples=(Sample(WEIGHT, Decimal(number)),),
        device_time=datetime.fromisoformat(time) if time else None,
        time_raw=time.encode().hex(),
        record=int(record) if record else None,
    )


def toy(
    *,
    clock: bool = False,
    modes: GathererFactory | None = None,
    decode: Callable[[bytes], Measurement | None] = decode_toy,
) -> BleDriver:
    """A Bluetooth scale; `clock` says whether it has a clock that can be read."""
    clocks = (Clock(TOY_CLOCK, lambda data: None, lambda time: b""),) if clock else ()
    return BleDriver(
        name="toy",
        kind="weight",
        services=(full(0x181D),),
        modes={"each": modes or each(5.0)},
        characteristics=(Characteristic(TOY, decode),),
        clocks=clocks,
    )


# As another package would provide it.
toy_driver = toy()
