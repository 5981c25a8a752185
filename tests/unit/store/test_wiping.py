"""A wipe leaves nothing of the person on the card, is never half done, and proves what it did."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.acts.api import Context, Result
from gateway.acts.records import Records
from gateway.acts.wipe import WIPE
from gateway.assignments import create
from gateway.attribution import Tenure, Visit
from gateway.baseline import Baseline
from gateway.certificate import PUBLIC_KEY, SIGNATURE, fingerprint, parse, signed_bytes
from gateway.errors import RefusedError, TransientError
from gateway.keeping import Draft
from gateway.store import Store, keys, wiping
from gateway.store.database import open_read_only
from gateway.store.notes import Notes
from gateway.store.places import Places
from gateway.store.signing import Signer, is_signed
from gateway.store.wiping import ERASED, Certificates
from gateway.timebase import DeviceClaim, Undated
from tests.forensics import Canary, planted, scan
from tests.readings import NOON, REF, draft, kept_frame
from tests.world import World

STAYS = (
    "fact", "void", "device", "equipment", "act", "audit", "deviation", "deviation_count", "deviation_closing", "event",
    "certificate",
)  # fmt: skip
FORCED = {"force": True, "reason": "backend is gone"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(place: Path) -> Iterator[Store]:
    opened = Store(place)
    yield opened
    opened.close()


def context(store: Store, **more: Any) -> Context:
    records = Records(store, World().env)
    return Context(
        store=store, env=World().env, hub="hub-0042", zone=ZoneInfo("Europe/Oslo"), devices={}, act="act-1",
        audit=records.audit, deviate=records.deviate, **more,
    )  # fmt: skip


def wipe(store: Store, **params: object) -> Result:
    return WIPE.perform(WIPE.checked(params, "coordinator"), context(store))


def fill(store: Store, canaries: list[Canary]) -> None:
    """Something in every table that a person leaves something in."""
    third = len(canaries) // 3
    assert store.keep([canary.draft for canary in canaries[:third]])
    what = Undated("7c9e1f", 1.0, DeviceClaim(), None)
    store.keep(
        [Draft(canary.draft.reading, canary.draft.frames, undated=what) for canary in canaries[third : 2 * third]]
    )
    for canary in canaries[2 * third :]:
        store.refuse_frame(kept_frame(bytes.fromhex(canary.draft.frames[0][1])), "noise")
        store.add_frames([kept_frame(bytes.fromhex(canary.draft.frames[0][1]))])
    store.keep([draft("held", "foreign"), draft("gone", "foreign")])
    store.holding.delete([draft("gone").reading.id])
    store.outbox.set_aside(1, "mqtt-too-large", '{"schema":"dho.void/1"}')
    one = create((), "asg-9f2c7b1", "follow-up", NOON, None)
    store.assignments.save(one)
    store.assignments.give(REF, Tenure(one.id, NOON, None, None, Baseline()))
    store.assignments.visit(Visit(one.id, NOON, NOON), "nurse")


def rows(store: Store, table: str) -> int:
    return int(store._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own names


def finish(store: Store) -> None:
    store.assignments.save(replace(store.assignments.all()[0], outcome="end"))


def test_every_table_is_erased_or_said_to_stay(store: Store) -> None:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    names = {name for (name,) in store._connection.execute(query)}
    assert names == {*ERASED, *STAYS}


def test_after_a_wipe_nothing_of_1000_planted_values_is_found_and_the_sequence_goes_on(
    place: Path, store: Store
) -> None:
    canaries = planted(1002)
    fill(store, canaries)
    finish(store)
    store.save_twin(REF, {"model": "UA-651BLE"})
    old, epoch, last = store.seal.key, store.epoch, store.outbox.last_seq
    result = wipe(store, **FORCED)
    assert scan(place, canaries) == []
    assert all(old not in path.read_bytes() for path in place.rglob("*") if path.is_file())
    assert {table: rows(store, table) for table in ERASED if rows(store, table)} == {"outbox": 2}
    assert (store.epoch, store.outbox.last_seq, store.twin(REF)) == (epoch, last, {"model": "UA-651BLE"})
    kept = store.keep([draft("next person"), canaries[0].draft])
    assert [one.seq for one in kept] == [last + 1, last + 2]
    assert result["unpair"] == []
    store.close()
    assert scan(place, canaries[1:]) == []
    again = Store(place)
    assert (again.epoch, again.outbox.last_seq) == (epoch, last + 2)
    assert [row.kind for row in again.outbox.waiting(0, 2**60, 99)] == ["void", "void", "weight", "weight"]
    again.close()


def test_readings_that_nobody_confirmed_are_given_up_only_by_force_with_a_reason(store: Store) -> None:
    store.keep([draft(name) for name in "abcde"])
    store.outbox.release([(3, 3)])
    for params, reason in (({}, "wipe-unconfirmed"), ({"force": True}, "wipe-reason")):
        with pytest.raises(RefusedError, match=reason):
            wipe(store, **params)
    assert rows(store, "outbox") == 4
    wipe(store, **FORCED)
    waiting = [(row.seq, row.kind, json.loads(row.payload)) for row in store.outbox.waiting(0, 99, 99)]
    assert [(seq, kind, void["from"], void["to"], void["reason"]) for seq, kind, void in waiting] == [
        (1, "void", 1, 2, "wiped"), (4, "void", 4, 5, "wiped"),
    ]  # fmt: skip
    assert [(d.what.type, d.what.cause, d.what.readings) for d in store.deviations.all()] == [("forced", "wipe", 4)]
    store.outbox.release([(1, 5)])
    assert rows(store, "outbox") == 0


def test_what_the_store_has_not_taken_would_outlive_the_wipe_so_it_is_refused(store: Store) -> None:
    """Even with force: it would be written down afterwards."""
    waiting = context(store, unkept=lambda: 3)
    with pytest.raises(RefusedError, match="wipe-unkept: 3"):
        WIPE.perform(FORCED, waiting)
    assert store.certificates.all() == []


def test_a_wipe_without_force_leaves_no_deviation_and_old_voids_stay(store: Store) -> None:
    store.keep([draft("a"), draft("b", "uncertain"), draft("c")])
    store.outbox.set_aside(1, "mqtt-too-large", '{"from":1}')
    store.outbox.release([(2, 2)])
    document: Any = wipe(store)["certificate"]
    assert document["counts"] == {
        "unconfirmed": 0, "held": 1, "refused": 1, "frames": 0, "ids": 2, "damaged_databases": 0,
    }  # fmt: skip
    assert (document["forced"], document["reason"]) == (False, None)
    assert [row.payload for row in store.outbox.waiting(0, 9, 9)] == ['{"from":1}']
    assert store.deviations.open_counts() == {"lost": 1, "unattributed": 1}


def test_an_assignment_must_be_ended_first(store: Store) -> None:
    store.assignments.save(create((), "asg-9f2c7b1", "follow-up", NOON, None))
    with pytest.raises(RefusedError, match="wipe-assignment-open"):
        wipe(store, **FORCED)
    finish(store)
    document: Any = wipe(store)["certificate"]
    assert document["assignment"] == "asg-9f2c7b1"
    assert store.assignments.ever()


def test_the_certificate_is_signed_kept_and_told(store: Store) -> None:
    store.keep([draft("a")])
    store.outbox.release([(1, 1)])
    old = keys.fingerprint(store.seal.key)
    document: Any = wipe(store, bonds="remove")["certificate"]
    assert (document["hub"], document["epoch"], document["last_seq"]) == ("hub-0042", store.epoch, 1)
    assert (document["destroyed_key"], document["key"]) == (old, keys.fingerprint(store.seal.key))
    assert (document["at"], document["bonds"]) == ("2026-01-12T06:41:15.204+00:00", "remove")
    assert set(document["versions"]) == {"gateway", "sqlite"}
    assert parse(json.dumps(document)) == document
    assert is_signed(document[PUBLIC_KEY], document[SIGNATURE], signed_bytes(document))
    assert fingerprint(document[PUBLIC_KEY]) == store.signing_fingerprint()
    for name, other in (("last_seq", 2), ("forced", True), ("hub", "hub-0043")):
        altered = {**document, name: other}
        assert not is_signed(altered[PUBLIC_KEY], altered[SIGNATURE], signed_bytes(altered))
    assert store.certificates.all() == [(1, document)]
    assert [(row.type, row.document) for row in store.events.waiting()] == [("wipe", document)]
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        store._connection.execute("DELETE FROM certificate")


def test_the_signing_key_is_made_once_and_outlives_a_wipe(place: Path, store: Store) -> None:
    key = store.signing_fingerprint()
    assert store.signing_fingerprint() == key
    wipe(store)
    store.close()
    again = Store(place)
    assert again.signing_fingerprint() == key
    assert fingerprint(again.signer().public_key) == key
    again.close()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting"),
        ("[]", "no dho.wipe/1"),
        ("{}", "no dho.wipe/1"),
        ('{"schema":"dho.wipe/1"}', "no public_key"),
        ('{"schema":"dho.wipe/1","public_key":"%s"}' % ("0" * 64), "no signature"),
        ('{"schema":"dho.wipe/1","public_key":"%s"}' % ("g" * 64), "hexadecimal"),
    ],
)
def test_what_is_no_certificate_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(text)


def test_a_key_that_is_none_signs_nothing() -> None:
    signer = Signer(bytes(32))
    assert is_signed(signer.public_key, signer.sign(b"x"), b"x")
    assert not is_signed(signer.public_key, signer.sign(b"x"), b"y")
    assert not is_signed("00", signer.sign(b"x"), b"x")


def test_a_store_that_was_damaged_leaves_nothing_in_its_quarantine_either(place: Path) -> None:
    canaries = planted(9)
    store = Store(place)
    fill(store, canaries)
    store.mark_damaged()
    store.close()
    mended = Store(place)
    finish(mended)
    document: Any = wipe(mended, **FORCED)["certificate"]
    assert document["counts"]["damaged_databases"] == 1
    assert not (place / "quarantine").exists()
    assert scan(place, canaries) == []
    mended.close()


class PowerCutError(Exception):
    pass


STEPS: tuple[tuple[Any, str], ...] = (
    (keys, "next_key"),
    (Notes, "put"),
    (keys, "destroy"),
    (Places, "load"),
    (shutil, "rmtree"),
    (wiping, "sync_directory"),
    (Certificates, "add"),
)


@pytest.mark.parametrize(("owner", "name"), STEPS, ids=[name for _, name in STEPS])
def test_a_wipe_that_is_cut_short_anywhere_is_ended_by_the_next(
    place: Path, owner: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(place)
    canaries = planted(30)
    fill(store, canaries)
    finish(store)
    last = store.outbox.last_seq

    def cut(*_arguments: Any, **_more: Any) -> Any:
        raise PowerCutError

    monkeypatch.setattr(owner, name, cut)
    with pytest.raises(PowerCutError):
        wipe(store, **FORCED)
    monkeypatch.undo()
    store.close()
    again = Store(place)
    assert again.outbox.last_seq == last
    assert again.outbox.waiting(0, 2**60, 9) is not None
    wipe(again, **FORCED)
    assert scan(place, canaries) == []
    assert [number for number, _ in again.certificates.all()] == [1]
    assert [d.what.type for d in again.deviations.all()].count("forced") == 1
    assert again.wiper.pending() is None
    again.close()
    assert not (place / "store.key.next").exists()


def test_a_wipe_that_somebody_s_reading_holds_up_is_a_deviation_and_is_ended_later(place: Path, store: Store) -> None:
    store._connection.execute("PRAGMA busy_timeout = 10")
    store.keep([draft("a")])
    store.outbox.release([(1, 1)])
    reader = open_read_only(place)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM reading").fetchone()
    with pytest.raises(TransientError, match="wipe-incomplete"):
        wipe(store)
    assert store.deviations.open_counts() == {"wipe": 1}
    assert store.certificates.all() == []
    reader.close()
    assert wipe(store)["number"] == 1


def test_a_quarantine_that_cannot_be_removed_is_said(
    place: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_arguments: Any, **_more: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "rmtree", refused)
    with pytest.raises(TransientError, match="wipe-incomplete: quarantine"):
        wipe(store)


def test_free_pages_that_stay_are_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stubborn:
        def execute(self, statement: str) -> Any:
            return sqlite3.connect(":memory:").execute("SELECT 0" if "freelist" not in statement else "SELECT 7")

    monkeypatch.setattr(store.wiper, "_connection", Stubborn())
    with pytest.raises(TransientError, match="7 free pages"):
        store.wiper.scrub()


def test_the_record_of_the_act_says_which_certificate_and_what_was_forced(store: Store) -> None:
    store.keep([draft("a")])
    result = wipe(store, **FORCED)
    audited = WIPE.audited(FORCED, result)
    assert (audited["certificate"], audited["forced"], audited["reason"]) == (1, True, "backend is gone")
