"""Texts on the card: back as they were, small, and never taken for what they are not."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RefusedError
from gateway.store.packing import pack, unpack
from tests.readings import reading


@given(st.text())
def test_every_text_comes_back_as_it_was(text: str) -> None:
    assert unpack(pack(text)) == text


def test_a_reading_takes_less_than_a_third_of_its_text() -> None:
    text = reading("one").wire(1842)
    assert len(pack(text)) < len(text) / 3


def test_what_was_packed_once_is_read_for_ever() -> None:
    """The words that texts are packed with are fixed: bytes from a card written by an earlier program."""
    packed = bytes.fromhex(PACKED)
    assert json.loads(unpack(packed))["values"] == [{"type": "weight", "mdc": 188736, "value": "82.40", "unit": "kg"}]


@given(place=st.integers(0, len(pack(reading("one").wire(1))) - 1), bit=st.integers(0, 7))
def test_bits_that_have_rotted_never_make_another_text(place: int, bit: int) -> None:
    text = reading("one").wire(1)
    rotted = bytearray(pack(text))
    rotted[place] ^= 1 << bit
    found = None
    with suppress(RefusedError):
        found = unpack(bytes(rotted))
    # A bit that fills up the last byte says nothing.
    assert found in (None, text)


def test_a_text_that_is_cut_short_is_noticed() -> None:
    with pytest.raises(RefusedError, match="store-damaged"):
        unpack(pack("whole")[:-2])
    with pytest.raises(RefusedError, match="store-damaged"):
        unpack(b"")


PACKED = "48a8d41759432314d3068616e0ca1152115a202a424323636021686e6199988496104c8cc8f1b9919e890199beaf0500fa0a38a8"
