"""At rest: what is measured cannot be read without the key, not moved to another's place, not altered unseen."""

import sqlite3
import stat
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ConfigurationError, RefusedError, TransientError
from gateway.keeping import Draft
from gateway.reading import Value
from gateway.settings import StoreSettings
from gateway.store import Store
from gateway.store.epochs import remember, remembered
from gateway.store.keys import data_key, destroy, drop_next, fingerprint, has_next, id_key, next_key, outer_key
from gateway.store.opening import open_store
from gateway.store.packing import pack
from gateway.store.sealing import Seal, unwrapped, wrapped
from gateway.timebase import DeviceClaim, Undated
from tests.forensics import planted, scan
from tests.readings import REF, draft, kept_frame, reading

KEY = bytes(range(64))
SECRET = b"a secret of systemd"
rows = st.one_of(st.integers(-(2**63), 2**63 - 1), st.binary(max_size=20))
places = st.tuples(st.text(max_size=8), rows, st.text(max_size=8), st.text(max_size=12))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "store"


@given(st.text(), places)
def test_what_is_sealed_is_opened_at_its_place(text: str, at: tuple[str, int | bytes, str, str]) -> None:
    table, row, column, epoch = at
    sealed = Seal(KEY, epoch).shut(text, table, row, column)
    assert Seal(KEY, epoch).open(sealed, table, row, column) == text
    assert Seal(KEY, epoch).shut(text, table, row, column) == sealed


@given(places, places)
def test_what_is_sealed_opens_at_no_other_place(
    one: tuple[str, int | bytes, str, str], other: tuple[str, int | bytes, str, str]
) -> None:
    if one == other:
        return
    sealed = Seal(KEY, one[3]).shut("82.40", *one[:3])
    with pytest.raises(RefusedError, match="store-damaged"):
        Seal(KEY, other[3]).open(sealed, *other[:3])


@given(st.data())
def test_a_bit_that_has_changed_is_found(data: st.DataObject) -> None:
    sealed = bytearray(Seal(KEY, "e-1").shut("82.40", "outbox", 1, "payload"))
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[at // 8] ^= 1 << at % 8
    with pytest.raises(RefusedError, match="store-damaged"):
        Seal(KEY, "e-1").open(bytes(sealed), "outbox", 1, "payload")


@pytest.mark.parametrize("wrong", [b"", b"short", "text", 7, None])
def test_what_was_never_sealed_is_refused(wrong: object) -> None:
    with pytest.raises(RefusedError, match="store-damaged"):
        Seal(KEY, "e-1").open(wrong, "outbox", 1, "payload")


def _waiting(store: Store, some: list[Draft]) -> None:
    store.keep(some)


def _held(store: Store, some: list[Draft]) -> None:
    foreign = {"attribution": reading("x", "foreign").attribution}
    store.keep([Draft(one.reading.changed(**foreign), one.frames) for one in some])


def _aside(store: Store, some: list[Draft]) -> None:
    for one in store.keep(some):
        store.outbox.set_aside(one.seq or 0, "mqtt-too-large", "{}")


def _released(store: Store, some: list[Draft]) -> None:
    _held(store, some)
    store.holding.released(store.holding.release([one.reading.id for one in some]))


def _undated(store: Store, some: list[Draft]) -> None:
    what = Undated("7c9e1f", 1.0, DeviceClaim(), None)
    store.keep([Draft(one.reading, one.frames, undated=what) for one in some])
    store.undated.date([(row.seq, row.reading, "") for row in store.undated.next()])


def _taken_back(store: Store, some: list[Draft]) -> None:
    what = Undated("7c9e1f", 1.0, DeviceClaim(), None)
    store.keep([Draft(one.reading, one.frames, undated=what) for one in some])
    store.undated.date([(row.seq, row.reading, "after-end") for row in store.undated.next()])


def _frames(store: Store, some: list[Draft]) -> None:
    for one in some:
        store.add_frames([kept_frame(bytes.fromhex(data)) for _, data in one.frames])
        store.refuse_frame(kept_frame(bytes.fromhex(one.frames[0][1])), "noise")


WAYS: tuple[Callable[[Store, list[Draft]], None], ...] = (
    _waiting, _held, _aside, _released, _undated, _taken_back, _frames,
)  # fmt: skip


def test_a_stolen_card_shows_no_value(place: Path) -> None:
    """1,000 planted values are in no file of the directory, nor in the log, however they came into the database."""
    canaries = planted(1001)
    store = Store(place)
    for number, keep in enumerate(WAYS):
        keep(store, [canary.draft for canary in canaries[number::7]])
    assert sum(store.held().values()) == 286
    found_open = scan(place, canaries)
    store.close()
    assert (found_open, scan(place, canaries)) == ([], [])


def test_the_scan_finds_a_value_that_lies_open(place: Path) -> None:
    """The witness is not blind: text, packed text, hexadecimal and bytes are all found."""
    canary = planted(1)[0]
    place.mkdir()
    for name, data in {**canary.forms(), "packed": pack(canary.draft.reading.wire(1))}.items():
        (place / name).write_bytes(b"\0" * 100 + data + b"\0" * 100)
        assert scan(place, [canary]) == [(name, canary.value)]
        (place / name).unlink()


def test_what_is_needed_for_operation_stays_clear(place: Path) -> None:
    store = Store(place)
    store.keep([draft("one"), draft("two", "foreign")])
    store.close()
    card = sqlite3.connect(place / "outbox.sqlite")
    assert card.execute("SELECT seq, kind, device FROM outbox").fetchall() == [(1, "weight", REF)]
    assert card.execute("SELECT kind, status, device FROM held").fetchall() == [("weight", "foreign", REF)]
    card.close()


# Keys


def test_the_keys_are_made_once_private_and_known_by_a_fingerprint(place: Path) -> None:
    Store(place).close()
    before = (place / "store.key").read_bytes()
    assert stat.S_IMODE((place / "store.key").stat().st_mode) == 0o600
    Store(place).close()
    assert (place / "store.key").read_bytes() == before
    assert len(fingerprint(before)) == 16
    assert fingerprint(before) != fingerprint(KEY)


@pytest.mark.parametrize("name", ["store.key", "id.key"])
def test_a_store_without_its_key_is_refused_and_no_other_is_made(place: Path, name: str) -> None:
    Store(place).close()
    (place / name).unlink()
    with pytest.raises(RefusedError, match="store-key-missing"):
        Store(place)
    assert not (place / name).exists()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "credentials" / "store-key"
    path.parent.mkdir()
    path.write_bytes(SECRET + b"\n")
    path.chmod(0o400)
    return path


def settings(place: Path, key_file: str | None) -> StoreSettings:
    return StoreSettings(path=str(place), key_file=key_file)


def test_with_an_outer_key_the_card_alone_does_not_open_itself(place: Path, secret: Path) -> None:
    store = open_store(settings(place, "credential:store-key"), str(secret.parent))
    store.keep([draft("one")])
    bare = (store.id_key, store.seal.key)
    store.close()
    everything = b"".join(path.read_bytes() for path in place.iterdir())
    assert all(key not in everything for key in bare)
    with pytest.raises(RefusedError, match="store-key-sealed"):
        Store(place)
    again = open_store(settings(place, str(secret)), None)
    assert (again.id_key, again.seal.key) == bare
    assert len(again.outbox.waiting(0, 9, 9)) == 1
    again.close()


def test_an_outer_key_named_later_leaves_nothing_of_the_bare_ones(place: Path, secret: Path) -> None:
    store = Store(place)
    bare = (store.id_key, store.seal.key)
    store.close()
    open_store(settings(place, str(secret)), None).close()
    assert all(key not in path.read_bytes() for path in place.iterdir() for key in bare)


def test_another_outer_key_a_short_one_or_none_is_said_by_name(place: Path, secret: Path) -> None:
    open_store(settings(place, str(secret)), None).close()
    with pytest.raises(RefusedError, match="store-key-unreadable"):
        open_store(settings(place, f"{secret}.gone"), None)
    with pytest.raises(ConfigurationError, match=r"store\.key_file"):
        open_store(settings(place, "credential:store-key"), None)
    secret.chmod(0o604)
    with pytest.raises(RefusedError, match="store-key-open"):
        open_store(settings(place, str(secret)), None)
    secret.chmod(0o600)
    secret.write_bytes(b"another secret of systemd")
    with pytest.raises(RefusedError, match="store-key-wrong"):
        open_store(settings(place, str(secret)), None)
    secret.write_bytes(b"short")
    with pytest.raises(RefusedError, match="store-key-short"):
        open_store(settings(place, str(secret)), None)
    assert outer_key(None) is None


def test_keys_whose_rights_were_lost_are_shut_again(place: Path) -> None:
    Store(place).close()
    names = ["id.key", "store.key"]
    assert [stat.S_IMODE((place / name).stat().st_mode) for name in names] == [0o600, 0o600]
    for name in names:
        (place / name).chmod(0o644)
    Store(place).close()
    assert [stat.S_IMODE((place / name).stat().st_mode) for name in names] == [0o600, 0o600]


def test_a_store_that_another_has_is_said_to_be_so_before_any_key_is_looked_for(place: Path) -> None:
    with_it = Store(place)
    with pytest.raises(RefusedError, match="store-in-use"):
        open_store(settings(place, "credential:store-key"), None)
    with_it.close()


def test_a_sealed_key_is_no_other_key() -> None:
    assert unwrapped(wrapped(b"x" * 32, KEY, "id"), KEY, "id") == b"x" * 32
    with pytest.raises(RefusedError, match="store-key-wrong"):
        unwrapped(wrapped(b"x" * 32, KEY, "id"), KEY, "data")


@pytest.mark.parametrize("outer", [None, KEY])
def test_the_next_key_takes_the_place_of_the_data_key_whose_bytes_are_gone(place: Path, outer: bytes | None) -> None:
    place.mkdir()
    old = data_key(place, born=True, outer=outer)
    new = next_key(place, outer)
    assert next_key(place, outer) == new
    assert has_next(place)
    with (place / "store.key").open("rb") as held_open:
        destroy(place)
        assert old not in held_open.read()
    assert (has_next(place), data_key(place, born=False, outer=outer)) == (False, new)
    assert new != old


def test_a_next_key_that_is_not_wanted_is_dropped(place: Path) -> None:
    place.mkdir()
    key = data_key(place, born=True)
    next_key(place)
    drop_next(place)
    drop_next(place)
    assert (has_next(place), data_key(place, born=False)) == (False, key)
    with pytest.raises(RefusedError, match="store-unusable"):
        destroy(place)


def test_keys_that_are_not_whole_are_refused(place: Path) -> None:
    place.mkdir()
    (place / "store.key").write_bytes(b"short")
    with pytest.raises(RefusedError, match="store-key-damaged"):
        data_key(place, born=True)
    (place / "id.key").mkdir()
    with pytest.raises(RefusedError, match="store-key-unreadable"):
        id_key(place, born=True)


# Epochs


def test_epochs_are_remembered_the_newest_first(place: Path) -> None:
    place.mkdir()
    assert remembered(place) == []
    remember(place, "e-1")
    remember(place, "e-2")
    assert remembered(place) == ["e-2", "e-1"]
    (place / "epochs").write_bytes(b"\xff")
    assert remembered(place) == []
    with pytest.raises(TransientError, match="store-io"):
        remember(place / "nowhere", "e-3")


def test_a_value_has_as_many_decimals_as_were_planted() -> None:
    canary = planted(3)[2]
    (value,) = canary.draft.reading.values
    assert isinstance(value, Value)
    assert value.value == Decimal(canary.value)
    assert canary.draft.reading.received_at is not None
    assert canary.draft.reading.received_at - planted(1)[0].draft.reading.received_at >= timedelta(0)  # type: ignore[operator]
