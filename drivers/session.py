"""One device's bytes turned into outcomes: framing, decoding and gathering, in that order. Pure."""

from drivers.api import (
    PORT,
    Act,
    Bad,
    Decode,
    DecodeError,
    Driver,
    Frame,
    Framer,
    Gatherer,
    Measurement,
    Outcome,
    SerialDriver,
)
from drivers.uuids import normal

# Two microseconds: the moment is told apart in whole ones.
_SMALLEST_STEP_S = 2e-6


class Session:
    """The state between the bytes of one device and its acts of measuring; lives as long as the daemon does."""

    def __init__(self, driver: Driver, mode: str | None = None) -> None:
        """`mode` is one of the driver's modes (KeyError otherwise); None takes the default."""
        self.driver = driver
        self._gatherer: Gatherer = driver.modes[mode if mode is not None else next(iter(driver.modes))]()
        self._framers = framers(driver)
        self._decoders = decoders(driver)
        self._last_at = 0.0

    @property
    def journal(self) -> bool:
        """Whether held frames must be kept on disk."""
        return self._gatherer.journal

    def feed(self, channel: str, data: bytes, at: float) -> list[Outcome]:
        """Takes bytes as they came: any chunk of a stream, or one value of a characteristic."""
        outcomes: list[Outcome] = []
        for message in self._messages(channel, data):
            at = self._later(at)
            if isinstance(message, DecodeError):
                outcomes.append(Bad(message, Frame(channel, data, at)))
            else:
                outcomes += self.replay(Frame(channel, message, at))
        return outcomes

    def replay(self, frame: Frame) -> list[Outcome]:
        """Takes one whole frame, as kept on disk by an earlier run."""
        try:
            measurement = self._decode(frame)
        except DecodeError as error:
            return [Bad(error, frame)]
        return [] if measurement is None else list(self._gatherer.add(Act(measurement, (frame,))))

    def tick(self, at: float) -> list[Act]:
        """Time has passed."""
        return self._gatherer.tick(at)

    def end(self, at: float) -> list[Act]:
        """The contact with the device is over."""
        for framer in self._framers.values():
            framer.reset()
        return self._gatherer.end(at)

    def held(self) -> tuple[Frame, ...]:
        """Frames whose act is not complete."""
        return self._gatherer.held()

    def _later(self, at: float) -> float:
        # No two frames of a device have the same moment: it may be all that tells two equal, undated values apart.
        self._last_at = max(at, self._last_at + _SMALLEST_STEP_S)
        return self._last_at

    def _messages(self, channel: str, data: bytes) -> list[bytes | DecodeError]:
        framer = self._framers.get(channel)
        return [data] if framer is None else framer.feed(data)

    def _decode(self, frame: Frame) -> Measurement | None:
        decode = self._decoders.get(frame.channel)
        if decode is None:
            raise DecodeError("unknown-channel", 0, f"this driver decodes no channel {frame.channel}")
        return decode(frame.data)


def decoders(driver: Driver) -> dict[str, Decode]:
    """The channels a driver decodes measurements from: characteristic UUIDs, `adv:` UUIDs, or `port`."""
    if isinstance(driver, SerialDriver):
        return {PORT: driver.decode}
    found = {normal(c.uuid): c.decode for c in driver.characteristics if c.decode is not None}
    found |= {f"adv:{normal(c.uuid)}": c.decode for c in driver.adverts if c.decode is not None}
    return found


def framers(driver: Driver) -> dict[str, Framer]:
    """A new framer for each channel of a driver that is a byte stream."""
    if isinstance(driver, SerialDriver):
        return {PORT: driver.framer()}
    return {normal(c.uuid): c.framer() for c in driver.characteristics if c.framer is not None}
