"""Dates readings that came while the hub did not know the time, as soon as it does."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from gateway.env import Env, wall_clock
from gateway.making import bounded, dated
from gateway.reading import Reading
from gateway.timebase import RELEASED, HubClock, Moment, Undated, believed

_LOOK_S = 5.0
# How long readings wait for the time while the backend can be reached: where there is a network there is soon a time,
# and where there is none for this long there will be none.
_PATIENCE_S = 900.0
# The moment that is certainly past is written down this often; a shutdown writes it too.
_FLOOR_S = 3600.0


class UndatedView(Protocol):
    """The store as this part sees it."""

    def next(self) -> "Sequence[Row]":
        """The first undated readings, in order."""
        ...

    def date(self, readings: Sequence[tuple[int, Reading, str]]) -> None:
        """These have their time now; they are held back where a reason is given."""
        ...

    def floor(self) -> datetime | None:
        """A moment that is certainly past."""
        ...

    def raise_floor(self, known: datetime) -> None:
        """The hub knows that it is this moment now."""
        ...


class Row(Protocol):
    """An undated reading."""

    @property
    def seq(self) -> int:
        """Its place in the sequence."""
        ...

    @property
    def reading(self) -> Reading:
        """The reading as it is."""
        ...

    @property
    def what(self) -> Undated:
        """What is needed to date it."""
        ...

    @property
    def earliest(self) -> datetime | None:
        """A moment certainly before it."""
        ...


def _as_it_is(reading: Reading, _what: Undated) -> tuple[Reading, str]:
    return reading, ""


class Dating:
    """Watches the hub's clock. `hub_clock` is the trust that the whole daemon goes by."""

    def __init__(
        self,
        undated: UndatedView,
        env: Env,
        zone: ZoneInfo,
        told: Callable[[int], None],
        reachable: Callable[[], bool],
        settled: Callable[[Reading, Undated], tuple[Reading, str]] = _as_it_is,
    ) -> None:
        """`told(how_many)` hears of readings that were dated; `reachable` whether the backend's broker is there;
        `settled` says, of a reading with its time, whose it is, and why it is to be held back if it is."""
        self._undated, self._env, self._zone = undated, env, zone
        self._told, self._reachable, self._settled = told, reachable, settled
        self._floor = undated.floor() or RELEASED
        self._floor_at = float("-inf")
        self._reachable_s = 0.0

    def hub_clock(self) -> HubClock:
        """How far the hub's wall clock is to be trusted."""
        return believed(self._env.hub_clock(), self._env.now(), self._floor)

    async def run(self) -> None:
        """Until cancelled; the moment that is certainly past is written down at the end."""
        try:
            while True:
                self._look()
                await self._env.sleep(_LOOK_S)
        finally:
            self._remember(at_once=True)

    def _look(self) -> None:
        now, state = wall_clock(self._env)
        state = believed(state, now, self._floor)
        if state != "unsynchronised":
            self._remember()
            self._date_all(Moment(now, self._env.monotonic(), state))
        elif self._patience_is_over():
            self._give_up()

    def _patience_is_over(self) -> bool:
        self._reachable_s = self._reachable_s + _LOOK_S if self._reachable() else 0.0
        return self._reachable_s > _PATIENCE_S

    def _remember(self, *, at_once: bool = False) -> None:
        monotonic = self._env.monotonic()
        now, state = wall_clock(self._env)
        if state != "synchronised" or not (at_once or monotonic - self._floor_at > _FLOOR_S):
            return
        self._undated.raise_floor(now)
        self._floor, self._floor_at = now, monotonic

    def _date_all(self, now: Moment) -> None:
        born = (now.utc - timedelta(seconds=now.monotonic)).astimezone(UTC)
        while rows := self._undated.next():
            self._undated.date([(row.seq, *self._settled(self._dated(row, now, born), row.what)) for row in rows])
            self._told(len(rows))

    def _dated(self, row: Row, now: Moment, born: datetime) -> Reading:
        if row.what.boot == self._env.boot_id:
            return dated(row.reading, row.what, now, self._zone)
        # Another boot's monotonic clock says nothing here: it was before this boot began, and no more is known.
        return bounded(row.reading, row.earliest, born, self._zone)

    def _give_up(self) -> None:
        while rows := self._undated.next():
            given_up = [(row, bounded(row.reading, row.earliest, None, self._zone)) for row in rows]
            self._undated.date([(row.seq, *self._settled(reading, row.what)) for row, reading in given_up])
            self._told(len(rows))
