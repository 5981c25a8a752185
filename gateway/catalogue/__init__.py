"""The one message catalogue: what coordinators and installers read, in English and bokmål.

A sentence is found by a stable key (an error's `reason`, a health code, a CLI text). Each area has a file with its own
table `TEXTS`; `say` looks through all of them. Sentences name the cause first, then the next step.
"""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from gateway.catalogue.text import Language, Text

__all__ = ["Language", "Text", "all_texts", "say"]

_texts: dict[str, Text] = {}


def all_texts() -> Mapping[str, Text]:
    """Every sentence, by key; read once, when the first is wanted. A key in two areas is a programming error."""
    if not _texts:
        for area in sorted(m.name for m in iter_modules(__path__) if m.name != "text"):
            table: Mapping[str, Text] = import_module(f"{__name__}.{area}").TEXTS
            twice = _texts.keys() & table.keys()
            if twice:
                raise ValueError(f"{area} repeats {sorted(twice)}")
            _texts.update(table)
    return _texts


def say(key: str, language: Language, params: Mapping[str, object] | None = None) -> str:
    """The sentence for `key`; the key itself where the catalogue has none, so that nothing is ever hidden."""
    text = all_texts().get(key)
    if text is None:
        return key
    sentence = text.nb if language == "nb" else text.en
    return sentence.format_map(_Params(params or {}))


class _Params(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"
