"""Device drivers: everything the gateway can read, in one table."""

from drivers.api import Driver
from drivers.ble import (
    blood_pressure,
    body_composition,
    glucose,
    heart_rate,
    pulse_oximeter,
    thermometer,
    weight_scale,
)
from drivers.serial import and_scale, nonin, nonin_13

BUILTIN: tuple[Driver, ...] = (
    pulse_oximeter.DRIVER,
    blood_pressure.DRIVER,
    weight_scale.DRIVER,
    body_composition.DRIVER,
    thermometer.DRIVER,
    heart_rate.DRIVER,
    glucose.DRIVER,
    and_scale.DRIVER,
    *nonin.DRIVERS,
    nonin_13.DRIVER,
)
