"""A damaged database is put aside whole, and everything that can be read of it is taken over, under a new epoch."""

import json
import random
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import RefusedError, TransientError
from gateway.keeping import Draft
from gateway.store import Store, parcel, quarantine
from gateway.store.database import FILE, LOG, PAGE_BYTES
from gateway.store.notes import UNTOLD
from gateway.store.sealing import Seal
from gateway.timebase import DeviceClaim, Undated
from tests.readings import NOON, REF, draft, kept_frame, reading


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "store"


def filled(place: Path, count: int = 60) -> Store:
    """A store with something of everything in it; the first ten places are released."""
    store = Store(place)
    store.keep([draft(f"n{i}", cursor=i) for i in range(1, count + 1)])
    store.keep([draft("mine?", "uncertain"), draft("hers", "foreign")])
    store.outbox.release([(1, 10)])
    store.outbox.set_aside(11, "mqtt-payload-invalid", '{"schema":"dho.void/1"}')
    store.outbox.mark_at_broker([12, 13])
    store.save_twin(REF, {"model": "UA-651BLE"})
    store.add_frames([kept_frame(b"half of an act")])
    store.refuse_frame(kept_frame(b"noise"), "not-a-toy")
    store.undated.raise_floor(NOON)
    return store


def damage(place: Path, *pages: int) -> None:
    """These pages (from 1) hold noise."""
    with (place / FILE).open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * PAGE_BYTES)
            file.write(random.Random(page).randbytes(PAGE_BYTES))  # noqa: S311 - noise


def names(store: Store) -> list[str]:
    return [json.loads(row.payload)["id"] for row in store.outbox.waiting(0, 2**62, 10_000)]


def found(store: Store, folder: str = "1") -> dict[str, Any]:
    table: dict[str, Any] = json.loads(store.notes.get(f"{UNTOLD}{folder}") or "{}")
    return table


def page_of(place: Path, seal: Seal, name: str, seq: int) -> int:
    """The page that a reading's message lies on; a seal gives the same bytes each time."""
    sealed = parcel.shut(seal, "outbox", seq, reading(name).wire(seq), json.dumps(draft(name).frames))
    return (place / FILE).read_bytes().index(sealed) // PAGE_BYTES + 1


def root_page(store: Store, table: str) -> int:
    query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
    return int(store._connection.execute(query, (table,)).fetchone()[0])


def ids(first: int, last: int) -> list[str]:
    return [reading(f"n{i}").id for i in range(first, last + 1)]


@pytest.fixture
def mended(place: Path) -> Iterator[Store]:
    """A store whose table of twins was damaged while the daemon was off, after the next start."""
    store = filled(place)
    page = root_page(store, "device")
    store.close()
    damage(place, page)
    opened = Store(place)
    yield opened
    opened.close()


def test_a_damaged_database_is_put_aside_whole_and_nobody_else_may_read_it(place: Path) -> None:
    store = filled(place)
    page = root_page(store, "frame")
    store.close()
    damage(place, page)
    before = (place / FILE).read_bytes()
    Store(place).close()
    aside = place / "quarantine" / "1"
    assert (aside / FILE).read_bytes() == before
    for path in (place / "quarantine", aside, aside / FILE):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_what_waited_has_new_places_in_a_new_epoch_its_old_order_and_its_ids(place: Path) -> None:
    store = filled(place)
    epoch, page = store.epoch, root_page(store, "device")
    before = [json.loads(row.payload) for row in store.outbox.waiting(11, 2**62, 100)]
    store.close()
    damage(place, page)
    mended = Store(place)
    after = [json.loads(row.payload) for row in mended.outbox.waiting(0, 2**62, 100)]
    assert mended.epoch != epoch
    assert [table["seq"] for table in after] == list(range(1, 50 - 1 + 1))
    assert {table["epoch"] for table in after} == {mended.epoch}
    # 12 and 13 were at the broker, and wait anew: the receiver must learn of them in this epoch.
    assert [table["id"] for table in after] == ids(12, 60)
    for old, new in zip(before, after[2:], strict=True):
        assert {**old, "epoch": "", "seq": 0} == {**new, "epoch": "", "seq": 0}
    assert found(mended) == {
        "quarantine": "1",
        "epoch": mended.epoch,
        "earlier_epoch": epoch,
        "readings": 49,
        "held": 2,
        "whole": True,
        "unreadable": 0,
    }
    mended.close()


def test_everything_else_that_can_be_read_is_there_too(mended: Store) -> None:
    assert mended.held() == {"uncertain": 1, "foreign": 1}
    assert mended.outbox.aside() == 1
    assert [frame.data for frame in mended.waiting_frames(REF)] == [b"half of an act"]
    assert mended.undated.floor() == NOON
    assert mended._connection.execute("SELECT reason FROM frame WHERE reason IS NOT NULL").fetchall() == [
        ("not-a-toy",)
    ]


def test_readings_that_are_known_stay_known(mended: Store) -> None:
    """Released, set aside, held or waiting: a device that hands over its memory again is recognised."""
    everything = [draft(f"n{i}") for i in range(1, 61)] + [draft("mine?", "uncertain")]
    assert all(kept.duplicate for kept in mended.keep(everything))
    assert mended.keep([draft("new")])[0].seq == 50
    assert mended.places.first() == 1


def test_the_record_number_is_kept_where_nothing_of_the_outbox_was_lost(place: Path) -> None:
    store = filled(place)
    page = root_page(store, "frame")
    store.close()
    damage(place, page)
    mended = Store(place)
    assert mended.cursor(REF) == 60
    assert mended.twin(REF) == {"model": "UA-651BLE"}
    mended.close()


def test_the_key_and_so_every_name_stays(place: Path) -> None:
    store = filled(place)
    key, page = store.id_key, root_page(store, "device")
    store.close()
    damage(place, page)
    mended = Store(place)
    assert mended.id_key == key
    mended.close()


@pytest.mark.parametrize("where", ["header", "root", "tables", "leaf"])
def test_with_a_broken_tree_every_reading_on_a_whole_page_is_saved(place: Path, where: str) -> None:
    """Header, root or inner pages gone: rows are read out of the bare pages."""
    store = filled(place, 300)
    roots = [root_page(store, table) for table in ("outbox", "reading", "held", "fact")]
    seal = store.seal
    store.close()
    leaf = page_of(place, seal, "n150", 150)
    damage(place, *{"header": [1], "root": roots[:1], "tables": roots, "leaf": [leaf]}[where])
    mended = Store(place)
    saved = set(names(mended))
    assert not found(mended)["whole"]
    # A page of the card holds a few readings; of a damaged leaf these are lost, and nothing else.
    assert len(set(ids(12, 300)) - saved) <= (8 if where == "leaf" else 0)
    assert mended.outbox.last_seq == len(saved)
    mended.close()


def test_what_was_lost_may_be_fetched_again_from_the_devices_memory(place: Path) -> None:
    """Where it is not certain that all was read, record numbers and ids of what is gone are forgotten."""
    store = filled(place, 300)
    page, seal = root_page(store, "outbox"), store.seal
    store.close()
    damage(place, page, page_of(place, seal, "n150", 150))
    mended = Store(place)
    assert mended.cursor(REF) is None
    lost = set(ids(12, 300)) - set(names(mended))
    assert lost
    mended.keep([draft(f"n{i}") for i in range(1, 301)])
    assert set(ids(12, 300)) <= set(names(mended))
    mended.close()


def test_what_only_the_log_holds_is_saved_after_a_power_cut(place: Path, tmp_path: Path) -> None:
    store = filled(place)
    left = tmp_path / "left"
    shutil.copytree(place, left)
    page = root_page(store, "device")
    store.close()
    log = (left / LOG).stat().st_size
    assert log > 0
    # In the log as well, or the log would mend it.
    (left / "damaged").touch()
    damage(left, page)
    mended = Store(left)
    assert names(mended) == ids(12, 60)
    assert (left / "quarantine" / "1" / LOG).stat().st_size == log
    mended.close()


def test_no_database_at_all_is_put_aside_like_any_other(place: Path) -> None:
    Store(place).close()
    (place / FILE).write_bytes(b"no database at all, " * 100)
    mended = Store(place)
    assert (mended.outbox.last_seq, found(mended)["readings"], found(mended)["whole"]) == (0, 0, False)
    assert (place / "quarantine" / "1" / FILE).read_bytes() == b"no database at all, " * 100
    mended.close()


def test_damage_that_a_running_daemon_met_is_believed_by_the_next_start(place: Path) -> None:
    store = filled(place)
    epoch = store.epoch
    store.mark_damaged()
    store.close()
    mended = Store(place)
    assert mended.epoch != epoch
    assert names(mended) == ids(12, 60)
    mended.close()
    again = Store(place)
    assert again.epoch == mended.epoch
    assert again.quarantined() == ["1"]
    again.close()


def test_a_second_damage_is_put_beside_the_first(mended: Store, place: Path) -> None:
    mended.mark_damaged()
    mended.close()
    again = Store(place)
    assert again.quarantined() == ["1", "2"]
    assert names(again) == ids(12, 60)
    assert again.keep([draft("n1")])[0].duplicate
    again.close()


@pytest.mark.parametrize("steps", range(1, 12))
def test_a_start_that_is_cut_short_anywhere_is_made_good_by_the_next(
    place: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power goes at the nth file that is made durable, moved or committed."""
    store = filled(place)
    store.mark_damaged()
    store.close()
    left = [steps]

    def cut_before(owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def cut(*arguments: Any, **more: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise PowerCutError
            return real(*arguments, **more)

        monkeypatch.setattr(owner, name, cut)

    for owner, name in ((quarantine, "sync_directory"), (quarantine, "_write"), (quarantine, "finish")):
        cut_before(owner, name)
    cut_before(Path, "rename")
    cut_before(Store, "_keep")
    try:
        Store(place).close()
    except PowerCutError:
        monkeypatch.undo()
        Store(place).close()
    monkeypatch.undo()
    mended = Store(place)
    assert names(mended) == ids(12, 60)
    assert mended.outbox.last_seq == 49
    assert (mended.held(), mended.outbox.aside()) == ({"uncertain": 1, "foreign": 1}, 1)
    assert mended.quarantined() == ["1"]
    assert not (place / "damaged").exists()
    mended.close()


class PowerCutError(Exception):
    pass


def test_readings_without_a_date_keep_what_is_needed_to_date_them(place: Path) -> None:
    what = Undated("7c9e1f", 40.5, DeviceClaim(None, False, None), None)
    store = Store(place)
    store.keep([draft("dated"), Draft(reading("adrift"), [], undated=what)])
    store.outbox.release([(1, 1)])
    store.mark_damaged()
    store.close()
    mended = Store(place)
    (row,) = mended.undated.next()
    assert (row.seq, row.reading.id, row.what) == (1, reading("adrift").id, what)
    mended.close()


def test_rows_that_say_nothing_are_counted_and_left_in_the_quarantine(place: Path) -> None:
    store = filled(place)
    link = store._connection
    link.execute("UPDATE outbox SET payload = x'00' WHERE seq = 20")
    link.execute("UPDATE outbox SET frames = 7 WHERE seq = 21")
    link.execute("UPDATE held SET payload = 'x' WHERE status = 'foreign'")
    link.execute("UPDATE device SET twin = '{'")
    link.execute("UPDATE frame SET received_at = 'yesterday' WHERE reason IS NULL")
    link.execute("UPDATE frame SET data = 7 WHERE reason IS NOT NULL")
    link.execute("UPDATE reading SET id = 'odd' WHERE seq = 1")
    link.execute("UPDATE fact SET value = 'once' WHERE name = 'clock_floor'")
    store.mark_damaged()
    store.close()
    mended = Store(place)
    assert (found(mended)["readings"], found(mended)["held"], found(mended)["unreadable"]) == (47, 1, 3)
    assert (mended.twin(REF), mended.waiting_frames(REF), mended.undated.floor()) == ({}, [], None)
    mended.close()


def test_a_chain_of_records_with_a_gap_is_taken_over_up_to_the_gap(place: Path) -> None:
    store = filled(place)
    link = store._connection
    count = link.execute("SELECT count(*) FROM audit").fetchone()[0]
    assert count > 2
    link.execute("DROP TRIGGER audit_whole")
    link.execute("DELETE FROM audit WHERE number = 2")
    store.mark_damaged()
    store.close()
    mended = Store(place)
    assert names(mended) == ids(12, 60)
    first = mended._connection.execute("SELECT number FROM audit ORDER BY number").fetchone()
    assert first == (1,)
    mended.close()


def test_without_its_key_a_damaged_store_is_refused_and_left_as_it_is(place: Path) -> None:
    store = filled(place)
    store.mark_damaged()
    store.close()
    (place / "id.key").unlink()
    with pytest.raises(RefusedError, match="store-key-missing"):
        Store(place)
    assert not (place / "quarantine").exists()
    assert (place / FILE).exists()


def test_a_medium_that_takes_nothing_stops_the_move_before_it_begins(place: Path) -> None:
    store = filled(place)
    store.close()
    (place / "quarantine").write_text("a file in the way", encoding="ascii")
    damage(place, 1)
    before = (place / FILE).read_bytes()
    with pytest.raises(TransientError, match="store-io"):
        Store(place)
    assert (place / FILE).read_bytes() == before
    (place / "quarantine").unlink()
    mended = Store(place)
    assert names(mended) == ids(12, 60)
    mended.close()


def test_a_database_that_is_too_large_to_be_gone_through_shows_its_damage_when_it_is_read(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "_CHECKED_BYTES", 1)
    store = filled(place)
    page = root_page(store, "reading")
    store.close()
    damage(place, page)
    mended = Store(place)
    assert names(mended) == ids(12, 60)
    assert mended.quarantined() == ["1"]
    mended.close()


def test_a_database_that_is_gone_is_never_silently_made_anew(place: Path) -> None:
    store = filled(place)
    epoch = store.epoch
    store.close()
    (place / FILE).unlink()
    again = Store(place)
    assert again.epoch != epoch
    assert found(again, "0") == {"quarantine": None, "epoch": again.epoch, "readings": 0, "whole": False}
    again.close()


def test_a_first_start_has_nothing_to_tell(place: Path) -> None:
    store = Store(place)
    assert store.notes.all(UNTOLD) == {}
    assert store.quarantined() == []
    store.close()
