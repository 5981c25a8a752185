"""The devices of the home, and what they measure: each value occurs once, so that a lost one has a name."""

from datetime import datetime, timedelta

from gateway.simulator import frames, vendor_frames
from gateway.simulator.ble_devices import Cuff, Oximeter, Scale
from gateway.simulator.peripheral import Habits, VirtualDevice
from gateway.simulator.vendor_ble_devices import SP10W

_QUICK = Habits(interval=0.1, linger=0.5)
# Sends what it has as soon as the link is encrypted, and deletes what was confirmed.
# It stays for some seconds, since an emulated machine needs more than one until it has paired.
_EARLY = Habits(interval=0.1, linger=4.0, early=0.0)
_BEGAN = datetime(2026, 1, 5, 7, 0, 0)  # noqa: DTZ001 (a device's clock has no zone)


class Devices:
    """One of each kind. Call what they do inside `Home.do`."""

    def __init__(self) -> None:
        self.oximeter = Oximeter(habits=_QUICK)
        self.cuff = Cuff(habits=_EARLY, needs_bond=True)
        self.scale = Scale(habits=_QUICK)
        # A conversation has pauses, in which it does not hang up.
        self.spirometer = SP10W(habits=Habits(interval=0.1, linger=5.0))
        self.locked = Cuff("Locked", "C0:00:00:00:00:14", habits=_QUICK, needs_bond=True, passkey=123456)
        self._number = 0

    @property
    def all(self) -> list[VirtualDevice]:
        return [self.oximeter, self.cuff, self.scale, self.spirometer, self.locked]

    @property
    def listed(self) -> list[tuple[str, str, str]]:
        """Name, driver and address of each, for the configuration."""
        return [
            ("oksymeter", "pulse-oximeter", self.oximeter.address),
            ("mansjett", "blood-pressure", self.cuff.address),
            ("vekt", "weight-scale", self.scale.address),
            ("spirometer", "contec-sp10w", self.spirometer.address),
            ("mansjett-med-kode", "blood-pressure", self.locked.address),
        ]

    @property
    def latest(self) -> datetime:
        """When the latest measurement of all was made, by the devices' clocks."""
        return _BEGAN + timedelta(minutes=self._number)

    def cuff_measures(self, times: int = 1) -> None:
        """New measurements, all in its memory."""
        self.cuff.measure(*(self._pressure() for _ in range(times)))

    def locked_measures(self) -> None:
        """A new measurement of the cuff with a passkey."""
        self.locked.measure(self._pressure())

    def scale_measures(self, times: int = 1) -> None:
        """So many weighings."""
        self.scale.measure(*(self._weight() for _ in range(times)))

    def oximeter_measures(self) -> None:
        """A spot-check."""
        self.oximeter.measure(frames.spot_check(97, 61, self._when()))

    def blow(self) -> None:
        """A blow into the spirometer."""
        self.spirometer.blow(vendor_frames.sp10_record(1, self._when()))

    def _when(self) -> datetime:
        self._number += 1
        return self.latest

    def _pressure(self) -> bytes:
        when = self._when()
        return frames.blood_pressure(110 + self._number % 40, 80, 93, when, pulse=60)

    def _weight(self) -> bytes:
        when = self._when()
        return frames.weight(f"{70 + self._number % 200 / 10:.1f}", when)
