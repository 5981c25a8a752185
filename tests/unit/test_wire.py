"""Records hold only what their annotations say, and come back from JSON as they went."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import pytest

from gateway.reading import Reading
from gateway.wire import Record
from tests.readings import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Record):
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(Record):
    from_: str
    one: Literal["a", "b"] | None
    many: tuple[Part, ...]
    exact: Decimal
    at: datetime | None = None
    said: Literal[True] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Other(Record):
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed(Record):
    all: tuple[Part | Other, ...]


WHOLE: dict[str, Any] = {"from": "here", "one": None, "many": [{"number": 3}, {"number": 4}], "exact": "2.00"}


def test_a_record_comes_back_as_it_went() -> None:
    whole = Whole.from_table(WHOLE)
    assert whole == Whole(from_="here", one=None, many=(Part(number=3), Part(number=4)), exact=Decimal("2.00"))
    assert whole.table() == WHOLE
    assert Whole.from_text(whole.text()) == whole
    assert whole.text() == '{"from":"here","one":null,"many":[{"number":3},{"number":4}],"exact":"2.00"}'


def test_what_may_be_left_out_is_there_when_it_is_set() -> None:
    whole = Whole.from_table({**WHOLE, "one": "b", "at": "2026-01-12T07:41:12", "said": True})
    assert (whole.one, whole.at, whole.said) == ("b", datetime(2026, 1, 12, 7, 41, 12), True)  # noqa: DTZ001
    assert list(whole.table()) == ["from", "one", "many", "exact", "at", "said"]


@pytest.mark.parametrize(
    "changes",
    [
        {"from": 7},
        {"from": None},
        {"one": "c"},
        {"many": {"number": 3}},
        {"many": [3]},
        {"many": [{"number": True}]},
        {"many": [{"number": 3.0}]},
        {"many": [{"number": 3, "more": 1}]},
        {"many": [{}]},
        {"exact": 2.0},
        {"exact": "two"},
        {"exact": "NaN"},
        {"at": 12},
        {"at": "noon"},
        {"said": 1},
        {"said": False},
        {"more": 1},
    ],
)
def test_what_the_annotations_do_not_say_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"Whole|Part|Invalid isoformat"):
        Whole.from_table({**WHOLE, **changes})


def test_records_of_several_kinds_are_told_apart_by_what_fits() -> None:
    mixed = Mixed(all=(Other(word="a"), Part(number=3)))
    assert Mixed.from_text(mixed.text()) == mixed
    with pytest.raises(ValueError, match=r"none of the records"):
        Mixed.from_table({"all": [{"number": "3"}]})


@pytest.mark.parametrize("text", ["", "[]", "7", '{"schema":"dho.reading/1"}', "{"])
def test_a_text_that_is_no_reading_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Reading.from_text(text)


def test_a_change_is_checked_like_the_making() -> None:
    assert reading().changed(seq=7).seq == 7
    with pytest.raises(ValueError, match=r"Reading\.seq"):
        reading().changed(seq="7")


def test_of_several_records_the_one_that_fits_is_read_and_none_is_a_mistake() -> None:
    assert Mixed.from_table({"all": [{"word": "x"}, {"number": 1}]}) == Mixed(all=(Other(word="x"), Part(number=1)))
    with pytest.raises(ValueError, match="none of the records fits"):
        Mixed.from_table({"all": [{"letter": "x"}]})
