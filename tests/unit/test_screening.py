"""The guard: what points to a person does not go out, wherever it stands; all that the hub says by itself does."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.screening import screen
from tests.readings import reading

TOPIC = "dho/1/skien/hub-0042/event/swap"
CANARIES = [
    "13717404089",
    "137174 04089",
    "kari@skien.kommune.no",
    "+47 912 34 567",
    "Storgata 5",
    "12.03.1948",
]


def encoded(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


@given(
    st.sampled_from(CANARIES),
    st.recursive(
        st.just("CANARY"),
        lambda inner: (
            st.lists(inner, min_size=1, max_size=2)
            | st.dictionaries(st.sampled_from(["reason", "detail", "x"]), inner, min_size=1)
        ),
    ),
)
def test_a_canary_is_found_wherever_it_stands(canary: str, shape: Any) -> None:
    payload = encoded(shape).replace(b"CANARY", canary.encode())
    assert screen(TOPIC, payload) is not None


def test_a_finding_names_the_place_and_the_kind_but_not_the_text() -> None:
    document = {"device": {"codes": ["ok", "hos Kari, 13717404089"]}}
    assert screen(TOPIC, encoded(document)) == "device.codes[1]: national-number"
    assert screen(TOPIC, encoded("13717404089")) == "payload: national-number"
    assert screen(TOPIC, encoded({"13717404089": 1})) == "payload: national-number"
    assert screen(TOPIC, encoded({"held": {"13717404089": 1}})) == "held: national-number"


def test_a_topic_is_looked_through_too() -> None:
    assert screen("dho/1/skien/hub-0042/command/ping/91234567", b"") == "topic: phone-number"


def test_what_is_no_json_is_looked_through_as_it_stands() -> None:
    assert screen(TOPIC, b"to 13717404089 \xff") == "payload: national-number"
    assert screen(TOPIC, b"") is None


def test_values_are_measurements_and_pass() -> None:
    assert screen(TOPIC, encoded({"values": [{"value": "13717404089"}]})) is None


@pytest.mark.parametrize("name", ["firmware", "model", "kernel"])
def test_what_devices_and_systems_say_of_themselves_may_be_long_numbers_but_no_national_number(name: str) -> None:
    assert screen(TOPIC, encoded({name: "20210412"})) is None
    assert screen(TOPIC, encoded({name: "13717404089"})) == f"{name}: national-number"


def test_seconds_between_clocks_are_no_telephone_number() -> None:
    assert screen(TOPIC, encoded({"time": {"offset_s": "31536000"}})) is None
    assert screen(TOPIC, encoded({"time": {"offset_s": "ring 31536000"}})) == "time.offset_s: phone-number"


@given(st.uuids())
def test_readings_pass(number: object) -> None:
    wire = reading().changed(id=str(number), assignment="asg-9f2c7b").wire(1842)
    assert screen("dho/1/skien/hub-0042/reading/weight", wire.encode()) is None
