"""Whatever a hub sends is read, or refused with the place and the reason; nothing else can happen."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.receiver import messages
from gateway.receiver.messages import BadMessageError
from tests.unit.receiver.samples import EPOCH, HUB, ledger, reading, reading_id, void, wire

_MISSING = object()
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def _paths(table: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = table.items() if isinstance(table, dict) else enumerate(table) if isinstance(table, list) else ()
    return [path, *(deeper for key, value in items for deeper in _paths(value, (*path, key)))]


def _with(table: dict[str, Any], path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return None if value is _MISSING else value
    changed = copy.deepcopy(table)
    holder: Any = changed
    for key in path[:-1]:
        holder = holder[key]
    if value is _MISSING:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return changed


def test_the_contracts_reading_is_accepted() -> None:
    read = messages.parse_reading(wire(reading(7)), HUB, "weight")
    assert (read.id, read.hub, read.epoch, read.seq, read.kind) == (reading_id(7), HUB, EPOCH, 7, "weight")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_an_orderly_way(payload: bytes) -> None:
    for parse in (messages.parse_void, messages.parse_amend, messages.parse_ledger):
        with pytest.raises(BadMessageError):
            parse(payload)
    with pytest.raises(BadMessageError):
        messages.parse_reading(payload, HUB, "weight")


@given(st.sampled_from(_paths(reading(7))), json_values | st.just(_MISSING))
def test_any_change_to_a_reading_is_read_or_refused(path: tuple[Any, ...], value: Any) -> None:
    try:
        read = messages.parse_reading(wire(_with(reading(7), path, value)), HUB, "weight")
    except BadMessageError:
        return
    assert isinstance(read.seq, int)
    assert read.seq >= 1


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("schema",), "dho.reading/2", "schema"),
        (("id",), "7", "id"),
        (("hub",), "hub-0043", "hub"),
        (("seq",), 0, "seq"),
        (("seq",), True, "seq"),
        (("seq",), "7", "seq"),
        (("seq",), 2**60, "seq"),
        (("epoch",), "", "epoch"),
        (("device",), None, "device.ref"),
        (("device", "kind"), "blood-pressure", "device.kind"),
        (("device", "kind"), "step-count", "device.kind"),
        (("measured_at",), "2026-01-12T07:41:12", "measured_at"),
        (("measured_at",), "2026-02-30T07:41:12+01:00", "measured_at"),
        (("measured_at",), None, "measured_at"),
        (("time", "source"), "none", "measured_at"),
        (("received_at",), 12, "received_at"),
        (("origin",), ["live"], "origin"),
        (("values",), [], "values"),
        (("values", 0), 82, "values[0]"),
        (("values", 0, "unit"), _MISSING, "values[0].unit"),
        (("values", 0, "value"), 82.4, "values[0].value"),
        (("values", 0, "value"), "82,4", "values[0].value"),
        (("values", 0, "value"), "NaN", "values[0].value"),
        (("values", 0, "value"), None, "values[0].absent"),
        (("values", 0, "value"), _MISSING, "values[0].value"),
        (("quality", "flags"), [1], "quality.flags"),
        (("attribution", "status"), "guessed", "attribution.status"),
    ],
)
def test_each_mistake_is_named_with_its_place(path: tuple[Any, ...], value: Any, place: str) -> None:
    with pytest.raises(BadMessageError) as caught:
        messages.parse_reading(wire(_with(reading(7), path, value)), HUB, "weight")
    assert caught.value.place == place
    assert "82.4" not in str(caught.value)


def test_a_reading_without_time_and_a_value_that_is_none_are_accepted() -> None:
    document = _with(_with(reading(7), ("measured_at",), None), ("time", "source"), "none")
    document["values"] = [{"type": "body-weight", "value": None, "unit": "kg", "absent": "out-of-range"}]
    document["something-new"] = {"of": "a later version"}
    assert messages.parse_reading(wire(document), HUB, "weight").seq == 7


@pytest.mark.parametrize("text", ['{"schema": NaN}', "[" * 100_000, '"dho.reading/1"', ""])
def test_json_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadMessageError):
        messages.parse_reading(text.encode(), HUB, "weight")


def test_a_void_and_a_ledger_are_read_and_checked() -> None:
    read = messages.parse_void(void(3, 9))
    assert (read.epoch, read.first, read.last, read.reason) == (EPOCH, 3, 9, "refused")
    assert messages.parse_ledger(ledger(1, 9)).count == 9
    for parse, payload in ((messages.parse_void, void(9, 3)), (messages.parse_ledger, ledger(9, 3))):
        with pytest.raises(BadMessageError) as caught:
            parse(payload)
        assert caught.value.place in ("to", "count")


def test_a_ledger_of_absurd_length_is_refused() -> None:
    document = json.loads(ledger(1, 2)) | {"to": 2**50}
    with pytest.raises(BadMessageError, match="to"):
        messages.parse_ledger(wire(document))


def test_an_amend_is_read() -> None:
    document = {"schema": "dho.amend/1", "id": reading_id(3), "reason": "wrong-patient", "status": "withdrawn"}
    assert messages.parse_amend(wire(document)).status == "withdrawn"
