"""Device drivers: everything the gateway can read, in one table.

A daemon loads those that its configuration names; all of them would cost it more than a megabyte.
"""

from collections.abc import Mapping
from importlib import import_module

from drivers.api import Driver

# The name of each driver, and the module whose `DRIVER` it is, or one of whose `DRIVERS`.
WHERE: Mapping[str, str] = {
    "pulse-oximeter": "ble.pulse_oximeter",
    "blood-pressure": "ble.blood_pressure",
    "weight-scale": "ble.weight_scale",
    "body-composition": "ble.body_composition",
    "thermometer": "ble.thermometer",
    "heart-rate": "ble.heart_rate",
    "glucose": "ble.glucose",
    "nonin-3230": "ble.nonin_3230",
    "pc-60fw": "ble.pc_60fw",
    "contec-sp10w": "ble.contec_sp10w",
    "cms50d-bt": "ble.cms50d_bt",
    "beurer-po60": "ble.beurer_po60",
    "and-ua651ble": "ble.and_ua651ble",
    "beurer-bm54": "ble.beurer_bm54",
    "and-uc352ble": "ble.and_uc352ble",
    "mi-scale": "ble.mi_scale",
    "mi-body-composition-scale": "ble.mi_body_composition",
    "omron-hem-7142t2": "ble.omron_hem",
    "omron-hem-7380t1": "ble.omron_hem",
    "omron-hem-7377t1": "ble.omron_hem",
    "jumper-jpd500f": "ble.jumper_jpd500f",
    "berry-bm1000": "ble.berry_bm1000",
    "and-scale": "serial.and_scale",
    "nonin-serial": "serial.nonin",
    "nonin-serial-7": "serial.nonin",
    "nonin-serial-8": "serial.nonin",
    "nonin-serial-13": "serial.nonin_13",
    "cms50d-serial": "serial.cms50",
    "cms50d-stored": "serial.cms50",
    "cms50f-serial": "serial.cms50f",
    "cms50f-stored": "serial.cms50f",
    "st-gs-scale": "serial.st_gs_scale",
    "mt-sics-scale": "serial.mt_sics_scale",
    "mt-sics-polled": "serial.mt_sics_scale",
    "tanita-scale": "serial.tanita_scale",
    "detecto-scale": "serial.key_print_scales",
    "rice-lake-scale": "serial.key_print_scales",
    "beurer-bm65": "serial.beurer_bm65",
    "visomat-serial": "serial.visomat",
    "and-ua767pc": "serial.and_ua767pc",
    "spirometer-sp10-serial": "serial.sp10_serial",
}


def built_in(name: str) -> Driver:
    """The driver of that name, loaded if need be. KeyError if there is none."""
    module = import_module(f"drivers.{WHERE[name]}")
    several: tuple[Driver, ...] = getattr(module, "DRIVERS", ()) or (module.DRIVER,)
    return next(driver for driver in several if driver.name == name)


def __getattr__(name: str) -> tuple[Driver, ...]:
    """`BUILTIN`: all of them, in the order of the table."""
    if name != "BUILTIN":
        raise AttributeError(name)
    return tuple(map(built_in, WHERE))
