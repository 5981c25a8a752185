"""Beurer BM54 and the maker's other cuffs with the standard service: the whole memory, of both users, at each contact.

Beurer, Data transmission protocol BM54, rev. 03 (2021-07-16), and a phone's capture of a session, both in
shawn-gxp/sh3-pi, datasheets/beurer.

There is no request: when bonded (newer units show a passkey) and subscribed to, it indicates everything it holds, user
after user, 100 ms apart; nothing for a few seconds is the end. User slots 0 and 1 are the cuff's users 1 and 2. Mean
pressure is always 0: absent. After a change of battery records carry 2022-01-01, which is no date to use; nor is the
moment of receipt, since they may have lain in the memory for years. The BM54 has no clock that can be set; models that
have the standard one get it set.
"""

from dataclasses import replace

from drivers.api import BleDriver, Characteristic, Info, Measurement
from drivers.ble.blood_pressure import MEASUREMENT, features
from drivers.ble.device_information import STANDARD_INFO
from drivers.ble.device_time import CURRENT_TIME
from drivers.ble.pressure import measurement
from drivers.gather import each
from drivers.uuids import full


def decode(data: bytes) -> Measurement:
    """One record; without a date to use it may be of any age."""
    found = measurement(data)
    return replace(found, stored=True) if found.device_time is None else found


DRIVER = BleDriver(
    name="beurer-bm54",
    kind="blood-pressure",
    services=(full(0x1810),),
    modes={"each": each(20.0)},
    characteristics=(Characteristic(MEASUREMENT, decode),),
    info=(Info(full(0x2A49), features), *STANDARD_INFO),
    clocks=(CURRENT_TIME,),
    set_clock="after-values",
    quiet_s=4.0,
    verified="a whole memory captured from a BM54 by a phone, and the maker's printed example; other models of the "
    "family and pairing with this hub not tried",
)
