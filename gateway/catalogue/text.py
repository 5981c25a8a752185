"""One sentence in both languages."""

from typing import Literal, NamedTuple

Language = Literal["en", "nb"]


class Text(NamedTuple):
    """One sentence in both languages; `{name}` marks a parameter."""

    en: str
    nb: str
