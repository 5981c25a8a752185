"""Every reason a person may meet has a sentence in both languages; nothing is ever hidden for want of one."""

import ast
from pathlib import Path

import pytest

from gateway import catalogue
from gateway.catalogue import say

GATEWAY = Path(catalogue.__file__).parent.parent
_ERRORS = {"TransientError", "RefusedError", "UnsendableError", "Fault"}


def _reasons() -> dict[str, str]:
    """Reasons written as a constant where an error or a fault is made, and the file each stands in."""
    found = {}
    for path in sorted(GATEWAY.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ERRORS:
                for word in node.args[:2]:
                    if isinstance(word, ast.Constant) and "-" in str(word.value) and " " not in str(word.value):
                        found[str(word.value)] = str(path.relative_to(GATEWAY))
    return found


def test_the_search_for_reasons_finds_some_of_every_part() -> None:
    assert {"store-full", "config-repeated"} <= _reasons().keys()


@pytest.mark.parametrize("part", ["settings.py", "registry.py", "store", "cli/configuration.py"])
def test_every_reason_has_a_sentence(part: str) -> None:
    reasons = {reason for reason, path in _reasons().items() if path.startswith(part)}
    assert reasons
    assert reasons <= catalogue.all_texts().keys()


def test_a_sentence_is_said_in_the_language_asked_for_with_its_parameters() -> None:
    assert "«vekt»" in say("config-unknown-driver", "nb", {"driver": "vekt"})
    assert '"vekt"' in say("config-unknown-driver", "en", {"driver": "vekt"})


def test_an_unknown_key_is_shown_itself_and_a_missing_parameter_by_its_name() -> None:
    assert say("no-such-key", "nb") == "no-such-key"
    assert "{driver}" in say("config-unknown-driver", "en")


def test_a_key_in_two_areas_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "_texts", {})
    table = {"same": catalogue.Text("a", "b")}

    class _Area:
        TEXTS = table

    monkeypatch.setattr(catalogue, "import_module", lambda name: _Area)
    with pytest.raises(ValueError, match="repeats"):
        catalogue.all_texts()
