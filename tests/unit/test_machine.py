"""What can be read of the machine is read; what cannot is unknown, and nothing breaks."""

from pathlib import Path

import pytest

from gateway import machine


def test_memory_and_disk_of_a_real_machine_are_told(tmp_path: Path) -> None:
    found = machine.look(tmp_path)
    assert found.memory_bytes is not None
    assert found.memory_bytes > 1_000_000
    assert found.disk_free_bytes is not None


def test_temperature_is_told_in_degrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sensor = tmp_path / "temp"
    sensor.write_text("51540\n", encoding="ascii")
    monkeypatch.setattr(machine, "_THERMAL", sensor)
    assert machine.look(tmp_path).temperature_c == 51.54


@pytest.mark.parametrize("text", ["", "one", None])
def test_what_cannot_be_read_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    odd = tmp_path / "odd"
    if text is not None:
        odd.write_text(text, encoding="ascii")
    monkeypatch.setattr(machine, "_THERMAL", odd)
    monkeypatch.setattr(machine, "_STATM", odd)
    found = machine.look(tmp_path / "nowhere")
    assert (found.memory_bytes, found.disk_free_bytes, found.temperature_c) == (None, None, None)
