"""Nothing that points to a person comes in, and nothing goes out: the rules by which it is recognised. Pure.

Three measures, by who wrote the text: a person where an identifier is wanted (`in_identifier`), a person in a sentence
(`in_text`), a device or another machine (`in_foreign`). A finding says what and where, never the text itself.

Any eleven digits in one piece, or six and five, count as a national number, valid or not: which months and check digits
are valid differs between kinds of number (birth number, D-number, help number, synthetic) and will change. Digits in
other groups count only if the check digits fit (Skatteetaten, "Fødselsnummer": weights 3 7 6 1 8 9 4 5 2 and
5 4 3 2 7 6 5 4 3 2, modulo 11).
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

What = Literal[
    "national-number", "phone-number", "e-mail-address", "street-address", "birth-date", "position", "person-name"
]

_UPPER, _LOWER = "A-ZÆØÅÄÖÁČĐŊŠŦŽ", "a-zæøåäöáčđŋšŧžéèêóòôüñ"
# Not inside a word: identifiers made of hexadecimal digits are longer or shorter pieces, and never hit.
_BEGIN, _END = r"(?<![^\W_])", r"(?![^\W_])"
_GAP = r"[ .\-/]"

_WHOLE_NUMBER = re.compile(rf"{_BEGIN}\d{{6}}{_GAP}?\d{{5}}{_END}")
# A word may stand before it where a person chose the text (`fnr13717404089`), but no hexadecimal digits.
_CHOSEN_NUMBER = re.compile(rf"[^\W\d_a-fA-F][^\W\d_]{{0,12}}[_:]?\d{{6}}{_GAP}?\d{{5}}(?!\d)")
_GROUPED_NUMBER = re.compile(rf"{_BEGIN}(?:\d{_GAP}?){{10}}\d{_END}")
_PHONE = re.compile(
    rf"(?:\+|{_BEGIN}00)47 ?(?:\d ?){{7}}\d{_END}"
    rf"|{_BEGIN}(?:[2-9]\d{{7}}|[2-9]\d \d\d \d\d \d\d|[2-9]\d\d \d\d \d\d\d){_END}"
)
_E_MAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\W\d_]{2,}")
_STREET_ENDINGS = (
    "veien vegen vei veg gata gaten gate alleen allé alle plassen plass bakken bakke stien svingen tunet lia åsen "
    "kroken løkka brygga kaia haugen toppen ringen"
).replace(" ", "|")
_STREET = re.compile(
    rf"{_BEGIN}[{_UPPER}][{_UPPER}{_LOWER}.' -]{{0,40}}?(?:{_STREET_ENDINGS}) ?\d{{1,3}} ?[A-Za-z]?{_END}"
    rf"|{_BEGIN}\d{{4}} [{_UPPER}][{_LOWER}]{{2,}}{_END}"
    rf"|{_BEGIN}[HKLU]0\d{{3}}{_END}"
)
# Dates of our own days are no birth dates of those who are followed up at home.
_BIRTH_DATE = re.compile(
    rf"{_BEGIN}(?:\d{{1,2}}[./-]\d{{1,2}}[./-](?:19\d\d|20[01]\d)|(?:19\d\d|20[01]\d)[./-]\d{{2}}[./-]\d{{2}}){_END}"
)
_POSITION = re.compile(r"(?<![\d.])[5-8]\d\.\d{3,}\s*[NØ°]?[,;/ ]\s*\d{1,2}\.\d{3,}")
_NAME = re.compile(
    rf"{_BEGIN}[{_UPPER}][{_LOWER}'-]+ (?:[{_UPPER}]\.? )?[{_UPPER}][{_UPPER}{_LOWER}'-]*[{_LOWER}]{_END}"
    rf"|{_BEGIN}[{_UPPER}'-]{{3,}} (?:[{_UPPER}]\.? )?[{_UPPER}'-]{{3,}}{_END}"
)

_FIRST_WEIGHTS = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_SECOND_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)


class Finding(NamedTuple):
    """What stands in a text that must not, and at which character."""

    what: What
    at: int


_Rule = Callable[[str], "Finding | None"]


def in_identifier(text: str) -> Finding | None:
    """The first that must not stand in a name or an id that a person chose, names of persons among it.

    A name in small letters is not told from other words.
    """
    plain = _plain(text)
    number = _found("national-number", _CHOSEN_NUMBER.search(plain))
    return in_text(text) or number or _found("person-name", _NAME.search(plain))


def in_text(text: str) -> Finding | None:
    """The first that must not stand in a sentence that a person wrote."""
    plain = _plain(text)
    rules: tuple[tuple[What, re.Pattern[str]], ...] = (
        ("e-mail-address", _E_MAIL),
        ("phone-number", _PHONE),
        ("street-address", _STREET),
        ("birth-date", _BIRTH_DATE),
        ("position", _POSITION),
    )
    hits = (_found(what, pattern.search(plain)) for what, pattern in rules)
    number = _found("national-number", _WHOLE_NUMBER.search(plain)) or _grouped(plain)
    return number or next((hit for hit in hits if hit), None)


def in_foreign(text: str) -> Finding | None:
    """The first that must not stand in what a device or another machine says, where long numbers are ordinary."""
    plain = _plain(text)
    return _grouped(plain) or _found("e-mail-address", _E_MAIL.search(plain))


def person_free(facts: Mapping[str, object]) -> dict[str, object]:
    """What a device says of itself, without what points to a person; any eleven digits do, but in its serial number,
    which stays on the hub."""
    return {name: value for name, value in facts.items() if not (isinstance(value, str) and _in_fact(name, value))}


def _in_fact(name: str, text: str) -> Finding | None:
    whole = None if name == "serial" else _found("national-number", _WHOLE_NUMBER.search(_plain(text)))
    return whole or in_foreign(text)


def masked(text: str, mask: str) -> str:
    """The text with national numbers, valid or not, and e-mail addresses taken out."""
    return _E_MAIL.sub(mask, _WHOLE_NUMBER.sub(mask, text))


def is_national_number(digits: str) -> bool:
    """Whether eleven digits have a possible day and the check digits of a national number."""
    numbers = [int(digit) for digit in digits]
    day = 10 * numbers[0] + numbers[1]
    if not (1 <= day <= 31 or 41 <= day <= 71):
        return False
    return not any(
        sum(w * n for w, n in zip(weights, numbers, strict=False)) % 11 for weights in (_FIRST_WEIGHTS, _SECOND_WEIGHTS)
    )


def _grouped(plain: str) -> Finding | None:
    for match in _GROUPED_NUMBER.finditer(plain):
        if is_national_number("".join(c for c in match.group() if c.isdecimal())):
            return Finding("national-number", match.start())
    return None


def _found(what: What, match: re.Match[str] | None) -> Finding | None:
    return None if match is None else Finding(what, match.start())


def _plain(text: str) -> str:
    """The text as it is read: other forms of digits and letters made ordinary, invisible characters gone."""
    if text.isascii():
        return text
    seen = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return re.sub(r"\s", " ", seen)
