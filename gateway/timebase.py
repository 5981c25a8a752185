"""Honest time: from device clock, moment of receipt and hub clock to an instant, a source and an uncertainty.

Never a false date, never a discarded reading: where nothing can be proved the instant is None and says so. Device
times are naive, as told. A device's time is only used when its clock is known: read at this contact, or seen to agree
with the hub's.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

HubClock = Literal["synchronised", "rtc", "unsynchronised"]
Source = Literal["device", "hub", "none"]

# A device tells whole seconds, and reading its clock takes a round trip.
_FIX_UNCERTAINTY = Decimal(2)
# An unreadable device clock that agrees with the hub's this closely is taken as right to within it.
_AGREEMENT = timedelta(minutes=10)
# A measurement cannot be younger than its receipt; beyond reading latency the device's clock was set in between.
_FUTURE_TOLERANCE = timedelta(minutes=2)
# A live value reaches the hub at most about this long after it was taken (connection, retries).
RECEIPT_UNCERTAINTY = Decimal(60)
# No clock that shows an earlier time than this program's release can be right.
RELEASED = datetime(2026, 11, 1, tzinfo=UTC)
# What a clock that nobody checks is allowed to be off.
_RTC_UNCERTAINTY = Decimal(120)


@dataclass(frozen=True, slots=True)
class Moment:
    """When bytes came: hub wall time (aware UTC), monotonic seconds, and how far the wall time is to be trusted."""

    utc: datetime
    monotonic: float
    hub_clock: HubClock


@dataclass(frozen=True, slots=True)
class ClockFix:
    """What the device's clock (naive) showed at one moment of this contact (monotonic seconds)."""

    device: datetime
    monotonic: float


@dataclass(frozen=True, slots=True)
class DeviceClaim:
    """What the device said of the time of a measurement."""

    time: datetime | None = None
    faulty: bool = False
    stored: bool | None = None


@dataclass(frozen=True, slots=True)
class HonestTime:
    """The outcome; `offset_s` is hub minus device, `uncertainty_s` None when unknown."""

    measured_at: datetime | None
    source: Source
    offset_s: Decimal | None
    uncertainty_s: Decimal | None
    origin: Literal["live", "stored"]


@dataclass(frozen=True, slots=True)
class Undated:
    """What is needed to date a reading later, when the hub knows the time.

    `monotonic` (of its receipt) and the fix's are of the boot `boot`; the claim is the device's.
    """

    boot: str
    monotonic: float
    claim: DeviceClaim
    fix: ClockFix | None


def believed(state: HubClock, now: datetime, floor: datetime) -> HubClock:
    """How far the hub's wall clock is to be trusted, knowing a moment `floor` that is certainly past.

    A clock that nobody checks and that shows an earlier time has stopped or started anew.
    """
    return "unsynchronised" if state == "rtc" and now < max(floor, RELEASED) else state


def hub_doubt_s(state: HubClock) -> Decimal:
    """How many seconds the hub's own wall clock may be off, while it is used at all."""
    return Decimal(0) if state == "synchronised" else _RTC_UNCERTAINTY


def receipt_of(undated: Undated, now: Moment) -> Moment:
    """The moment of receipt, told from `now` of the same boot: by elapsed time, whatever the wall clock did since."""
    return Moment(now.utc - timedelta(seconds=now.monotonic - undated.monotonic), undated.monotonic, now.hub_clock)


def resolve(claim: DeviceClaim, receipt: Moment, fix: ClockFix | None, zone: ZoneInfo) -> HonestTime:
    """The honest time of a measurement that came at `receipt`, in `zone` (for the offset shown, not for arithmetic)."""
    offset = None if fix is None else _offset(fix, receipt, zone)
    if receipt.hub_clock == "unsynchronised":
        return HonestTime(None, "none", offset, None, "stored" if claim.stored else "live")
    if claim.time is None:
        return _undated(claim, receipt, offset, zone)
    if fix is not None:
        return _by_fix(claim.time, claim, receipt, fix, zone)
    return _by_agreement(claim.time, claim, receipt, zone)


def _fixed_at(fix: ClockFix, receipt: Moment) -> datetime:
    """When the device's clock was read, by the hub's wall clock as it was at the receipt; whole seconds.

    By elapsed time, since the hub's clock may have been set in between.
    """
    at = receipt.utc - timedelta(seconds=receipt.monotonic - fix.monotonic)
    return (at + timedelta(milliseconds=500)).replace(microsecond=0)


def _offset(fix: ClockFix, receipt: Moment, zone: ZoneInfo) -> Decimal:
    local = _fixed_at(fix, receipt).astimezone(zone).replace(tzinfo=None)
    return Decimal(round((local - fix.device).total_seconds()))


def _undated(claim: DeviceClaim, receipt: Moment, offset: Decimal | None, zone: ZoneInfo) -> HonestTime:
    if claim.stored:
        return HonestTime(None, "none", offset, None, "stored")
    if claim.faulty and claim.stored is None:
        # A clock that was reset stamps what lies in memory too: without the device's word this may be long ago.
        return HonestTime(None, "none", offset, None, "live")
    uncertainty = None if claim.faulty else RECEIPT_UNCERTAINTY + _slack(receipt)
    return HonestTime(receipt.utc.astimezone(zone), "hub", offset, uncertainty, "live")


def _by_fix(time: datetime, claim: DeviceClaim, receipt: Moment, fix: ClockFix, zone: ZoneInfo) -> HonestTime:
    # Time elapsed on the device's own clock: true over daylight saving, and over any offset.
    measured = _fixed_at(fix, receipt) - (fix.device - time)
    offset = _offset(fix, receipt, zone)
    if measured - receipt.utc > _FUTURE_TOLERANCE:
        return _undated(DeviceClaim(None, faulty=True, stored=claim.stored), receipt, offset, zone)
    uncertainty = _FIX_UNCERTAINTY + _slack(receipt)
    return HonestTime(measured.astimezone(zone), "device", offset, uncertainty, _origin(claim, measured, receipt))


def _by_agreement(time: datetime, claim: DeviceClaim, receipt: Moment, zone: ZoneInfo) -> HonestTime:
    # In the hour that comes twice, and in the one that never comes, the nearest meaning; shown as the zone shows it.
    meanings = [time.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    measured = min(meanings, key=lambda instant: abs(instant - receipt.utc))
    if abs(measured - receipt.utc) > _AGREEMENT:
        return HonestTime(None, "none", None, None, "stored" if claim.stored else "live")
    uncertainty = Decimal(int(_AGREEMENT.total_seconds()))
    return HonestTime(measured.astimezone(zone), "device", None, uncertainty, _origin(claim, measured, receipt))


def _origin(claim: DeviceClaim, measured: datetime, receipt: Moment) -> Literal["live", "stored"]:
    if claim.stored is not None:
        return "stored" if claim.stored else "live"
    return "stored" if receipt.utc - measured > _AGREEMENT else "live"


def _slack(receipt: Moment) -> Decimal:
    return hub_doubt_s(receipt.hub_clock)
