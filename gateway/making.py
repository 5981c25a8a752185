"""From a measurement to a reading: identity, honest time and attribution put together. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from drivers.api import Absent, Measurement, Sample
from gateway.attribution import Evidence, Verdict, attribute
from gateway.identity import reading_id, receipt_key
from gateway.keeping import KeptFrame
from gateway.reading import Attribution, Device, Quality, Reading, Time, Value
from gateway.timebase import ClockFix, DeviceClaim, HonestTime, Moment, Undated, hub_doubt_s, receipt_of, resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where readings come from: the hub, its sequence, and whose clock the devices show."""

    hub: str
    epoch: str
    id_key: bytes
    zone: ZoneInfo
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """The device a measurement came from: its reference, what is known of it, and the user slots that belong to the
    person followed (None: it serves one person)."""

    ref: str
    twin: Mapping[str, object]
    users: Collection[int] | None


def make_reading(
    measurement: Measurement,
    first: KeptFrame,
    fix: ClockFix | None,
    origin: Origin,
    place: Place,
    verdict: Verdict | None = None,
) -> Reading:
    """The reading of a measurement whose first frame is `first`, with the device's clock as read at this contact.

    `verdict` None: nobody keeps assignments, and the user slot alone decides.
    """
    honest = resolve(_claim(measurement), first.moment, fix, place.zone)
    verdict = attribute(measurement.user, origin.users) if verdict is None else verdict
    reading = Reading(
        schema="dho.reading/1",
        id=reading_id(place.id_key, origin.ref, measurement.kind, _record_key(measurement, first)),
        hub=place.hub,
        epoch=place.epoch,
        seq=None,
        boot=first.boot,
        assignment=verdict.assignment,
        device=_device(measurement, origin),
        measured_at=honest.measured_at,
        time=_time(measurement.device_time, honest, first.moment),
        received_at=None if _lost(first.moment) else first.moment.utc.astimezone(place.zone),
        origin=honest.origin,
        acquisition=verdict.acquisition,
        values=tuple(_value(sample) for sample in measurement.samples),
        quality=Quality(status=measurement.status, flags=_flags(measurement)),
        attribution=Attribution(status=verdict.status, method=verdict.method),
    )
    return reading.changed(simulated=True) if place.simulated else reading


def evidence(
    measurement: Measurement, first: KeptFrame, fix: ClockFix | None, origin: Origin, place: Place
) -> Evidence:
    """What a measurement tells of whose it is, but for what the contact tells of the device's clock."""
    honest = resolve(_claim(measurement), first.moment, fix, place.zone)
    nameless = f"print|{measurement.record_key}"
    return Evidence(
        user=measurement.user,
        record=measurement.record,
        print=None if measurement.dated else reading_id(place.id_key, origin.ref, measurement.kind, nameless),
        said=measurement.stored,
        stored=honest.origin == "stored",
        measured_at=honest.measured_at,
        uncertainty_s=honest.uncertainty_s,
        received_at=None if _lost(first.moment) else first.moment.utc,
        hub_doubt_s=hub_doubt_s(first.moment.hub_clock),
        device_time=honest.source == "device",
    )


def undated(measurement: Measurement, first: KeptFrame, fix: ClockFix | None) -> Undated | None:
    """What is needed to date the reading later; None when the hub knows the time already."""
    if not _lost(first.moment):
        return None
    return Undated(first.boot, first.moment.monotonic, _claim(measurement), fix)


def dated(reading: Reading, what: Undated, now: Moment, zone: ZoneInfo) -> Reading:
    """The reading with its honest time, now that the hub knows the time; `now` is of the boot it came in."""
    receipt = receipt_of(what, now)
    honest = resolve(what.claim, receipt, what.fix, zone)
    update = {
        "measured_at": honest.measured_at,
        "time": _time(what.claim.time, honest, receipt),
        "received_at": receipt.utc.astimezone(zone),
        "origin": honest.origin,
    }
    return reading.changed(**update)


def bounded(reading: Reading, earliest: datetime | None, latest: datetime | None, zone: ZoneInfo) -> Reading:
    """The reading that can never be dated, because the hub was off before it knew the time; between two instants."""
    bounds = {"earliest": earliest, "latest": latest}
    told = {name: instant.astimezone(zone) for name, instant in bounds.items() if instant is not None}
    return reading.changed(time=reading.time.changed(**told))


def _claim(measurement: Measurement) -> DeviceClaim:
    return DeviceClaim(measurement.device_time, measurement.time_fault is not None, measurement.stored)


def _lost(moment: Moment) -> bool:
    return moment.hub_clock == "unsynchronised"


def _record_key(measurement: Measurement, first: KeptFrame) -> str:
    key = measurement.record_key
    return key if measurement.dated else f"{receipt_key(first.boot, first.moment.monotonic)}|{key}"


def _device(measurement: Measurement, origin: Origin) -> Device:
    known = {name: origin.twin[name] for name in ("model", "firmware") if isinstance(origin.twin.get(name), str)}
    told: dict[str, Any] = {"ref": origin.ref, "kind": measurement.kind, **known}
    return Device(**told)


def _time(device_time: datetime | None, honest: HonestTime, receipt: Moment) -> Time:
    return Time(
        source=honest.source,
        device_time=device_time,
        offset_s=honest.offset_s,
        hub_clock=receipt.hub_clock,
        uncertainty_s=honest.uncertainty_s,
    )


def _value(sample: Sample) -> Value:
    quantity = sample.quantity
    if isinstance(sample.value, Absent):
        told: dict[str, Any] = {"value": None, "absent": sample.value.value}
    else:
        told = {"value": sample.value}
    return Value(type=quantity.type, mdc=quantity.mdc, unit=quantity.unit, **told)


def _flags(measurement: Measurement) -> tuple[str, ...]:
    return (*measurement.flags, measurement.time_fault) if measurement.time_fault else measurement.flags
