"""A sample of what `scripts/fuzz-decoders` and `scripts/mutate-decoders` do at length."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts"


def _run(*arguments: str) -> tuple[int, dict[str, int], str]:
    """Runs a script; gives its exit code, what it counted, and what it complains of."""
    done = subprocess.run(
        [sys.executable, SCRIPTS / arguments[0], *arguments[1:], "--json"],
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def test_random_and_damaged_bytes_give_a_measurement_nothing_or_a_refusal() -> None:
    code, said, complaints = _run("fuzz-decoders", "--count", "50000", "--seed", "7")
    assert (code, said["faults"]) == (0, 0), complaints
    assert said["inputs"] >= 50_000


def test_the_vectors_notice_a_decoder_that_is_broken_on_purpose() -> None:
    code, said, complaints = _run("mutate-decoders", "--sample", "10")
    assert (code, said["noticed"]) == (0, said["faults"]), complaints


@pytest.mark.parametrize("module", ["drivers.no_such", "drivers.gather"])
def test_a_module_that_cannot_be_broken_is_a_usage_error_with_a_sentence(module: str) -> None:
    words = [sys.executable, str(SCRIPTS / "mutate-decoders"), module]
    done = subprocess.run(words, capture_output=True, text=True, timeout=55, check=False)
    assert (done.returncode, done.stdout) == (64, "")
    assert "module" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("script", ["fuzz-decoders", "mutate-decoders"])
def test_unknown_arguments_are_a_usage_error(script: str) -> None:
    done = subprocess.run([sys.executable, SCRIPTS / script, "--faster"], capture_output=True, timeout=55, check=False)
    assert done.returncode == 64
