"""Which parts belong to one weighing: a weight, its body composition, and the further packets of that."""

from dataclasses import replace

from drivers.api import Measurement

WAIT_S = 5.0
# A composition follows its weight, and a second packet the first, when the scale has measured on.
MORE_S = 2.0


def join(first: Measurement, second: Measurement) -> Measurement | None:
    """The whole of two parts of one act: of one user, of one time where both tell it, without two different weights."""
    if first.failed or second.failed or not _may_pair(first, second):
        return None
    users, times = {first.user, second.user} - {None}, {first.time_raw, second.time_raw} - {""}
    weights = {s.value for m in (first, second) for s in m.samples if s.quantity.type == "weight"}
    if max(len(users), len(times), len(weights)) > 1:
        return None
    return _joined(second, first) if second.kind == "weight" else _joined(first, second)


def open_act(found: Measurement) -> bool:
    """Whether more parts may follow: a weight waits for its composition, a composition for its weight."""
    alone = found.kind != "weight" or "composition" not in found.detail
    return found.failed is None and (alone or bool(found.detail.get("multiple_packet")))


def open_composition(found: Measurement) -> bool:
    """Whether more packets may follow from a device that sends no weight of its own."""
    return found.failed is None and bool(found.detail.get("multiple_packet"))


def _may_pair(first: Measurement, second: Measurement) -> bool:
    if first.kind == second.kind:
        return first.kind != "weight" and bool(first.detail.get("multiple_packet"))
    weight = first if first.kind == "weight" else second
    return "composition" not in weight.detail or bool(weight.detail.get("multiple_packet"))


def _joined(base: Measurement, part: Measurement) -> Measurement:
    types = {s.quantity.type for s in base.samples}
    timed = base if base.time_raw else part
    return replace(
        base,
        samples=base.samples + tuple(s for s in part.samples if s.quantity.type not in types),
        device_time=timed.device_time,
        time_raw=timed.time_raw,
        time_fault=timed.time_fault,
        user=part.user if base.user is None else base.user,
        status="questionable" if "questionable" in (base.status, part.status) else base.status,
        flags=tuple(dict.fromkeys(base.flags + part.flags)),
        detail={
            **base.detail,
            "composition": part.detail,
            "multiple_packet": bool(part.detail.get("multiple_packet")),
        },
    )
