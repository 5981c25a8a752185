"""A&D UC-352BLE scale: the standard weight, with its clock inside the weight scale service.

HEADS-project/ThingML-BLE, Documentation/AND_Medical_UC352BLE.md (attribute table). It is taken to behave as the maker's
cuff does: clock set before the subscription, stored weights sent at once, short window.
"""

from drivers.api import BleDriver, Characteristic, Info
from drivers.ble.device_information import STANDARD_INFO
from drivers.ble.device_time import DATE_TIME
from drivers.ble.weight_scale import MEASUREMENT, features, measurement
from drivers.gather import each
from drivers.uuids import full

DRIVER = BleDriver(
    name="and-uc352ble",
    kind="weight",
    services=(full(0x181D),),
    modes={"each": each(5.0)},
    characteristics=(Characteristic(MEASUREMENT, measurement),),
    info=(Info(full(0x2A9E), features), *STANDARD_INFO),
    clocks=(DATE_TIME,),
    set_clock="before-subscribing",
    quiet_s=10.0,
    verified="the attribute table of a real scale; no weight captured; its behaviour is taken from the maker's cuff",
)
