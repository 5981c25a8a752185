"""The receiver's word: understood as the contract says, or refused with a reason; never half."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ack import Ack, BadAckError, parse_ack, runs

EPOCH = "e-51c0a2"


def ack(**changes: Any) -> bytes:
    table = {"schema": "dho.ack/1", "epoch": EPOCH, "through": 1829, **changes}
    return json.dumps({key: value for key, value in table.items() if value is not ...}).encode()


def test_the_contract_s_example_is_understood() -> None:
    payload = b'{"schema":"dho.ack/1","epoch":"e-51c0a2","through":1829,"also":[[1831,1842]],"resend":[[1830,1830]]}'
    assert parse_ack(payload, EPOCH, 1842) == Ack(((1, 1829), (1831, 1842)), ((1830, 1830),))


def test_also_and_resend_are_optional_and_through_may_be_nothing() -> None:
    assert parse_ack(ack(through=0), EPOCH, 0) == Ack((), ())


def test_keys_it_does_not_know_are_ignored() -> None:
    assert parse_ack(ack(through=1, news="yes"), EPOCH, 1) == Ack(((1, 1),), ())


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"1" * 5000, "not JSON"),
        (b"[]", "not a dho.ack/1"),
        (ack(schema="dho.ack/2"), "not a dho.ack/1"),
        (ack(epoch="e-000000"), "another epoch"),
        (ack(epoch=...), "another epoch"),
        (ack(through=...), "through is no place"),
        (ack(through=1843), "through is no place"),
        (ack(through=-1), "through is no place"),
        (ack(through=True), "through is no place"),
        (ack(through=3.0), "through is no place"),
        (ack(through="3"), "through is no place"),
        (ack(also={}), "also is not a list"),
        (ack(also=None), "also is not a list"),
        (ack(also=[[1, 1]] * 10_001), "also is not a list"),
        (ack(also=[3]), "also holds something"),
        (ack(also=[[1]]), "also holds something"),
        (ack(also=[[2, 1]]), "also names places"),
        (ack(also=[[0, 1]]), "also names places"),
        (ack(resend=[[1, 1843]]), "resend names places"),
        (ack(resend=[[1, True]]), "resend names places"),
    ],
)
def test_an_ack_that_is_wrong_is_refused_whole_with_its_reason(payload: bytes, why: str) -> None:
    with pytest.raises(BadAckError, match=why):
        parse_ack(payload, EPOCH, 1842)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=5), children, max_size=4),
    max_leaves=10,
)


@given(json_values, json_values, json_values, st.integers(0, 50))
def test_whatever_is_sent_only_places_that_were_given_come_out(
    through: object, also: object, resend: object, last: int
) -> None:
    try:
        found = parse_ack(ack(through=through, also=also, resend=resend), EPOCH, last)
    except BadAckError:
        return
    for low, high in (*found.confirmed, *found.resend):
        assert 1 <= low <= high <= last


@given(st.binary(max_size=60))
def test_any_bytes_are_an_ack_or_refused(payload: bytes) -> None:
    with pytest.raises(BadAckError):
        parse_ack(payload, EPOCH, 10)


def test_places_make_ranges_in_order_whatever_the_order_they_came_in() -> None:
    assert runs([]) == []
    assert runs([5, 1, 2, 3, 7, 6, 2]) == [(1, 3), (5, 7)]
