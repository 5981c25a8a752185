"""Names that hold: the same act always has the same id, another act never; nothing of a device can be read in them."""

import re
import uuid

from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.identity import device_ref, reading_id, receipt_key

KEY = b"k" * 32
REF = "dev-3f9c21aa0b11"


def test_the_same_act_has_the_same_id_for_ever() -> None:
    # Written down: a change of the rule would rename every reading that receivers already have.
    assert reading_id(KEY, REF, "weight", "2026|7|weight=82.40kg") == "ff827634-d470-804c-9a1f-b6f7e187ab7b"
    assert device_ref(KEY, "aa:bb:cc:dd:ee:ff") == "dev-e0f9ec18171e"


def test_an_id_is_a_uuid_of_version_8() -> None:
    made = uuid.UUID(reading_id(KEY, REF, "weight", "x"))
    assert (made.version, made.variant) == (8, uuid.RFC_4122)


words = st.text(max_size=12)


@given(st.tuples(words, words, words), st.tuples(words, words, words))
def test_different_acts_have_different_ids(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assume(one != other)
    assert reading_id(KEY, *one) != reading_id(KEY, *other)


def test_parts_cannot_run_into_each_other() -> None:
    assert reading_id(KEY, "ab", "c", "") != reading_id(KEY, "a", "bc", "")


def test_another_hub_s_key_gives_other_names() -> None:
    assert reading_id(KEY, REF, "weight", "x") != reading_id(b"o" * 32, REF, "weight", "x")
    assert device_ref(KEY, "AA:BB:CC:DD:EE:FF") != device_ref(b"o" * 32, "AA:BB:CC:DD:EE:FF")


def test_a_device_s_reference_does_not_depend_on_how_its_address_is_written_and_does_not_show_it() -> None:
    ref = device_ref(KEY, "aa:bb:cc:dd:ee:ff")
    assert ref == device_ref(KEY, "AA:BB:CC:DD:EE:FF")
    assert re.fullmatch(r"dev-[0-9a-f]{12}", ref)
    assert "aabbccddeeff" not in ref


def test_acts_a_microsecond_apart_or_in_different_boots_have_different_receipt_keys() -> None:
    keys = {receipt_key("boot-a", 12.000001), receipt_key("boot-a", 12.000002), receipt_key("boot-b", 12.000001)}
    assert len(keys) == 3
