"""The hub's key: born once, never replaced, never read by others."""

import stat
from pathlib import Path

import pytest

from gateway.errors import RefusedError
from gateway.store import Store
from gateway.store.keys import id_key


def test_the_key_is_made_once_and_stays(tmp_path: Path) -> None:
    key = id_key(tmp_path, born=True)
    assert len(key) == 32
    assert id_key(tmp_path, born=False) == id_key(tmp_path, born=True) == key
    assert stat.S_IMODE((tmp_path / "id.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["id.key"]


def test_a_key_half_written_at_a_power_cut_is_not_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / "id.key.new").write_bytes(b"half")
    assert len(id_key(tmp_path, born=True)) == 32


def test_a_missing_key_of_a_store_that_has_readings_is_refused_and_not_replaced(tmp_path: Path) -> None:
    Store(tmp_path).close()
    (tmp_path / "id.key").unlink()
    with pytest.raises(RefusedError, match="store-key-missing"):
        Store(tmp_path)
    assert not (tmp_path / "id.key").exists()


def test_a_key_that_is_not_whole_is_refused_and_left(tmp_path: Path) -> None:
    (tmp_path / "id.key").write_bytes(b"short")
    with pytest.raises(RefusedError, match="store-key-damaged"):
        id_key(tmp_path, born=True)
    assert (tmp_path / "id.key").read_bytes() == b"short"


def test_a_key_that_cannot_be_read_or_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "id.key").mkdir()
    with pytest.raises(RefusedError, match="store-key-unreadable"):
        id_key(tmp_path, born=True)
    with pytest.raises(RefusedError, match="store-unusable"):
        id_key(tmp_path / "nowhere", born=True)
