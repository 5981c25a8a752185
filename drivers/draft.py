"""A measurement while it is being read: collects what a decoder finds and applies the rules common to all drivers."""

from datetime import datetime
from decimal import Decimal

from drivers.api import Absent, DecodeError, Measurement, Quantity, Sample, Status
from drivers.cursor import Cursor
from drivers.floats import ABSENT, Number, Special

_WORST: tuple[Status, ...] = ("valid", "questionable", "invalid")


class Draft:
    """Filled by one decoder for one frame.

    A number outside its quantity's technical range is kept and marked `implausible`. A number no instrument can mean
    at all (below zero, beyond twice the range) *together with* a malformed frame (bytes left over, an impossible date)
    is another layout under this UUID: the frame is refused.
    """

    def __init__(self, kind: str) -> None:
        self.detail: dict[str, object] = {}
        self.user: int | None = None
        self.record: int | None = None
        self.stored: bool | None = None
        self._kind = kind
        self._samples: list[Sample] = []
        self._flags: list[str] = []
        self._specials: dict[str, str] = {}
        self._zeros: list[str] = []
        self._status: Status = "valid"
        self._absurd = False
        self._device_time: datetime | None = None
        self._time_raw = ""
        self._time_fault: str | None = None

    def value(self, quantity: Quantity, number: Number | Absent) -> None:
        """Adds a value; a special float becomes an absent one, its exact word is kept in `detail`."""
        if isinstance(number, Special):
            self._specials[quantity.type] = number.value
            number = ABSENT[number]
        self._samples.append(Sample(quantity, number))
        if isinstance(number, Absent):
            return
        if not within(quantity, number):
            self.mark("implausible")
            self._absurd |= number < 0 or (quantity.high is not None and number > 2 * quantity.high)

    def known(self, quantity: Quantity, number: Decimal) -> None:
        """Adds a value of a field in which devices write 0 for unknown; a zero is only reported."""
        if number:
            self.value(quantity, number)
        else:
            self._zeros.append(quantity.type)

    def time(self, time: datetime | None, raw: bytes, fault: str | None, told: str) -> None:
        """The device's time: `time` only where it may be used, `told` as the device wrote it."""
        self._device_time = None if fault else time
        self._time_raw += raw.hex()
        self._time_fault = fault
        self.detail["time_told"] = told

    def distrust_time(self, fault: str) -> None:
        """The device says itself that its time is not to be used."""
        self._device_time = None
        self._time_fault = fault

    def mark(self, flag: str, status: Status = "questionable") -> None:
        """Adds a flag and lowers the status to at least `status`."""
        if flag not in self._flags:
            self._flags.append(flag)
        self.lower(status)

    def lower(self, status: Status) -> None:
        """Lowers the status to at least `status`."""
        self._status = max(self._status, status, key=_WORST.index)

    def doubt(self) -> None:
        """The values contradict each other as no instrument's would."""
        self.mark("implausible")
        self._absurd = True

    def user_slot(self, number: int) -> None:
        """The user slot; 0xFF is the standard's unknown user."""
        self.user = None if number == 0xFF else number
        self.detail["user_unknown"] = number == 0xFF

    def reserved(self, flags: int, known: int) -> None:
        """Reports flag bits the standard reserves; they are tolerated."""
        if flags & ~known:
            self.detail["rfu_flags"] = flags & ~known

    def number_of(self, quantity_type: str) -> Decimal | None:
        """The number added for a type; None where it is missing or absent."""
        numbers = {s.quantity.type: s.value for s in self._samples if isinstance(s.value, Decimal)}
        return numbers.get(quantity_type)

    def done(self, cursor: Cursor, failed: str | None = None) -> Measurement:
        """The measurement; what the cursor has left is reported as `trailing_bytes` (hex)."""
        if cursor.left():
            self.detail["trailing_bytes"] = cursor.rest().hex()
        malformed = "trailing_bytes" in self.detail or self._time_fault == "impossible-date"
        if self._absurd and malformed:
            raise DecodeError("implausible", 0, "neither the values nor the layout are those of this characteristic")
        if self._specials:
            self.detail["specials"] = self._specials
        if self._zeros:
            self.detail["zeros"] = tuple(self._zeros)
        return Measurement(
            kind=self._kind,
            samples=tuple(self._samples),
            device_time=self._device_time,
            time_raw=self._time_raw,
            time_fault=self._time_fault,
            record=self.record,
            user=self.user,
            stored=self.stored,
            status=self._status,
            flags=tuple(self._flags),
            failed=failed,
            detail=self.detail,
        )


def named_bits(word: int, names: dict[int, str]) -> tuple[str, ...]:
    """The names of the bits that are set; bits without a name are left out."""
    return tuple(name for bit, name in names.items() if word >> bit & 1)


def within(quantity: Quantity, number: Decimal) -> bool:
    """Whether a sound instrument can show this number at all."""
    return (quantity.low is None or number >= quantity.low) and (quantity.high is None or number <= quantity.high)
