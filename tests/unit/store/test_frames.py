"""Raw frames: those that wait come back as they were; refused ones are kept, but not without end."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.store import Store
from gateway.timebase import Moment
from tests.readings import NOON, REF, kept_frame


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store(tmp_path_factory.mktemp("store"))
    yield opened
    opened.close()


@settings(max_examples=30)
@given(data=st.binary(max_size=600), monotonic=st.floats(0, 1e9, allow_nan=False))
def test_a_waiting_frame_comes_back_exactly_as_it_came(store: Store, data: bytes, monotonic: float) -> None:
    """To the last bit of its moment: the id of an undated act is made of it."""
    frame = replace(kept_frame(data), moment=Moment(NOON, monotonic, "rtc"), boot="another")
    (number,) = store.add_frames([frame])
    assert store.waiting_frames(REF) == [replace(frame, number=number)]
    store.drop_frames([number])
    assert store.waiting_frames(REF) == []


def test_frames_wait_in_the_order_they_came_and_each_device_has_its_own(store: Store) -> None:
    numbers = store.add_frames([kept_frame(b"1"), kept_frame(b"x", ref="dev-other"), kept_frame(b"2")])
    assert [f.data for f in store.waiting_frames(REF)] == [b"1", b"2"]
    store.drop_frames(numbers)


def test_refused_bytes_do_not_wait_and_the_oldest_make_room(store: Store) -> None:
    (waits,) = store.add_frames([kept_frame(b"waits")])
    for i in range(1005):
        store.refuse_frame(kept_frame(str(i).encode()), "noise")
    rows = store._connection.execute("SELECT number, data FROM frame WHERE reason IS NOT NULL ORDER BY number")
    kept = [bytes.fromhex(store.seal.open(data, "frame", number, "data")) for number, data in rows.fetchall()]
    assert len(kept) == 1000
    assert (kept[0], kept[-1]) == (b"5", b"1004")
    assert [f.number for f in store.waiting_frames(REF)] == [waits]
    store.drop_frames([waits])


def test_nothing_to_drop_is_nothing_done(store: Store, tmp_path: Path) -> None:
    store.drop_frames([])
    assert store.add_frames([]) == []
