"""Xiaomi Mi Smart Scale: weights in its advertisements (service data 181D). Not a medical device.

theengs/decoder, src/devices/*_json.h and tests/BLE/test_ble.cpp (layout, values); openScale, MiScaleHandler.kt (stable
and load-removed bits).

Anybody's weight is sent to everybody: only the listed address is heard. The scale repeats a weighing, with its moment,
for seconds, and again when the load is gone: the first stable advertisement with the load still on is the act.
"""

from collections import deque
from decimal import Decimal

from drivers.api import Act, BleDriver, Characteristic, Frame, Measurement
from drivers.ble.device_time import read_time
from drivers.cursor import Cursor
from drivers.draft import Draft
from drivers.gather import Each
from drivers.quantities import WEIGHT, WEIGHT_LB
from drivers.uuids import full

SERVICE = full(0x181D)

# How long a scale may take to say more of a weighing, and how long it is listened to after its last word.
WAIT_S, QUIET_S = 15.0, 20.0

_LB, _JIN, _STABLE, _REMOVED = 0x01, 0x10, 0x20, 0x80
_MOMENTS = 16


def decode(data: bytes) -> Measurement | None:
    """A weight; None while it is not stable, or when the load is gone."""
    cursor, draft = Cursor(data), Draft("weight")
    flags, raw = cursor.u8(), cursor.u16()
    read_weight(draft, raw, lb=bool(flags & _LB), jin=bool(flags & _JIN))
    read_time(draft, cursor)
    measurement = draft.done(cursor)
    return measurement if raw and flags & _STABLE and not flags & _REMOVED else None


def read_weight(draft: Draft, raw: int, *, lb: bool, jin: bool) -> None:
    """Reads a weight as shown. UCUM has no jin: one is half a kilogram."""
    draft.detail["unit_shown"] = "lb" if lb else "jin" if jin else "kg"
    if lb:
        draft.value(WEIGHT_LB, raw * Decimal("0.01"))
    else:
        draft.value(WEIGHT, raw * Decimal("0.005"))


class FirstOfMoment:
    """One act for each moment that the scale tells: the first.

    With `more`, the type of a value that may follow, the act waits for it, `WAIT_S` at most; it joins the same weight.
    """

    journal = True

    def __init__(self, more: str | None = None) -> None:
        self._more = more
        self._told: deque[str] = deque(maxlen=_MOMENTS)
        self._waiting: Act | None = None
        self._each = Each(WAIT_S)

    def add(self, act: Act) -> list[Act]:
        """Takes a stable weight."""
        if not act.measurement.dated:
            return self._each.add(act)
        done, moment = self.tick(act.at), act.measurement.time_raw
        if self._waiting is not None and moment == self._waiting.measurement.time_raw:
            if self._is_whole(act) and act.measurement.samples[0] == self._waiting.measurement.samples[0]:
                self._waiting = Act(act.measurement, self._waiting.frames + act.frames)
                done += self._close()
        elif moment not in self._told:
            done += self._close()
            self._told.append(moment)
            self._waiting = act
            done += self._close() if self._is_whole(act) else []
        return done

    def tick(self, at: float) -> list[Act]:
        """Gives a weight for which nothing more has come."""
        return self._close() if self._waiting is not None and at - self._waiting.at > WAIT_S else []

    def end(self, at: float) -> list[Act]:
        """Nothing more will come."""
        return self._close()

    def held(self) -> tuple[Frame, ...]:
        """The weight that waits."""
        return () if self._waiting is None else self._waiting.frames

    def _is_whole(self, act: Act) -> bool:
        return self._more is None or any(s.quantity.type == self._more for s in act.measurement.samples)

    def _close(self) -> list[Act]:
        act, self._waiting = self._waiting, None
        return [] if act is None else [act]


DRIVER = BleDriver(
    name="mi-scale",
    kind="weight",
    services=(SERVICE,),
    modes={"first": FirstOfMoment},
    adverts=(Characteristic(SERVICE, decode),),
    quiet_s=QUIET_S,
    verdict="public",
    verified="NOT A MEDICAL DEVICE; advertisements and values of a public decoder's tests; none captured for this "
    "project, and no weight in jin",
)
