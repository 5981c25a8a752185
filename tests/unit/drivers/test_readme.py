"""The page for authors of drivers shows a driver that works, with vectors that hold."""

import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import drivers
from drivers.api import BleDriver, DecodeError
from drivers.session import decoders
from drivers.uuids import normal
from tests.vector_view import compare

ROOT = Path(__file__).parents[3]
SHIPPED = Path(str(drivers.__file__)).parents[1]  # the installed package, wherever it is
PAGE = (ROOT / "drivers" / "README.md").read_text(encoding="utf-8")


def _block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def _driver() -> BleDriver:
    module = ModuleType("acme")
    exec(compile(_block("python"), "drivers/README.md", "exec"), module.__dict__)  # noqa: S102 - our own page
    driver = module.DRIVER
    assert isinstance(driver, BleDriver)
    return driver


@pytest.mark.parametrize("row", json.loads(_block("json"))["vectors"], ids=lambda row: row["id"])
def test_the_driver_on_the_page_decodes_the_vectors_on_the_page(row: dict[str, Any]) -> None:
    decode = decoders(_driver())[normal(row["channel"])]
    data = bytes.fromhex(row["hex"])
    if "expect_error" in row:
        with pytest.raises(DecodeError) as refused:
            decode(data)
        assert refused.value.reason == row["expect_error"]
    else:
        compare(decode(data), row["expect"])


def test_every_file_that_the_page_names_exists() -> None:
    for name in re.findall(r"`((?:drivers|tests|scripts)/[\w./-]+)`", PAGE):
        root = SHIPPED if name.startswith("drivers/") else ROOT
        assert (root / name).exists() or "acme" in name or name.endswith("/"), name
    for name in re.findall(r"scripts/[a-z-]+", PAGE):
        assert (ROOT / name).is_file(), name
    for name in re.findall(r"`(ble/\w+|cursor|draft|floats|crc|quantities|gather|settle)(?:\.\w+)?`", PAGE):
        assert (SHIPPED / "drivers" / f"{name}.py").is_file(), name
