"""The clock inside a device: read at contact, and set where the driver says so and the hub knows better."""

from collections.abc import Callable
from datetime import datetime, timedelta

from drivers.api import Clock, DecodeError
from gateway.errors import GatewayError
from gateway.transport.ble.link import HungUpError, Link


class DeviceClock:
    """The first of a driver's clocks that the device has, if it has one."""

    def __init__(self, clocks: tuple[Clock, ...], link: Link, monotonic: Callable[[], float]) -> None:
        self._link = link
        self._monotonic = monotonic
        self._clock = next((c for c in clocks if link.has(c.uuid)), None)
        self._shown: datetime | None = None
        self._read_at: float | None = None

    @property
    def present(self) -> bool:
        """Whether the device has a clock that can be read."""
        return self._clock is not None

    async def read(self) -> None:
        """Reads the clock, once; a device that refuses has no clock for us. HungUpError when it hangs up."""
        clock = self._clock
        if clock is None or self._read_at is not None:
            return
        try:
            data = await self._link.read(clock.uuid)
            self._read_at = self._monotonic()
            self._shown = clock.decode(data)
        except HungUpError:
            raise
        except (GatewayError, DecodeError):
            return

    @property
    def shows(self) -> datetime | None:
        """What the clock, as it was read, must show by now; None: it could not be read, or shows no date."""
        if self._shown is None or self._read_at is None:
            return None
        return self._shown + timedelta(seconds=self._monotonic() - self._read_at)

    async def put_right(self, local: datetime | None, tolerance_s: float) -> None:
        """Sets a clock that was read and is wrong by the hub's time; one that could not be read is left alone."""
        if self._clock is None or local is None or self._read_at is None:
            return
        shows = self.shows
        if shows is not None and abs((local - shows).total_seconds()) <= tolerance_s:
            return
        try:
            await self._link.write(self._clock.uuid, self._clock.encode(local), response=True)
        except HungUpError:
            raise
        except GatewayError:
            return
