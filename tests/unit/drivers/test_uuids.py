"""UUIDs as people write them."""

import pytest

from drivers.uuids import full, normal


@pytest.mark.parametrize(
    "text", ["2A35", "0x2a35", " 2a35 ", full(0x2A35), full(0x2A35).upper(), "00002a3500001000800000805f9b34fb"]
)
def test_any_way_of_writing_a_uuid_is_one_uuid(text: str) -> None:
    assert normal(text) == "00002a35-0000-1000-8000-00805f9b34fb"


@pytest.mark.parametrize("text", ["", "2A3", "2A3G", "00002a35-0000-1000-8000-00805f9b34f", "g" * 32])
def test_what_is_no_uuid_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"UUID|invalid literal"):
        normal(text)
