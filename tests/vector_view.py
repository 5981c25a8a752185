"""Compares what a decoder gives with what a vector expects, key by key.

A vector's `expect` names only what it wants compared. Keys of a measurement: `kind`, `status`, `flags`, `record`,
`user_id`, `stored`, `failed`, `time_fault`, `device_time`, every value by its type with underscores (`pulse_rate`:
decimal as a string, null for absent, or the word of a special float), any key of `detail`, and the names of `VIEWS`.
A key that nothing knows is a failure: a misspelt expectation must not pass.
"""

import dataclasses
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from drivers.api import Measurement, Sample

Expect = Mapping[str, Any]

_ALIASES = {
    "user_id": "user",
    "sequence": "record",
    "body_fat_percent": "body_fat",
    "basal_metabolism_kJ": "basal_metabolism",
    "muscle_percent": "muscle_percentage",
    "impedance_ohm": "impedance",
    "energy_kJ": "energy_expended",
    "mg_per_dL": "glucose",
}


def compare(got: object, expect: Expect | None) -> None:
    """Asserts that what was decoded is what was expected."""
    if expect is None or got is None:
        assert got is expect
        return
    for key, wanted in expect.items():
        if isinstance(got, Measurement):
            _compare_measurement(got, key, wanted)
        else:
            known = _facts(got)
            assert key in known, f"nothing tells {key}"
            assert plain(known[key]) == plain(wanted), key


def _facts(got: Any) -> dict[str, object]:
    known = dict(got) if isinstance(got, Mapping) else dataclasses.asdict(got)
    return dict.fromkeys((str(name).replace("-", "_") for name in known.get("features", ())), True) | known


def plain(value: object) -> object:
    """A form in which vectors and decoders can be compared: hyphens for underscores in words, lists for tuples."""
    if isinstance(value, str):
        return value.replace("_", "-")
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, Decimal) else value


def _compare_measurement(got: Measurement, key: str, wanted: Any) -> None:
    name = _ALIASES.get(key, key)
    samples = [s for s in got.samples if s.quantity.type == name.replace("_", "-")]
    if name in VIEWS:
        assert plain(VIEWS[name](got, wanted)) == plain(wanted), key
    elif samples:
        wanted_values = wanted if isinstance(wanted, list) else [wanted]
        assert [_told(got, s) for s in samples] == [_number(w) for w in wanted_values], key
    elif wanted is None:
        assert got.detail.get(key) is None, key
    else:
        assert key in got.detail, f"nothing tells {key}"
        assert plain(got.detail[key]) == plain(wanted), key


def _told(got: Measurement, sample: Sample) -> object:
    if isinstance(sample.value, Decimal):
        return sample.value.as_tuple()
    specials = got.detail.get("specials", {})
    assert isinstance(specials, Mapping)
    return specials.get(sample.quantity.type)


def _number(wanted: object) -> object:
    if wanted is None or str(wanted).strip("+-")[:1].isalpha():
        return wanted
    return Decimal(str(wanted)).as_tuple()


def _unit(type_: str | None) -> Callable[[Measurement, Any], object]:
    def view(got: Measurement, wanted: Any) -> object:
        return next(s.quantity.unit for s in got.samples if type_ in (None, s.quantity.type))

    return view


def _told_time(got: Measurement, wanted: Any) -> object:
    """The time as told, whole or in parts; None where the device's time is no possible one."""
    if wanted is None:
        return got.device_time
    told = got.detail.get("time_told")
    if isinstance(wanted, Mapping):
        assert got.device_time is None
        assert got.time_fault == "date-unknown"
        parts = [wanted.get(key) or 0 for key in ("year", "month", "day", "hour", "minute", "second")]
        assert told == "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}".format(*parts)
        return wanted
    if got.time_fault is None:
        assert got.device_time is not None
        assert got.device_time.isoformat() == wanted
    return told


def _trailing(got: Measurement, wanted: Any) -> object:
    raw = got.detail["trailing_bytes"]
    assert isinstance(raw, str)
    return len(raw) // 2 if isinstance(wanted, int) else raw


VIEWS: Mapping[str, Callable[[Measurement, Any], object]] = {
    "kind": lambda got, _: got.kind,
    "status": lambda got, wanted: got.detail["status_bits"] if isinstance(wanted, list) else got.status,
    "flags": lambda got, _: got.flags,
    "record": lambda got, _: got.record,
    "user": lambda got, _: got.user,
    "stored": lambda got, _: got.stored,
    "failed": lambda got, _: got.failed,
    "time_fault": lambda got, _: got.time_fault,
    "time_raw": lambda got, _: got.time_raw,
    "device_time": lambda got, _: got.device_time and got.device_time.isoformat(),
    "types": lambda got, _: [s.quantity.type for s in got.samples],
    "mdc": lambda got, _: [s.quantity.mdc for s in got.samples],
    "unit": _unit(None),
    "units": lambda got, _: [s.quantity.unit for s in got.samples],
    "height_unit": _unit("height"),
    "timestamp": _told_time,
    "timestamp_invalid": lambda got, _: got.time_fault == "impossible-date" and got.device_time is None,
    "device_clock_not_set": lambda got, _: got.time_fault == "clock-not-set",
    "measurement_unsuccessful": lambda got, _: got.failed is not None,
    "trailing_bytes": _trailing,
}
