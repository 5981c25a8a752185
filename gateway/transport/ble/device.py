"""A device the installer has put on the list: only these are ever connected to, or listened to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.api import BleDriver
from gateway.transport import Contact


@dataclass(frozen=True, slots=True)
class BleDevice:
    """A listed device: its Bluetooth address, how it is read, whom to tell, its options from the configuration.

    `known` are the facts an earlier run told of it.
    """

    address: str
    driver: BleDriver
    contact: Contact
    options: Mapping[str, object] = field(default_factory=dict)
    known: Mapping[str, object] = field(default_factory=dict)
