"""The contract between a driver and the gateway.

A driver is a frozen value: pure functions from bytes to values, never a class to inherit from. It knows no clock, no
log and no transport; whatever time it needs is given as an argument. Times inside a measurement are the device's own,
naive, as told; `at` is a monotonic number of seconds given by the caller.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal, Protocol

Facts = Mapping[str, object]


class DecodeError(ValueError):
    """Bytes that a driver refuses: `reason` in the project's words, `offset` of the first byte that does not fit."""

    def __init__(self, reason: str, offset: int, message: str) -> None:
        super().__init__(f"{message} (at byte {offset})")
        self.reason = reason
        self.offset = offset
        self.message = message


class Absent(StrEnum):
    """Why a value is not a number; the words of FHIR's data absent reason."""

    NOT_A_NUMBER = "not-a-number"
    POSITIVE_INFINITY = "positive-infinity"
    NEGATIVE_INFINITY = "negative-infinity"
    ERROR = "error"
    OUT_OF_RANGE = "out-of-range"


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is measured: the field's codes, the UCUM unit, and the range a sound instrument can show at all.

    `low` and `high` are technical (an instrument that shows 900 % oxygen is broken), never clinical. Unknown codes
    stay None.
    """

    type: str
    unit: str
    mdc: int | None = None
    loinc: str | None = None
    snomed: str | None = None
    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a measurement, in the unit of its quantity; Decimal, so that 36.5 and 36.50 stay apart."""

    quantity: Quantity
    value: Decimal | Absent


Status = Literal["valid", "questionable", "invalid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one act of measuring told, without identity.

    `device_time` is naive and only set when it is a possible date; `time_raw` keeps the bytes (hex) in any case;
    `time_fault` says why the time must not be used. `record` is the device's own record number, `user` its user slot
    (None: absent or unknown). `stored` is True when the device says the value comes from its memory, None when it does
    not say. `failed` names a failed measurement: an event, never a reading. `detail` holds protocol facts for people
    who debug (raw status words, reserved bits, trailing bytes); it is never sent.
    """

    kind: str
    samples: tuple[Sample, ...]
    device_time: datetime | None = None
    time_raw: str = ""
    time_fault: str | None = None
    record: int | None = None
    user: int | None = None
    stored: bool | None = None
    status: Status = "valid"
    flags: tuple[str, ...] = ()
    failed: str | None = None
    detail: Facts = field(default_factory=dict)

    @property
    def record_key(self) -> str:
        """The same act, live, re-read or fetched from memory, gives the same key: raw time, number, user, raw values.

        Flags and `stored` are left out: a device may mark the stored copy of an act differently.
        """
        values = ",".join(f"{s.quantity.type}={s.value}{s.quantity.unit}" for s in self.samples)
        number = "" if self.record is None else str(self.record)
        user = "" if self.user is None else str(self.user)
        return f"{self.time_raw}|{number}|{user}|{values}"

    @property
    def dated(self) -> bool:
        """Whether the record key is the device's own: without raw time or number only the moment of receipt tells.

        A raw time of nothing but zeros is a clock that tells nothing: two acts under it would pass for one.
        """
        return bool(self.time_raw.strip("0")) or self.record is not None


@dataclass(frozen=True, slots=True)
class Frame:
    """Raw bytes as they came, the channel (characteristic UUID, `adv:` UUID or `port`), and when (monotonic s)."""

    channel: str
    data: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Act:
    """A complete act of measuring with the frames it came from."""

    measurement: Measurement
    frames: tuple[Frame, ...]

    @property
    def at(self) -> float:
        """When its first frame came (monotonic s)."""
        return self.frames[0].at


@dataclass(frozen=True, slots=True)
class Bad:
    """A frame that was refused, and why."""

    error: DecodeError
    frame: Frame


Outcome = Act | Bad


class Gatherer(Protocol):
    """Turns single decoded frames into acts of measuring: merges parts, chooses a spot value, drops repeats.

    One gatherer serves one device for as long as the daemon runs. `journal` says whether frames it holds back must be
    kept on disk until their act is complete (True), or are a stream of which only the summary matters (False).
    """

    journal: bool

    def add(self, act: Act) -> list[Act]:
        """Takes one decoded frame; returns the acts it completes."""
        ...

    def tick(self, at: float) -> list[Act]:
        """Time has passed without a frame; returns the acts that completes."""
        ...

    def end(self, at: float) -> list[Act]:
        """The contact is over; returns what is complete and forgets what is not."""
        ...

    def held(self) -> tuple[Frame, ...]:
        """Frames taken that belong to no finished act yet."""
        ...


class Framer(Protocol):
    """Cuts a byte stream into messages. Bounded: it never holds more than its limit."""

    def feed(self, data: bytes) -> list[bytes | DecodeError]:
        """Takes any chunk; returns whole messages, and an error for each stretch of bytes thrown away."""
        ...

    def reset(self) -> None:
        """The stream was interrupted: what is half received is given up."""
        ...


# --- Conversations: what a driver wants the transport to do, as data ------------------------------------------------


@dataclass(frozen=True, slots=True)
class Write:
    """Write `data` to a channel; answered by `Done` or `Refused`."""

    channel: str
    data: bytes
    response: bool = True


@dataclass(frozen=True, slots=True)
class Read:
    """Read a channel; answered by `Value` or `Refused`."""

    channel: str


@dataclass(frozen=True, slots=True)
class Await:
    """Wait for the next bytes on a control channel; answered by `Value`, or `TimedOut` after `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ClockRead:
    """Nothing to do on the link: the device's clock shows `time` just now (naive, as told); answered by `Done`."""

    time: datetime | None


@dataclass(frozen=True, slots=True)
class Value:
    """Bytes that came from a channel."""

    channel: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """A write was taken."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The device said no: the ATT error code where there is one."""

    code: int | None = None


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Nothing came in time."""


Step = Write | Read | Await | ClockRead
Reply = Value | Done | Refused | TimedOut


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkContext:
    """What a conversation may know: local wall time (None while the hub's clock is not to be trusted), the highest
    record number already kept (None: nothing yet), and the device's options from the configuration."""

    local_time: datetime | None
    cursor: int | None = None
    options: Facts = field(default_factory=dict)


Talk = Callable[[TalkContext], Generator[Step, Reply, None]]
Decode = Callable[[bytes], Measurement | None]


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A GATT characteristic that carries measurements (`decode`), answers of a conversation (`control`), or both.

    `uuid` is 128-bit lower case. `required` False: a device without it is still served. `framer`: its values are pieces
    of a byte stream, cut by the radio and not by the protocol; a conversation hears the pieces as they come.
    """

    uuid: str
    decode: Decode | None = None
    control: bool = False
    required: bool = True
    framer: Callable[[], Framer] | None = None


@dataclass(frozen=True, slots=True)
class Info:
    """A readable characteristic that tells of the device, not of a person: `decode` gives named facts."""

    uuid: str
    decode: Callable[[bytes], Facts]


@dataclass(frozen=True, slots=True)
class Clock:
    """The device's clock: where it is read, and how it is set."""

    uuid: str
    decode: Callable[[bytes], datetime | None]
    encode: Callable[[datetime], bytes]


Verdict = Literal["standard", "public", "experimental", "opt-in"]
GathererFactory = Callable[[], Gatherer]


@dataclass(frozen=True, slots=True, kw_only=True)
class BleDriver:
    """A Bluetooth LE device or profile.

    `services` are the advertised service UUIDs by which a scan recognises it. `characteristics` are subscribed in this
    order. `adverts` decode service data of a device that is never connected to (channel `adv:` + UUID). `modes` are the
    ways of turning frames into acts; the first is the default. `quiet_s` is how long after the last value the hub lets
    go by itself. `clocks` are looked for in this order; `set_clock` says when the hub may set the one it finds.
    `more_s` is how long after an indication another of the same act may come: no bonded device is told before then to
    wait until it is asked again. `memory` False: it only ever tells what it measures at that moment.
    """

    name: str
    kind: str
    services: tuple[str, ...]
    modes: Mapping[str, GathererFactory]
    characteristics: tuple[Characteristic, ...] = ()
    adverts: tuple[Characteristic, ...] = ()
    info: tuple[Info, ...] = ()
    clocks: tuple[Clock, ...] = ()
    set_clock: Literal["never", "before-subscribing", "after-values"] = "never"
    talk: Talk | None = None
    quiet_s: float = 15.0
    more_s: float = 0.0
    memory: bool = True
    verdict: Verdict = "standard"
    verified: str = ""
    transport: Literal["ble"] = "ble"


@dataclass(frozen=True, slots=True)
class Line:
    """Serial line settings; flow control is always off, DTR and RTS are left alone."""

    baud: int = 9600
    bits: Literal[7, 8] = 8
    parity: Literal["N", "E", "O"] = "N"
    stop: Literal[1, 2] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialDriver:
    """An instrument on a serial line. `talk` runs once at each opening; its channel is `port`.

    `tells_clock`: the conversation reads the instrument's clock (`ClockRead`), and readings wait for it. `memory`
    False: it only ever tells what it measures at that moment.
    """

    name: str
    kind: str
    framer: Callable[[], Framer]
    decode: Decode
    modes: Mapping[str, GathererFactory]
    line: Line = Line()
    talk: Talk | None = None
    tells_clock: bool = False
    memory: bool = True
    verdict: Verdict = "public"
    verified: str = ""
    transport: Literal["serial"] = "serial"


PORT = "port"
Driver = BleDriver | SerialDriver
