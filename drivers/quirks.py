"""What differs from model to model, as data: names on the air, bonds, clocks, users, windows; and what is not read.

How a device is read stands in its driver; here is what somebody must know who finds it, pairs it, or asks for it. A
field nobody has published says so. Sources are those of the drivers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Bond = Literal["none", "just-works", "passkey", "unknown"]
ClockPlace = Literal["none", "in-service", "current-time", "in-session", "on-the-device", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model, or a family that behaves alike.

    `driver` reads it; `name` is a pattern of its name on the air, empty where none is known. `bond`: what it asks for
    before it tells anything. `clock`: where the hub finds it; `default_dates`: what it shows when it was never set.
    `users`: the driver's user slots in the maker's words. `window`: when it can be heard. `untested`: taken to work
    because it has the standard service.
    """

    model: str
    driver: str
    name: str = ""
    bond: Bond = "unknown"
    clock: ClockPlace = "unknown"
    default_dates: tuple[str, ...] = ()
    users: Mapping[int, str] = field(default_factory=dict)
    window: str
    notes: str = ""
    untested: bool = False


@dataclass(frozen=True, slots=True)
class NotSupported:
    """A device that is not read, and why not."""

    device: str
    why: str


_AFTER = "for about a minute after measuring, and while pairing"
_WORN = "while a finger is in"

MODELS = (
    # Pulse oximeters.
    Model(
        model="Nonin 3230",
        driver="nonin-3230",
        name=r"Nonin3230_\d{9}",
        bond="none",
        clock="none",
        window=_WORN,
        notes="the digits of its name are the serial number; its service is not dependably advertised",
    ),
    Model(
        model="Viatom / Wellue PC-60FW, OxySmart",
        driver="pc-60fw",
        name=r"PC-60FW?|OxySmart",
        bond="none",
        clock="none",
        window=_WORN,
    ),
    Model(model="Beurer PO60", driver="beurer-po60", name=r"PO60", bond="none", window="after measuring"),
    Model(
        model="Contec CMS50D-BT",
        driver="cms50d-bt",
        bond="none",
        clock="none",
        window=_WORN,
        notes="the stream must be asked for again and again",
    ),
    Model(
        model="Jumper JPD-500F",
        driver="jumper-jpd500f",
        name=r"My Oximeter",
        clock="none",
        window=_WORN,
    ),
    Model(
        model="Berry BM1000B, BM1000C, BM1000E",
        driver="berry-bm1000",
        name=r"BM1000[BCE]?",
        clock="none",
        window=_WORN,
        notes="not with newer firmware, whose frames have 20 bytes",
    ),
    Model(
        model="Any oximeter with the standard service",
        driver="pulse-oximeter",
        bond="unknown",
        window="as the maker says",
        notes="so a MightySat that offers it, or the standard service beside Nonin's own",
        untested=True,
    ),
    # Blood pressure cuffs.
    Model(
        model="A&D UA-651BLE",
        driver="and-ua651ble",
        name=r".*UA-651BLE.*",
        bond="just-works",
        clock="in-service",
        window=_AFTER,
        notes="wants the bond before its services are looked at; indicates only; hangs up when it has told everything; "
        "a clock never set leaves the date out",
    ),
    Model(
        model="A&D, other cuffs with the standard service",
        driver="and-ua651ble",
        name=r"UB-\d+BLE_[0-9A-F]{6}",
        bond="just-works",
        clock="in-service",
        window=_AFTER,
        untested=True,
    ),
    Model(
        model="Beurer BM54",
        driver="beurer-bm54",
        name=r"BM54",
        bond="passkey",
        clock="on-the-device",
        default_dates=("2022-01-01",),
        users={0: "user 1", 1: "user 2"},
        window="after measuring, and at its memory button",
        notes="older units pair without a passkey; the whole memory of both users at each contact, user after user",
    ),
    Model(
        model="Beurer, other cuffs with the standard service",
        driver="beurer-bm54",
        name=r"B[CM]\d{2}",
        bond="passkey",
        clock="current-time",
        users={0: "user 1", 1: "user 2"},
        window="after measuring",
        untested=True,
    ),
    Model(
        model="Microlife BP A6 BT and WatchBP Home A BT, SunTech, Welch Allyn Home 1700, Yuwell YE680A, boso medicus",
        driver="blood-pressure",
        bond="unknown",
        window="as the maker says",
        untested=True,
    ),
    Model(
        model="Omron HEM-7142T2, HEM-7143T1, HEM-7380T-EBK",
        driver="omron-hem-7142t2",
        name=r"BLE[Ss]mart_.*|HEM-714[23]T.*",
        bond="just-works",
        clock="on-the-device",
        window="after measuring, and at its Bluetooth button",
        notes="pairs with one host: the telephone is put out; a cuff that wants a token first tells nothing; models "
        "share names, the memory decides",
    ),
    Model(
        model="Omron HEM-7380T1",
        driver="omron-hem-7380t1",
        name=r"BLE[Ss]mart_.*|HEM-7380T1.*",
        bond="just-works",
        clock="on-the-device",
        users={0: "first memory", 1: "second memory"},
        window="after measuring, and at its Bluetooth button",
    ),
    Model(
        model="Omron HEM-7377T1 (BP5360)",
        driver="omron-hem-7377t1",
        name=r"BLE[Ss]mart_.*|HEM-7377T1.*",
        bond="just-works",
        clock="on-the-device",
        users={0: "first memory", 1: "second memory"},
        window="after measuring, and at its Bluetooth button",
        notes="the memories may not be the users of these numbers: try it out",
    ),
    # Scales.
    Model(
        model="A&D UC-352BLE",
        driver="and-uc352ble",
        name=r".*UC-352BLE.*",
        bond="just-works",
        clock="in-service",
        window=_AFTER,
    ),
    Model(
        model="Beurer BF105, BF500, BF600, BF720, BF850, BF950; Sanitas SBF72 to SBF77",
        driver="weight-scale",
        name=r"(?:Beurer )?BF\d{3}|SBF7\d",
        bond="unknown",
        clock="current-time",
        window="when stepped on",
        notes="tells nothing before a user of the scale has consented: options `user` and `consent`",
    ),
    Model(
        model="Xiaomi Mi Smart Scale",
        driver="mi-scale",
        name=r"MI[_ ]SCALE2?",
        bond="none",
        clock="unknown",
        window="some seconds, in its advertisements",
        notes="not a medical device; anybody's weight is told to everybody; its clock starts anew with a new battery",
    ),
    Model(
        model="Xiaomi Mi Body Composition Scale 2",
        driver="mi-body-composition-scale",
        name=r"MIBCS|MIBFS",
        bond="none",
        clock="unknown",
        window="some seconds, in its advertisements",
        notes="not a medical device; impedance only, no composition; its clock starts anew with a new battery",
    ),
    # Spirometers.
    Model(
        model="Contec SP10W",
        driver="contec-sp10w",
        bond="none",
        clock="in-session",
        window="while it is on",
        notes="nothing is ever deleted from it",
    ),
)

NOT_SUPPORTED = (
    NotSupported("MIR Spirobank Smart, Smart One", "closed: every public application uses the maker's binary kit"),
    NotSupported("Vitalograph asma-1 BT, copd-6 BT, Lung Monitor BT", "closed: no public description was found"),
    NotSupported("NuvoAir Air Next, Cohero, ndd, Sibelmed, Piko, SpiroKit-E", "no public description was found"),
    NotSupported("Contec SP10 and SP80B over USB", "no public description: the maker's binary kit only"),
    NotSupported("Serial spirometers", "none with a public wire format was found; the SP10 stream stands in"),
    NotSupported(
        "Peak flow over IEEE 11073-20601", "no agent to speak to: Health Device Profile and USB PHDC are not built"
    ),
    NotSupported("Masimo MightySat, its own service", "the maker's interface description is confidential"),
    NotSupported("Masimo Radical-7, Nellcor N-595, Datascope Accutorr", "hospital monitors, not for the home"),
    NotSupported("Wellue O2Ring, Checkme O2, SleepU", "they watch over nights, and give no spot reading; not built"),
    NotSupported("Wellue O2Ring-S", "another service than the O2Ring, which nobody has described"),
    NotSupported("Yuwell YX110", "the only reader that was found guesses where the values are"),
    NotSupported("ChoiceMMed, their own service; BCI/Smiths serial", "no public description was found"),
    NotSupported("Withings", "the maker's cloud only"),
    NotSupported("iHealth", "each device authenticates against the maker's kit"),
    NotSupported("Omron models that want a key or token", "it would have to be written into the cuff"),
    NotSupported(
        "Omron HN-300T2, HBF scales", "the transport of those cuffs, and no session without writing was found"
    ),
    NotSupported("Omron HBP-1300, HBP-9020, Colin", "no public description of their serial output was found"),
    NotSupported("Microlife and Omron over USB HID", "not a serial port; no need was shown"),
    NotSupported("A&D UA-767PBT-Ci, UC-321PBT", "Bluetooth Classic, and no public description was found"),
    NotSupported("A&D TM-2655, TM-2657", "the maker's interface manual was not at hand"),
    NotSupported("seca 360 wireless; seca 460 serial", "closed; and the order of its status bits is not known"),
    NotSupported(
        "Soehnle, Medisana, Xiaomi S400, QN/Renpho and other body fat scales", "consumer protocols of their own"
    ),
)


def suggest(name: str) -> tuple[Model, ...]:
    """The models that go by this name on the air."""
    return tuple(m for m in MODELS if m.name and re.fullmatch(m.name, name))
