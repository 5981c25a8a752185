"""Who is connected to next: one connection at a time, first to whom will leave first.

Pure: it is told the time. It keeps one record per listed device and nothing of any other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.errors import GatewayError, RefusedError
from gateway.transport.ble.errors import BUSY, GONE, NEEDS_PAIRING_AGAIN
from gateway.transport.ble.limits import Limits

Sighting = TypeVar("Sighting")

# The handle is void: only a new advertisement gives another.
_HANDLE_LOST = frozenset({GONE, BUSY})


@dataclass(slots=True)
class _Record(Generic[Sighting]):
    sighting: Sighting | None = None
    first: float = 0.0
    last: float = 0.0
    deaf_until: float = float("-inf")
    waits_until: float = float("-inf")
    failures: int = 0
    busy: bool = False


class ContactQueue(Generic[Sighting]):
    """The listed devices that are heard and wait to be connected to. Times are monotonic seconds."""

    def __init__(self, addresses: Iterable[str], limits: Limits) -> None:
        self._limits = limits
        self._records: dict[str, _Record[Sighting]] = {a: _Record() for a in addresses}

    def heard(self, address: str, sighting: Sighting, now: float) -> None:
        """A listed device advertises. Repeats are one entry; what is heard during or just after a contact is none."""
        record = self._records.get(address)
        if record is None or record.busy or now < record.deaf_until:
            return
        if record.sighting is None:
            record.first = now
        record.sighting, record.last = sighting, now

    def take(self, now: float) -> tuple[str, Sighting] | None:
        """The device to serve now, if any: of those that may be served, the one that has waited longest."""
        ready = self._ready(now)
        if not ready:
            return None
        _first, address, sighting = min(ready, key=lambda entry: entry[:2])
        self._records[address].busy = True
        return address, sighting

    def finished(self, address: str, error: GatewayError | None, now: float, reached: bool = False) -> None:
        """The device taken is served (None), or was not: it goes behind the others, and is tried again in a while.

        One that was `reached` must be heard again first: it may well have nothing more to say.
        """
        record, limits = self._records[address], self._limits
        record.busy = False
        if error is None:
            record.failures, record.sighting = 0, None
            record.deaf_until = now + limits.hold_off_s
            return
        record.failures += 1
        record.first = now
        record.deaf_until = now + limits.linger_s
        record.waits_until = now + self._retry_s(record.failures, error)
        if reached or error.reason in _HANDLE_LOST:
            record.sighting = None

    def seconds(self, now: float) -> float | None:
        """How long until `take` may give a device without another being heard; None: not before."""
        waits = [r.waits_until - now for r in self._records.values() if r.sighting is not None and not r.busy]
        return max(0.0, min(waits)) if waits else None

    def others(self, address: str, now: float) -> bool:
        """Whether another device waits and may be served."""
        return any(a != address for _first, a, _sighting in self._ready(now))

    def pardon(self, address: str) -> None:
        """A device's failures are forgotten: a person is dealing with it."""
        record = self._records[address]
        record.failures = 0
        record.deaf_until = record.waits_until = float("-inf")

    def clear(self) -> None:
        """Every handle is void, and whatever stood in the way may be gone."""
        for record in self._records.values():
            record.sighting, record.failures = None, 0
            record.deaf_until = record.waits_until = float("-inf")

    def _retry_s(self, failures: int, error: GatewayError) -> float:
        limits = self._limits
        if error.reason == NEEDS_PAIRING_AGAIN:
            return limits.stale_bond.wait_s(failures, 0.0)
        if isinstance(error, RefusedError):
            return limits.refused.wait_s(failures, 0.0)
        if failures <= limits.quick_retries:
            return 0.0
        return limits.retry.wait_s(failures - limits.quick_retries, 0.0)

    def _ready(self, now: float) -> list[tuple[float, str, Sighting]]:
        self._drop_stale(now)
        return [
            (r.first, a, r.sighting)
            for a, r in self._records.items()
            if r.sighting is not None and not r.busy and now >= r.waits_until
        ]

    def _drop_stale(self, now: float) -> None:
        for record in self._records.values():
            if record.sighting is not None and not record.busy and now - record.last > self._limits.stale_s:
                record.sighting, record.failures = None, 0
