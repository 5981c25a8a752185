"""An act is done once, whole or not at all, wherever the store is; and whoever asked knows what became of it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.acts.api import Act, Context, Listed, Param, Params, Result
from gateway.acts.asking import Asked, Way, ask
from gateway.acts.performing import Performer
from gateway.errors import RefusedError, TransientError
from gateway.store import Store
from gateway.store.acts import ActRow, acts_beside
from tests.aio import run
from tests.world import World

PARAMS = (
    Param("word", required=True, pattern=r"[a-z]+"),
    Param("words", "texts", pattern=r"[a-z]+"),
    Param("days", "number", low=1, high=90),
    Param("sure", "flag"),
)


def _put(params: Params, context: Context) -> Result:
    context.store.notes.put("word", str(params["word"]))
    if params.get("sure"):
        raise RefusedError("act-parameter", "sure")
    context.after.append(lambda: context.store.notes.write("after", "done"))
    return {"word": params["word"], "role": context.role}


PUT = Act(name="put", roles=("coordinator", "installer"), params=PARAMS, perform=_put)
LOOK = Act(
    name="look",
    roles=("auditor",),
    perform=lambda _params, context: {"word": context.store.notes.get("word")},
    writes=False,
)
LONG = Act(name="long", roles=("auditor",), perform=lambda _params, _context: {}, atomic=False)
ACTS = {act.name: act for act in (PUT, LOOK, LONG)}


class Desk:
    """A store, and a performer that keeps what it tells."""

    def __init__(self, directory: Path, world: World) -> None:
        self.directory, self.world = directory, world
        self.notes: list[tuple[str, Mapping[str, object]]] = []
        self.done: list[str] = []
        self.audit: list[tuple[str, str, Mapping[str, object]]] = []
        self.waited: list[float] = []
        self.store = Store(directory)
        self.performer = Performer(self.context(self.store), lambda: ACTS, self._note, self.done.append)

    def _note(self, event: str, fields: Mapping[str, object]) -> None:
        self.notes.append((event, fields))

    def context(self, store: Store) -> Context:
        return Context(
            store=store,
            env=self.world.env,
            hub="hub-0042",
            zone=ZoneInfo("Europe/Oslo"),
            devices={"vekt": Listed("dev-1", "vekt", "weight")},
            audit=lambda role, what, fields: self.audit.append((role, what, fields)),
        )

    def way(self) -> Way:
        return Way(
            directory=self.directory,
            open=lambda: Store(self.directory),
            context=self.context,
            acts=ACTS,
            waiting=self.waited.append,
        )

    def put(self, act: str = "a1", role: str = "coordinator", **params: object) -> ActRow:
        self.store.acts.ask(act, "put", {"word": "one", **params}, role, self.world.utc)
        self.performer.perform_waiting()
        row = self.store.acts.find(act)
        assert row is not None
        return row


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "store", World())
    yield made
    made.store.close()


@pytest.mark.parametrize(
    ("params", "role", "reason"),
    [
        ({"word": "one"}, "auditor", "act-role"),
        ({}, "coordinator", "act-parameter"),
        ({"word": "ONE"}, "coordinator", "act-parameter"),
        ({"word": 1}, "coordinator", "act-parameter"),
        ({"word": "one", "other": 1}, "coordinator", "act-parameter"),
        ({"word": "one", "words": "one"}, "coordinator", "act-parameter"),
        ({"word": "one", "words": ["ONE"]}, "coordinator", "act-parameter"),
        ({"word": "one", "words": ["a"] * 51}, "coordinator", "act-parameter"),
        ({"word": "o" * 201}, "coordinator", "act-parameter"),
        ({"word": "one", "days": 0}, "coordinator", "act-parameter"),
        ({"word": "one", "days": True}, "coordinator", "act-parameter"),
        ({"word": "one", "sure": 1}, "coordinator", "act-parameter"),
        ({"word": "one", "words": ["a", "b"], "days": 90, "sure": False}, "installer", None),
    ],
)
def test_only_what_an_act_takes_and_a_role_may_ask_is_done(params: dict[str, Any], role: str, reason: str) -> None:
    if reason is None:
        assert PUT.checked(params, role) == params
        return
    with pytest.raises(RefusedError) as caught:
        PUT.checked(params, role)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("137174-04089", "personal-national-number"),
        ("91234567", "personal-phone-number"),
        ("Kari Nordmann", "act-parameter"),
        ("", "act-parameter"),
        ("x" * 65, "act-parameter"),
    ],
)
def test_the_id_of_an_act_points_to_nobody_and_is_not_even_written_down(desk: Desk, act: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        run(ask(Asked(act, "put", {"word": "one"}, "coordinator"), desk.way(), desk.world.env))
    assert desk.store.acts.find(act) is None


def test_an_act_its_record_and_its_answer_are_one_transaction(desk: Desk) -> None:
    row = desk.put()
    assert (row.state, row.result) == ("done", {"word": "one", "role": "coordinator"})
    assert desk.store.notes.get("word") == "one"
    assert desk.store.notes.get("after") == "done"
    assert desk.audit == [("coordinator", "put", {"word": "one"})]
    assert desk.notes == [("act.done", {"act": "put", "role": "coordinator", "id": "a1"})]
    assert desk.done == ["put"]


def test_a_refused_act_leaves_nothing_behind_but_the_answer(desk: Desk) -> None:
    row = desk.put(sure=True)
    assert (row.state, row.result) == ("refused", {"error": "act-parameter", "detail": "sure"})
    assert desk.store.notes.get("word") is None
    assert desk.store.notes.get("after") is None
    assert (desk.audit, desk.done) == ([], [])
    assert desk.notes[0][0] == "act.refused"


def test_an_act_that_this_version_does_not_know_is_refused(desk: Desk) -> None:
    desk.store.acts.ask("a1", "dance", {}, "coordinator", None)
    desk.performer.perform_waiting()
    assert desk.store.acts.find("a1") == ActRow(
        "a1", "dance", {}, "coordinator", "refused", {"error": "act-unknown", "detail": "dance"}
    )


def test_the_same_act_is_done_once_and_another_may_not_take_its_id(desk: Desk) -> None:
    desk.put()
    desk.store.notes.write("word", "changed since")
    assert desk.put().state == "done"
    assert desk.store.notes.get("word") == "changed since"
    with pytest.raises(RefusedError, match="act-id-used"):
        desk.put(days=3)


def test_looking_leaves_no_record(desk: Desk) -> None:
    desk.store.acts.ask("a1", "look", {}, "auditor", None)
    desk.store.acts.ask("a2", "long", {}, "auditor", None)
    desk.performer.perform_waiting()
    assert [what for _role, what, _fields in desk.audit] == ["long"]
    assert [row.state for row in map(desk.store.acts.find, ("a1", "a2")) if row] == ["done", "done"]


def test_old_answers_are_forgotten_and_the_newest_kept(desk: Desk) -> None:
    for number in range(510):
        desk.store.acts.ask(f"a{number}", "look", {}, "auditor", None)
    desk.performer.perform_waiting()
    assert desk.store.acts.find("a9") is None
    assert desk.store.acts.find("a10") is not None


def test_without_a_daemon_the_act_is_done_at_once(desk: Desk) -> None:
    desk.store.close()
    row = run(ask(Asked("a1", "put", {"word": "one"}, "coordinator"), desk.way(), desk.world.env))
    assert row.state == "done"
    desk.store = Store(desk.directory)
    assert desk.store.notes.get("word") == "one"


async def _beside(desk: Desk, daemon: Callable[[], Any] | None = None, seconds: float = 12.0) -> ActRow:
    import asyncio

    asking = asyncio.ensure_future(ask(Asked("a1", "put", {"word": "one"}, "coordinator"), desk.way(), desk.world.env))
    serving = asyncio.ensure_future(daemon()) if daemon else None
    await desk.world.advance(seconds)
    if serving is not None:
        serving.cancel()
        await asyncio.wait({serving})
    if not asking.done():
        asking.cancel()
        await asyncio.wait({asking})
    return await asking


def test_a_daemon_that_owns_the_store_does_it_within_a_second(desk: Desk) -> None:
    assert run(_beside(desk, desk.performer.run, 1.2)).result == {"word": "one", "role": "coordinator"}
    assert desk.store.notes.get("word") == "one"
    assert desk.waited == []


def test_a_daemon_that_does_not_answer_in_time_does_nothing_later_either(desk: Desk) -> None:
    with pytest.raises(TransientError, match="act-no-answer"):
        run(_beside(desk))
    assert desk.waited == pytest.approx([2, 4, 6, 8], abs=0.5)
    desk.performer.perform_waiting()
    assert desk.store.notes.get("word") is None


def test_what_was_taken_back_just_before_it_is_done_is_not_done(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked was told that nothing is done."""
    rows = desk.store.acts
    rows.ask("a1", "put", {"word": "one"}, "coordinator", desk.world.utc)
    found = rows.waiting()
    monkeypatch.setattr(rows, "waiting", lambda: found)
    assert rows.withdraw("a1")
    desk.performer.perform_waiting()
    assert desk.store.notes.get("word") is None
    assert (desk.audit, desk.done, [event for event, _ in desk.notes]) == ([], [], ["act.refused"])
    row = rows.find("a1")
    assert row is not None
    assert row.state == "withdrawn"


def test_what_has_begun_is_waited_for_and_never_taken_back(desk: Desk) -> None:
    async def begin() -> None:
        await desk.world.env.sleep(1.0)
        (row,) = desk.store.acts.waiting()
        desk.store.acts.begin(row.id)
        await desk.world.env.sleep(60.0)
        desk.performer.perform_waiting()

    assert run(_beside(desk, begin, 100.0)).state == "done"


def test_what_takes_longer_than_anybody_waits_goes_on(desk: Desk) -> None:
    async def begin() -> None:
        await desk.world.env.sleep(1.0)
        (row,) = desk.store.acts.waiting()
        desk.store.acts.begin(row.id)

    with pytest.raises(TransientError, match="act-goes-on"):
        run(_beside(desk, begin, 1000.0))
    assert [row.state for row in desk.store.acts.waiting()] == ["begun"]


def test_whoever_stops_asking_takes_the_act_back(desk: Desk) -> None:
    import asyncio

    with pytest.raises(asyncio.CancelledError):
        run(_beside(desk, seconds=1.0))
    desk.performer.perform_waiting()
    assert desk.store.notes.get("word") is None


def test_a_daemon_that_ends_meanwhile_is_not_waited_for(desk: Desk) -> None:
    async def end() -> None:
        await desk.world.env.sleep(1.0)
        desk.store.close()

    assert run(_beside(desk, end, 4.0)).state == "done"
    desk.store = Store(desk.directory)


def test_there_must_be_a_store_of_this_version(tmp_path: Path, desk: Desk) -> None:
    with pytest.raises(RefusedError, match="store-missing"), acts_beside(tmp_path / "nowhere"):
        pass
    desk.store._connection.execute("PRAGMA user_version = 1")
    with pytest.raises(RefusedError, match="act-other-version"), acts_beside(desk.directory):
        pass


def test_a_hub_that_does_not_know_the_time_says_so(desk: Desk) -> None:
    context = desk.context(desk.store)
    assert context.now() == desk.world.utc
    desk.store.undated.raise_floor(desk.world.utc)
    assert context.now() == desk.world.utc
    desk.world.set_clock(desk.world.utc.replace(year=2000), "rtc")
    with pytest.raises(RefusedError, match="act-clock-unknown"):
        context.now()
    desk.world.clock = "unsynchronised"
    assert context.known_now() is None


def test_a_device_is_known_by_the_installers_word(desk: Desk) -> None:
    context = desk.context(desk.store)
    assert context.device("vekt").ref == "dev-1"
    with pytest.raises(RefusedError, match="act-unknown-device"):
        context.device("mansjett")
