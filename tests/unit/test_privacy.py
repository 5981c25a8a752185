"""What points to a person is recognised, wherever a person, a device or a machine wrote it; what does not, passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.privacy import Finding, in_foreign, in_identifier, in_text, is_national_number, masked, person_free

WEIGHTS = ((3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2))


def national_number(first_nine: str) -> str | None:
    """The nine digits with their two check digits, worked out as Skatteetaten describes; None where there are none."""
    number = first_nine
    for weights in WEIGHTS:
        check = -sum(w * int(d) for w, d in zip(weights, number, strict=True)) % 11
        if check == 10:
            return None
        number += str(check)
    return number


days = st.integers(1, 31).flatmap(lambda d: st.sampled_from([d, d + 40]))  # birth number, D-number
numbers = (
    st.builds(lambda d, rest: national_number(f"{d:02}{rest:07}"), days, st.integers(0, 9_999_999))
    .filter(bool)
    .map(str)
)
gaps = st.lists(st.sampled_from(["", "", " ", ".", "-", "\u00a0", "\u200b"]), min_size=10, max_size=10)
around = st.sampled_from(["", " ", "asg-", "for ", "(", "fnr:", "æ "])


@given(numbers, gaps, around)
def test_a_national_number_is_found_however_it_is_spaced(number: str, spaces: list[str], before: str) -> None:
    text = before + "".join(d + gap for d, gap in zip(number, [*spaces, ""], strict=True))
    for rule in (in_text, in_identifier, in_foreign):
        found = rule(text)
        assert found is not None
        assert found.what == "national-number"


@given(st.from_regex(r"\A[0-9]{6} ?[0-9]{5}\Z"))
def test_any_eleven_digits_count_where_a_person_writes_and_are_taken_out_of_the_log(text: str) -> None:
    assert in_text(f"til {text}.") == Finding("national-number", 4)
    assert masked(f"til {text}.", "[redacted]") == "til [redacted]."


@given(st.from_regex(r"\A[0-9]{11}\Z").filter(lambda t: not is_national_number(t)))
def test_the_long_numbers_of_devices_pass(text: str) -> None:
    assert in_foreign(f"firmware {text}") is None


def test_a_number_of_an_official_test_person_is_known_though_its_month_is_71() -> None:
    assert is_national_number("13717404089")
    assert not is_national_number("13717404080")
    assert not is_national_number("99717404089")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("91234567", "phone-number"),
        ("ring 912 34 567 i morgen", "phone-number"),
        ("91 23 45 67", "phone-number"),
        ("+47 91 23 45 67", "phone-number"),
        ("+4791234567", "phone-number"),
        ("0047 91234567", "phone-number"),
        ("post: kari@skien.kommune.no", "e-mail-address"),
        ("Storgata 5", "street-address"),
        ("i Kong Oscars gate 12B", "street-address"),
        ("Aasens vei 3", "street-address"),
        ("3724 Skien", "street-address"),
        ("leilighet H0201", "street-address"),
        ("født 12.03.1948", "birth-date"),
        ("1948-03-12", "birth-date"),
        ("59.2096, 9.6090", "position"),
        ("N 59.2096 Ø 9.6090", "position"),
    ],
)
def test_other_ways_to_point_to_a_person_are_found_in_what_a_person_writes(text: str, what: str) -> None:
    found = in_text(text)
    assert found is not None
    assert found.what == what


@given(st.from_regex(r"\A[0-9]{6}[ .-]?[0-9]{5}\Z"), st.sampled_from(["fnr", "x", "hos"]))
def test_letters_around_it_hide_no_number_that_a_person_chose(text: str, before: str) -> None:
    found = in_identifier(f"{before}{text}b")
    assert found is not None
    assert found.what == "national-number"


@given(st.from_regex(r"\A[0-9]{11}\Z"))
def test_of_what_a_device_says_of_itself_no_eleven_digits_are_told(text: str) -> None:
    """Valid or not: which ones are valid will change."""
    facts = {"firmware": f"build {text}", "model": "V1.2 2026-01-12", "battery": 80}
    assert person_free(facts) == {"model": "V1.2 2026-01-12", "battery": 80}
    assert person_free({"serial": text}) == ({} if is_national_number(text) else {"serial": text})


@pytest.mark.parametrize(
    "name",
    [
        "Kari Nordmann", "Ola N. Nordmann", "Bjørnstjerne Bjørnson", "vekt til Anne Marie", "KARI NORDMANN",
        "ÅSE M. BØE", "vekt til ANNE-MARIE LIE",
    ],
)  # fmt: skip
def test_a_name_is_found_where_an_identifier_is_wanted_but_a_sentence_may_begin_with_two_capitals(name: str) -> None:
    found = in_identifier(name)
    assert found is not None
    assert found.what == "person-name"
    assert in_text(name) is None


@pytest.mark.parametrize(
    "text",
    [
        "stuevekt", "mansjett 2", "Stue vekt", "UA-651BLE", "hub-0042", "hub-20", "asg-9f2c7b", "dev-3f9c21aa0b11",
        "byttet 12.01.2026 kl. 07.41", "flyttet til sykehjem", "etter 14 dager", "e-5112345678", "V1.2.3",
        "2026-01-12T07:41:15.204+01:00", "forsøkt 3 ganger, 120 sekunder", "", "ny USB kabel", "KOLS", "BLE LE vekt",
    ],
)  # fmt: skip
def test_ordinary_words_pass(text: str) -> None:
    assert in_identifier(text) is None


@given(st.uuids(), st.binary(min_size=6, max_size=6), st.binary(min_size=5, max_size=5))
def test_names_that_the_hub_makes_never_look_like_a_national_number(
    reading: object, device: bytes, epoch: bytes
) -> None:
    text = f"{reading} dev-{device.hex()} e-{epoch.hex()}"
    assert masked(text, "x") == text


@given(st.binary(min_size=16, max_size=16))
def test_names_that_are_drawn_by_chance_are_no_numbers_of_persons(drawn: bytes) -> None:
    assert in_identifier(drawn.hex()) is None
    assert in_identifier("a1b12345678901cd") is None


@given(st.text(max_size=60))
def test_any_text_is_judged_without_a_fault_and_the_place_lies_in_it(text: str) -> None:
    for rule in (in_identifier, in_foreign):
        found = rule(text)
        assert found is None or found.at >= 0
    assert isinstance(masked(text, "x"), str)
