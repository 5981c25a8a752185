"""The end of an assignment is told three days before and when it comes, once each, though the hub was off meanwhile."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.assignments import Assignment, Span, finish
from gateway.notices import Notices
from gateway.store import Store
from tests.aio import run
from tests.world import World

OSLO = ZoneInfo("Europe/Oslo")
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
# The ends of two assessments, in the weeks in which the clocks go forward and back.
ENDS = [datetime(2026, 4, 1, 7, 30, tzinfo=UTC), datetime(2026, 10, 27, 8, 30, tzinfo=UTC)]


class Rig:
    def __init__(self, directory: Path, end: datetime) -> None:
        self.end = end
        self.world = World(end - 10 * DAY)
        self.store = Store(directory)
        self.one = Assignment("asg-9f2c7b", "assessment-14-days", (Span(end - 14 * DAY, end),))
        self.store.assignments.save(self.one)
        self.log: list[tuple[str, Mapping[str, object]]] = []
        self.restart()

    def restart(self) -> None:
        book, events, env = self.store.assignments, self.store.events, self.world.env
        self.notices = Notices(book, self.store.together, events.add, env, OSLO, self._note)

    def _note(self, event: str, fields: Mapping[str, object]) -> None:
        self.log.append((event, fields))

    def at(self, instant: datetime) -> list[str]:
        self.world.utc = instant
        self.notices.look()
        return [str(event.document["what"]) for event in self.store.events.waiting()]


@pytest.fixture(params=ENDS, ids=["spring", "autumn"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, request.param)
    yield made
    made.store.close()


def three_days_before(end: datetime) -> datetime:
    local = end.astimezone(OSLO).replace(tzinfo=None) - 3 * DAY
    return local.replace(tzinfo=OSLO).astimezone(UTC)


def test_notice_is_given_three_calendar_days_before_and_at_the_end(rig: Rig) -> None:
    notice = three_days_before(rig.end)
    assert rig.at(notice - SECOND) == []
    assert rig.at(notice) == ["ending"]
    assert rig.at(rig.end - SECOND) == ["ending"]
    assert rig.at(rig.end) == ["ending", "ended"]
    assert rig.at(rig.end + DAY) == ["ending", "ended"]
    end = rig.end.astimezone(OSLO).isoformat()
    assert rig.log == [
        ("assignment.ending", {"assignment": rig.one.id, "end": end}),
        ("assignment.ended", {"assignment": rig.one.id, "end": end}),
    ]


def test_an_event_says_what_and_when_and_no_more(rig: Rig) -> None:
    rig.at(rig.end)
    (event,) = rig.store.events.waiting()
    assert event.type == "assign"
    assert list(event.document) == ["schema", "type", "at", "boot", "what", "assignment", "end"]


def test_a_hub_that_was_off_tells_the_end_only(rig: Rig) -> None:
    rig.restart()
    assert rig.at(rig.end + 5 * DAY) == ["ended"]
    rig.restart()
    assert rig.at(rig.end + 6 * DAY) == ["ended"]


def test_an_extension_makes_new_notices(rig: Rig) -> None:
    assert rig.at(rig.end) == ["ended"]
    rig.store.assignments.save(Assignment(rig.one.id, "follow-up", (Span(rig.end - 14 * DAY, rig.end + 2 * DAY),)))
    rig.notices.reload()
    assert rig.at(rig.end) == ["ended", "ending"]


def test_nothing_is_told_of_what_has_an_outcome_or_while_the_time_is_unknown(rig: Rig) -> None:
    rig.world.clock = "unsynchronised"
    assert rig.at(rig.end) == []
    rig.world.clock = "synchronised"
    rig.store.assignments.save(finish(rig.one, "end", rig.end))
    rig.notices.reload()
    assert rig.at(rig.end) == []


def test_a_pause_ends_on_its_day(rig: Rig) -> None:
    day = (rig.end - 6 * DAY).astimezone(OSLO).date()
    rig.store.assignments.save(Assignment(rig.one.id, "follow-up", rig.one.spans, None, day))
    rig.notices.reload()
    midnight = datetime(day.year, day.month, day.day, tzinfo=OSLO).astimezone(UTC)
    assert rig.at(midnight - SECOND) == []
    assert rig.at(midnight) == ["resumed"]
    assert rig.at(midnight + DAY) == ["resumed"]
    assert rig.store.assignments.all()[0].paused_until is None
    assert date.max > day


def test_it_looks_by_itself(rig: Rig) -> None:
    import asyncio

    async def scene() -> None:
        rig.world.utc = rig.end - SECOND
        task = asyncio.ensure_future(rig.notices.run())
        await rig.world.advance(30)
        task.cancel()
        await asyncio.wait({task})

    run(scene())
    assert [event for event, _fields in rig.log] == ["assignment.ending", "assignment.ended"]
