"""A&D UA-651BLE blood pressure cuff: the standard measurement, with its clock inside the blood pressure service.

HEADS-project/ThingML-BLE, Documentation/AND_Medical_UA651BLE.md (attribute table and 32 real indications);
GenericBleController.kt of a React Native app (find_string id 62263026892), whose author notes what real cuffs do.

It advertises for a minute after a measurement, sends what it has stored as soon as it is subscribed to, and hangs up. A
clock never set leaves the date out: so Date Time, which stands in service 1810, is set before the subscription. A
measurement that failed is stored and sent with no number in it; one whose confirmation was lost comes again.
"""

from drivers.api import BleDriver, Characteristic, Info
from drivers.ble.blood_pressure import MEASUREMENT, features
from drivers.ble.device_information import STANDARD_INFO
from drivers.ble.device_time import DATE_TIME
from drivers.ble.pressure import measurement
from drivers.gather import each
from drivers.uuids import full

DRIVER = BleDriver(
    name="and-ua651ble",
    kind="blood-pressure",
    services=(full(0x1810),),
    modes={"each": each(20.0)},
    characteristics=(Characteristic(MEASUREMENT, measurement),),
    info=(Info(full(0x2A49), features), *STANDARD_INFO),
    clocks=(DATE_TIME,),
    set_clock="before-subscribing",
    quiet_s=10.0,
    verified="indications captured from a cuff, most of them failed measurements; clock, window and repeats as two "
    "projects report them; bonding not tried on this hub",
)
