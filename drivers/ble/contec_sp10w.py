"""Contec SP10W spirometer over Bluetooth: the SP10 core (`drivers.sp10`) on service FF12. Experimental.

tikhonp/contec-spirometer-ios-app, spirometer/ContecSDK: service, characteristics, writes with response.
"""

from drivers.api import BleDriver, Characteristic
from drivers.ble.device_information import STANDARD_INFO
from drivers.ff12 import NOTIFY, SERVICE, WRITE
from drivers.gather import each
from drivers.sp10 import VERIFIED, decode, framer, talk_over

DRIVER = BleDriver(
    name="contec-sp10w",
    kind="spirometry",
    services=(SERVICE,),
    modes={"each": each(1.0)},
    characteristics=(Characteristic(NOTIFY, decode, control=True, framer=framer),),
    info=STANDARD_INFO,
    talk=talk_over(WRITE),
    verdict="experimental",
    verified=VERIFIED,
)
