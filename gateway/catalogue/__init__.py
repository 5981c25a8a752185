"""The one message catalogue: what coordinators and installers read, in English and bokmål.

A sentence is found by a stable key (an error's `reason`, a health code, a CLI text). Each area has a file with its own
table; this module joins them. Sentences name the cause first, then the next step.
"""

from typing import Literal, NamedTuple

Language = Literal["en", "nb"]


class Text(NamedTuple):
    """One sentence in both languages; `{name}` marks a parameter."""

    en: str
    nb: str
