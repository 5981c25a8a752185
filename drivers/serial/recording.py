"""Readings out of an oximeter's recording: what the stays of a finger would have given live.

A recording is one value a second. Each stay in it gives one reading, by the rule of a live stream: 8 s on end alike. A
reading carries the time of its second where the recording has a beginning, and keeps its record key when the recording
is fetched again. Nothing is given of a stay that was cut off on the way: the oximeter still has it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from drivers.api import Act, Frame, Measurement
from drivers.serial.spot import Rule, Stay

_RULE = Rule(alike=8, told=False, least=6, out=2, cable=True)
# An upload that pauses this long is over.
PAUSE_S = 10.0
UNDATED = "undated"


@dataclass(slots=True)
class _Upload:
    """One recording on its way: when it began, the bytes that say so, and how many seconds are still to come."""

    start: datetime | None
    raw: str
    left: int | None
    index: int = 0
    stay: Stay = field(default_factory=lambda: Stay(_RULE, pause_s=float("inf")))

    def take(self, act: Act, second: Measurement) -> list[Act]:
        """The next second; those beyond the end are padding."""
        if self.left == 0:
            return []
        time = None if self.start is None else self.start + timedelta(seconds=self.index)
        dated = replace(
            second,
            device_time=time,
            time_raw=f"{self.raw}+{self.index}",
            time_fault=UNDATED if time is None else None,
            detail={**second.detail, "finger": isinstance(second.samples[0].value, Decimal)},
        )
        self.index += 1
        self.left = None if self.left is None else self.left - 1
        return self.stay.add(Act(dated, act.frames))


class Recording:
    """Takes the parts of an upload, as `detail["part"]` names them; others pass by.

    `header`: twice alike, then perhaps `length` (`seconds`): an upload without a date. `date`, `time` (`offset_s`): the
    beginning of a recording; `duration` (`records`): how long it is, told before. `seconds`: SpO2 and pulse of one or
    more seconds.
    """

    journal = False

    def __init__(self) -> None:
        self._parts: dict[object, Callable[[Act], list[Act]]] = {
            "header": self._header,
            "length": self._length,
            "date": self._date,
            "time": self._time,
            "duration": self._duration,
            "seconds": self._seconds,
        }
        self._upload: _Upload | None = None
        self._head = ""
        self._armed = ""
        self._day: datetime | None = None
        self._day_raw = ""
        self._told: int | None = None
        self._latest = 0.0

    def add(self, act: Act) -> list[Act]:
        """Takes one part."""
        done = self.tick(act.at)
        self._latest = act.at
        take = self._parts.get(act.measurement.detail["part"])
        return done + ([] if take is None else take(act))

    def tick(self, at: float) -> list[Act]:
        """Ends an upload that has paused: one of known length is not complete, and given up."""
        if self._upload is None or at - self._latest <= PAUSE_S:
            return []
        return self._finish() if self._upload.left is None else self.end(at)

    def end(self, at: float) -> list[Act]:
        """The port is lost: what is not complete is given up, and fetched again."""
        self._upload, self._head, self._armed = None, "", ""
        return []

    def held(self) -> tuple[Frame, ...]:
        """Of a recording only its readings are kept."""
        return ()

    def _header(self, act: Act) -> list[Act]:
        raw = str(act.measurement.detail["raw"])
        self._upload = None
        self._armed = raw if self._head == raw else ""
        self._head = raw
        return []

    def _length(self, act: Act) -> list[Act]:
        if self._armed:
            self._begin(None, self._armed + str(act.measurement.detail["raw"]), act.measurement.detail["seconds"])
        return []

    def _date(self, act: Act) -> list[Act]:
        self._upload = None
        self._day, self._day_raw = act.measurement.device_time, act.measurement.time_raw
        return []

    def _time(self, act: Act) -> list[Act]:
        offset, start = act.measurement.detail["offset_s"], None
        if self._day is not None and isinstance(offset, int):
            start = self._day + timedelta(seconds=offset)
        self._begin(start, self._day_raw + act.measurement.time_raw, self._told)
        return []

    def _duration(self, act: Act) -> list[Act]:
        told = act.measurement.detail["records"]
        self._told = told if isinstance(told, int) else None
        return []

    def _seconds(self, act: Act) -> list[Act]:
        if self._upload is None and self._armed:
            self._begin(None, self._armed, None)
        if self._upload is None:
            return []
        done: list[Act] = []
        samples = act.measurement.samples
        for at in range(0, len(samples), 2):
            done += self._upload.take(act, replace(act.measurement, samples=samples[at : at + 2]))
        return done + (self._finish() if self._upload.left == 0 else [])

    def _begin(self, start: datetime | None, raw: str, seconds: object) -> None:
        self._upload = _Upload(start, raw, seconds if isinstance(seconds, int) else None)
        self._head = self._armed = ""

    def _finish(self) -> list[Act]:
        done = [] if self._upload is None else self._upload.stay.finish()
        self._upload = None
        return done
